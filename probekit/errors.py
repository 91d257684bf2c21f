"""The errors and warnings of probekit: one family, each message one line.

A message names the argument, what was given, and what would be right. Every child also inherits the
built-in exception that a Python user would catch. The command line shows a `ProbekitError` as one
line; anything else is a bug and keeps its traceback.
"""

import dataclasses
import difflib
from collections.abc import Iterable
from typing import Any


@dataclasses.dataclass(frozen=True)
class Argument:
    """An argument and its value in the message of an error: ``epochs=-1``.

    Where it is an option of the command line, that tells it as one: ``--epochs -1``.

    Parameters
    ----------
    name : str
        As Python has it, with underscores.
    value : object
        Shown by its repr.

    Examples
    --------
    >>> print(OptionError(Argument("epochs", -1), ": must be at least 0."))
    epochs=-1: must be at least 0.
    """

    name: str
    value: Any

    def __str__(self) -> str:
        return f"{self.name}={self.value!r}"


class ProbekitError(Exception):
    """Base of everything that probekit raises on purpose.

    Parameters
    ----------
    *args : str or Argument
        The message, in pieces.
    """

    # Both its own, as some built-in exceptions have other ideas of what several arguments are.
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.args = args

    def __str__(self) -> str:
        return "".join(map(str, self.args))


class _Worded(ProbekitError):
    """An error that is not made of its message, but words it.

    Another process makes it again of its message, or could not.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return _with_message, (type(self), self.args), vars(self)


def _with_message(kind: type[_Worded], args: tuple[Any, ...]) -> _Worded:
    error = kind.__new__(kind, *args)
    error.args = args
    return error


class OptionError(ProbekitError, ValueError):
    """An option or argument has a value that cannot be used."""


class ShapeError(OptionError):
    """Arrays whose shapes or dtypes do not fit what was asked of them."""


class UnknownNameError(_Worded, LookupError):
    """A name that is not registered; the message offers near matches.

    Parameters
    ----------
    kind : str
        What was looked for: ``"estimator"``, ``"task"``, ``"layer"``, …
    name : str
        The name that was given.
    known : iterable of str
        The names there are.
    hint : str
        Where to look further, appended to the message.

    Examples
    --------
    >>> print(UnknownNameError("estimator", "liner_r2", ["linear_r2", "cka"]))
    unknown estimator 'liner_r2'; did you mean 'linear_r2'?
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        message = f"unknown {kind} {name!r}{suggestion(name, known)}"
        super().__init__(f"{message} {hint}" if hint else message)


class HistoryError(ProbekitError, OSError):
    """A history file that cannot be read or written."""


class HistoryExistsError(HistoryError, FileExistsError):
    """A history is there already, and neither overwriting nor resuming was asked for."""


class HistoryLockedError(HistoryError):
    """Another process is writing this history."""


class DivergedError(ProbekitError, ArithmeticError):
    """A training run whose loss is no longer finite."""


class OutOfMemoryError(ProbekitError, MemoryError):
    """What was asked for does not fit into memory."""


class MissingExtraError(_Worded, ImportError):
    """An optional dependency is not installed.

    Parameters
    ----------
    package : str
        Whose import failed.
    extra : str
        Of probekit, that brings it.
    needed_for : str
        What needs it, in the plural: the message begins so.

    Examples
    --------
    >>> print(MissingExtraError("matplotlib", extra="plot", needed_for="figures"))
    figures need matplotlib, which is not installed; pip install 'probekit[plot]' brings it.
    """

    def __init__(self, package: str, *, extra: str, needed_for: str) -> None:
        super().__init__(
            f"{needed_for} need {package}, which is not installed; "
            f"pip install 'probekit[{extra}]' brings it."
        )


class PluginError(ProbekitError):
    """A plugin that cannot be loaded or breaks the rules of registration."""


class ProbekitWarning(UserWarning):
    """Base of everything that probekit warns about."""


class ScoreWarning(ProbekitWarning):
    """A score is undefined (NaN), or a mean over units of which some are constant.

    The message names the layer, the estimator and the reason.
    """


class OptimismWarning(ProbekitWarning):
    """Scores are of the examples that a probe was fitted to, and high whatever these are."""


class PluginWarning(ProbekitWarning):
    """A plugin failed; probekit goes on without it."""


IN_ESTIMATOR = "in estimator "
"""How a note begins that says which estimator an exception comes from."""


def told(error: BaseException) -> str:
    """Return the message of an error and, where it comes from an estimator, from which.

    Parameters
    ----------
    error : BaseException
        Whose notes are looked at too.

    Examples
    --------
    >>> error = ShapeError("x: 3 examples; at least 5 are needed.")
    >>> error.add_note(IN_ESTIMATOR + "Mine(folds=5)")
    >>> told(error)
    'x: 3 examples; at least 5 are needed (in estimator Mine(folds=5)).'
    """
    text = str(error)
    for note in getattr(error, "__notes__", ()):
        if note.startswith(IN_ESTIMATOR):
            end = "." if text.endswith(".") else ""
            text = f"{text.removesuffix('.')} ({note}){end}"
    return text


def one_line(error: BaseException) -> str:
    r"""Return the text of an error of somebody else in one line.

    Parameters
    ----------
    error : BaseException
        One without a text gives none.

    Examples
    --------
    >>> one_line(ValueError("no such table\n  in line 3\n"))
    'no such table; in line 3'
    """
    lines = str(error).splitlines()
    return "; ".join(line.strip() for line in lines if line.strip())


def suggestion(name: str, known: Iterable[str]) -> str:
    """End of an error message about `name`: near matches, or else the names there are.

    Parameters
    ----------
    name : str
        What was given.
    known : iterable of str
        What might have been meant; of more than ten the first ten are shown.

    Examples
    --------
    >>> suggestion("xr", ["and", "or", "xor"])
    "; did you mean 'xor'?"
    >>> suggestion("nand", [])
    '; there are none.'
    >>> suggestion("CKA", ["linear_r2", "cka"]), suggestion("lin", ["linear_r2", "cka"])
    ("; did you mean 'cka'?", "; did you mean 'linear_r2'?")
    """
    known = list(dict.fromkeys(known))
    near = difflib.get_close_matches(name, known, n=3) or _holding(name, known)
    if near:
        return f"; did you mean {' or '.join(map(repr, near))}?"
    if not known:
        return "; there are none."
    shown = ", ".join(known[:10]) + (", …" if len(known) > 10 else "")
    return f"; there are: {shown}."


def _holding(name: str, known: list[str]) -> list[str]:
    """Return the names that a shorter one, whatever its case, is a part of; if they are few."""
    found = [each for each in known if len(name) > 2 and name.lower() in each.lower()]
    return found if len(found) <= 3 else []
