"""The entry point ``probekit``: arguments in, exit code out.

0: done. 1: the run failed. 2: it was asked for in a way that cannot be. 130: Ctrl-C.
"""

import atexit
import errno
import functools
import io
import os
import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from typing import NoReturn, TextIO

from probekit.errors import OptionError, ProbekitError, ProbekitWarning, one_line, told
from probekit.plugins import Switches, get_manager
from probekit.plugins.config import read_config
from probekit_cli._endings import FAILED, USAGE, Asked, exit_code, signals_as_interrupts
from probekit_cli._terminal import aside, leave

_OF_OUTPUT = (errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""What writing to the terminal's place can fail with; our own files say which they are."""

_OF_NAMES = {
    errno.ENAMETOOLONG: "the name is too long",
    errno.EACCES: "no permission to look there",
}
"""What asking for a file can fail with, wherever that is first done."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _open_what_is_closed()
    _write_what_is_understood()
    code = FAILED
    try:
        with warnings.catch_warnings(), signals_as_interrupts() as asked:
            _show_warnings_in_one_line()
            code = _command_line(given, asked)
            sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        _leave_output()
        code = 0
    except ProbekitError as error:
        print(f"probekit: {told(error)}", file=sys.stderr)
        code = exit_code(error)
    except OSError as error:
        if error.filename is not None and error.errno in _OF_NAMES:
            print(f"probekit: {error.filename}: {_OF_NAMES[error.errno]}.", file=sys.stderr)
            sys.exit(USAGE)
        if error.filename is not None or error.errno not in _OF_OUTPUT:
            raise
        reason = os.strerror(error.errno)
        print(f"probekit: the output could not be written: {reason}.", file=sys.stderr)
        _leave_output()
        code = FAILED
    except MemoryError as error:
        reason = one_line(error) or "nothing is left"
        print(f"probekit: the memory is too small: {reason}.", file=sys.stderr)
        code = FAILED
    except KeyboardInterrupt as interrupt:
        print("probekit: stopped.", file=sys.stderr)
        code = exit_code(interrupt)
    _end_in_peace()
    sys.exit(code)


def plugin_requests(arguments: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Take all ``-p NAME`` out of the arguments, wherever they stand.

    They decide which commands and options there are, so they come before anything else.

    Examples
    --------
    >>> plugin_requests(["run", "-p", "mine", "my-task", "-pno:progress"])
    (('mine', 'no:progress'), ['run', 'my-task'])
    """
    requests, rest = [], []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word == "-p":
            name = next(words, None)
            if name is None:
                raise OptionError("-p: no name; give a plugin, or no:NAME to leave one out.")
            requests.append(name)
        elif word.startswith("-p"):
            requests.append(word.removeprefix("-p"))
        else:
            rest.append(word)
    return tuple(requests), rest


def _command_line(arguments: list[str], asked: Asked) -> int:
    with asked.importing():
        requests, rest = plugin_requests(arguments)
        manager = get_manager(_switches().with_requests(requests))
        from probekit_cli._complaints import CannotBeUsed, complaint, is_help
        from probekit_cli._completing import last_word_alone, let_shell_be_named, words_so_far
        from probekit_cli.app import arranged, build

        completing = words_so_far()
        let_shell_be_named(rest)
        rest = arranged(rest, manager.registry)
        app = build(manager, [*rest, *completing], typed=arguments)
    try:
        with last_word_alone():
            code = app(args=rest, prog_name="probekit", standalone_mode=False)
        if code == exit_code(KeyboardInterrupt()):  # what typer makes of any that nobody told of
            raise asked.interrupt()
    except SystemExit as done:  # how completion ends, with the code, and what was interrupted
        if isinstance(done.__context__, BrokenPipeError):  # typer's own answer would be 1
            raise done.__context__ from None
        code = done.code
    except CannotBeUsed as error:
        if is_help(error):
            error.show()
        else:
            print(f"probekit: {complaint(error)}", file=sys.stderr)
        return USAGE
    return code if isinstance(code, int) else 0


def _switches() -> Switches:
    """Return what file and environment say of plugins; the variable comes before the file."""
    return Switches.from_environment().with_requests(read_config().plugins)


def _show_warnings_in_one_line() -> None:
    """Show our own warnings as we show errors, each once; others as Python does."""
    warnings.simplefilter("always", ProbekitWarning)
    default, shown = warnings.showwarning, set[str]()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if not issubclass(category, ProbekitWarning):
            default(message, category, filename, lineno, file, line)
        elif str(message) not in shown:
            shown.add(str(message))
            aside(f"probekit: warning: {message}")

    warnings.showwarning = show


def _open_what_is_closed() -> None:
    """Send output nowhere if we were started without any, as by ``>&-``; Python has None there."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115


def _write_what_is_understood() -> None:
    """Write ? for what the encoding of the terminal has not, as ± in ASCII, rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


@functools.cache
def _end_in_peace() -> None:
    """End at once on Ctrl-C while the interpreter ends: who presses it twice wants no traceback.

    Threads are waited for before anything else is done, such as one in which XLA compiles what
    nobody wants any more; interrupted in that, Python would abort. All files are in order by now.
    Registered last, it is called first; other commands in this process are not affected.
    """
    threading._register_atexit(_end_on_interrupt)  # type: ignore[attr-defined]
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)


def _end_on_interrupt() -> None:
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, lambda *_: os._exit(exit_code(KeyboardInterrupt())))


def _leave_output() -> None:
    """Send the rest of the output nowhere."""
    for stream in (sys.stdout, sys.stderr):
        leave(stream)
