"""Errors in the words of the command line: ``--epochs -1`` where Python has ``epochs=-1``."""

import contextlib
import inspect
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from typer.models import OptionInfo

from probekit.errors import IN_ESTIMATOR, Argument, ProbekitError

Flags = Mapping[str, tuple[str, ...]]
"""For the name of an option how it is spelt; of a switch also how it is switched off."""


def spellings(parameter: inspect.Parameter) -> list[str]:
    """Return all that an option of the command line is called; nothing for an argument."""
    (option, *_) = getattr(parameter.annotation, "__metadata__", (None,))
    if not isinstance(option, OptionInfo):
        return []
    declared: list[Any] = [option.default, *(option.param_decls or ())]
    flags = [flag for flag in declared if isinstance(flag, str) and flag.startswith("-")]
    found = [part for flag in flags for part in flag.split("/")]
    if not any(flag.startswith("--") for flag in flags):
        found.append("--" + parameter.name.replace("_", "-"))
    return found


def flags_of(parameters: Iterable[inspect.Parameter]) -> dict[str, tuple[str, ...]]:
    """Return the long spellings of the options of a command."""
    flags = {
        parameter.name: tuple(flag for flag in spellings(parameter) if flag.startswith("--"))
        for parameter in parameters
    }
    return {name: long for name, long in flags.items() if long}


@contextlib.contextmanager
def as_typed(flags: Flags) -> Iterator[None]:
    """Have our errors name the options of a command as one types them."""
    try:
        yield
    except ProbekitError as error:
        respell(error, flags)
        raise


def respell(error: BaseException, flags: Flags) -> None:
    """Put options in place of the arguments that a message of ours names.

    What an estimator says is of its own options, which may have the same names.
    """
    notes = getattr(error, "__notes__", ())
    if isinstance(error, ProbekitError) and not any(n.startswith(IN_ESTIMATOR) for n in notes):
        error.args = tuple(
            typed(piece.value, flags[piece.name])
            if isinstance(piece, Argument) and piece.name in flags
            else piece
            for piece in error.args
        )


def typed(value: Any, flags: tuple[str, ...]) -> str:
    """Return an option and its value as one types them.

    Examples
    --------
    >>> [typed(value, ("--names",)) for value in ("a b", (8, 0), 2.0, 1e-05, None)]
    ["--names 'a b'", '--names 8,0', '--names 2', '--names 1e-05', 'no --names']
    >>> typed(True, ("--deep", "--no-deep")), typed(False, ("--deep", "--no-deep"))
    ('--deep', '--no-deep')
    """
    on, *off = flags
    if value is True:
        return on
    if value is None or value is False:
        return off[0] if off and value is False else f"no {on}"
    parts = value if isinstance(value, tuple | list) else [value]
    texts = (str(p).removesuffix(".0") if isinstance(p, float) else str(p) for p in parts)
    return f"{on} {shlex.quote(','.join(texts))}"
