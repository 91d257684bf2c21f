"""Errors in the words of the command line: ``--epochs -1`` where Python has ``epochs=-1``."""

import ast
import contextlib
import inspect
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from typer.models import OptionInfo

from probekit.errors import IN_ESTIMATOR, ProbekitError

Flags = Mapping[str, tuple[str, ...]]
"""For the name of an option how it is spelt; of a switch also how it is switched off."""

_VALUE = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\([^()]*\)|[-+\w.]*\w"""
"""As Python writes texts, tuples, numbers and words; lists are from files, typed by no one."""


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
    """Have our errors name the options of a command as one types them.

    What an estimator says is of its own options, which may have the same names.
    """
    try:
        yield
    except ProbekitError as error:
        if not any(note.startswith(IN_ESTIMATOR) for note in getattr(error, "__notes__", ())):
            error.args = (retold(str(error), flags),)
        raise


def retold(text: str, flags: Flags) -> str:
    """Return a message with options in place of the arguments of the same name.

    What stands in a call, such as the repr of an estimator, is left alone.

    Examples
    --------
    >>> flags = {"batch_size": ("--batch-size",), "names": ("--names",)}
    >>> retold("batch_size=-1.0: must be at least 1.", flags)
    '--batch-size -1: must be at least 1.'
    >>> retold("names='a b': no such name; Mine(names=2) has", flags)
    "--names 'a b': no such name; Mine(names=2) has"
    """
    if not flags or f"({IN_ESTIMATOR}" in text:
        return text
    names = "|".join(map(re.escape, flags))

    def typed(found: re.Match[str]) -> str:
        before = text[: found.start()]
        if before.count("(") > before.count(")"):  # in a call
            return found[0]
        (on, *off), value = flags[found[1]], found[2]
        if value in ("True", "False", "None"):
            return on if value == "True" else off[0] if off and value == "False" else f"no {on}"
        return f"{on} {_typed(value)}"

    found, count = re.subn(rf"(?<![\w.-])({names})=({_VALUE})", typed, text)
    return found.replace("or None ", "or left out ") if count else text


def _typed(value: str) -> str:
    """Return a value that Python writes like this as one types it.

    Examples
    --------
    >>> [_typed(text) for text in ("-1.0", "1e-05", "(8, 0)", "'xor'", "()")]
    ['-1', '1e-05', '8,0', 'xor', "''"]
    """
    try:
        found = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value
    parts = found if isinstance(found, tuple) else [found]
    texts = (str(p).removesuffix(".0") if isinstance(p, float) else str(p) for p in parts)
    return shlex.quote(",".join(texts))
