"""How commands end: exit codes by error and by signal, and what to type to go on."""

import contextlib
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from probekit.errors import OptionError, ProbekitError, UnknownNameError
from probekit.plugins import hookimpl

FAILED, USAGE = 1, 2
OTHERS = ("SIGTERM", "SIGHUP")


class Stopped(KeyboardInterrupt):
    """A signal asked to stop: as Ctrl-C, but the exit code tells which."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Asked:
    """A listener that remembers a signal, and stops the run if the first interrupt got lost.

    An exception that a signal raises while a library's C code looks at Python objects is sometimes
    dropped there without a word, and the run would go on to its end.
    """

    def __init__(self) -> None:
        self._number: int | None = None
        self._is_importing = False

    def stop(self, number: int, frame: FrameType | None) -> None:
        """Raise `Stopped`, now or soon: what the signal's handler does."""
        self._number = number
        if not self._is_importing:
            raise Stopped(number)

    @contextlib.contextmanager
    def importing(self) -> Iterator[None]:
        """Stop after what is imported in this block, not within.

        Some libraries in C++ end the process, and say much, if an exception comes while they start.
        """
        self._is_importing = True
        try:
            yield
        finally:
            self._is_importing = False
        self.probekit_chunk_finished()

    def interrupt(self) -> KeyboardInterrupt:
        """Return what was raised, if something else was made of it."""
        return KeyboardInterrupt() if self._number is None else Stopped(self._number)

    @hookimpl
    def probekit_chunk_finished(self) -> None:
        """Raise it if it is still to be raised: the first one got lost."""
        if self._number is not None:
            raise Stopped(self._number)


@contextlib.contextmanager
def signals_as_interrupts() -> Iterator[Asked]:
    """Treat SIGTERM and SIGHUP as Ctrl-C, so that files are left in order.

    Within another such block this is the one around: what came before is remembered.
    """
    numbers = [signal.SIGINT, *(getattr(signal, name) for name in OTHERS if hasattr(signal, name))]
    for handler in map(signal.getsignal, numbers):
        if isinstance(around := getattr(handler, "__self__", None), Asked):
            yield around
            return
    asked, before = Asked(), {}
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        before[int(signal.SIGINT)] = signal.signal(signal.SIGINT, asked.stop)
    for number in numbers[1:]:
        # A signal that is ignored (as under nohup) stays ignored.
        if signal.getsignal(number) is signal.SIG_DFL:
            before[number] = signal.signal(number, asked.stop)
    try:
        with _lost_ones_untold():
            yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _lost_ones_untold() -> Iterator[None]:
    """Write no traceback of an interrupt that came where none can be raised, as in a collection.

    `Asked` remembers it.
    """
    tell = sys.unraisablehook

    def tell_of_others(unraisable: "sys.UnraisableHookArgs") -> None:
        if not isinstance(unraisable.exc_value, Stopped):
            tell(unraisable)

    sys.unraisablehook = tell_of_others
    try:
        yield
    finally:
        sys.unraisablehook = tell


def exit_code(reason: BaseException) -> int:
    """Return what the process ends with.

    2 for what was asked for and cannot be, 1 for other errors; for a signal 128 + its number, as
    shells do: 130 for Ctrl-C, 143 for SIGTERM.
    """
    if isinstance(reason, KeyboardInterrupt):
        return 128 + (reason.number if isinstance(reason, Stopped) else signal.SIGINT)
    assert isinstance(reason, ProbekitError), "others are bugs and keep their traceback"
    return USAGE if isinstance(reason, OptionError | UnknownNameError) else FAILED


def program() -> str:
    """Return how to call this program again: as it was called, if it is not on the path."""
    called = sys.argv[0]
    found = shutil.which("probekit")
    if Path(called).stem != "probekit" or (found and Path(found).samefile(called)):
        return "probekit"
    return called


def resuming(typed: Sequence[str]) -> str:
    """Return the command that goes on with what this one has begun.

    Examples
    --------
    >>> resuming(["run", "my-task", "--overwrite", "--layers", "Dense_*"])
    "probekit run my-task --layers 'Dense_*' --resume"
    """
    import shlex

    words = [word for word in typed if word not in ("--overwrite", "--resume")]
    return shlex.join([program(), *words, "--resume"])
