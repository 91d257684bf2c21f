"""Globs over the paths of layers."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from probekit.errors import Argument, OptionError, suggestion


def match(
    names: Iterable[str], patterns: str | Sequence[str], *, argument: str = "layers"
) -> tuple[str, ...]:
    """Return the layers that a glob matches, or one of several, in their own order.

    Parameters
    ----------
    names : iterable of str
        The paths of the layers there are.
    patterns : str or sequence of str
        ``*`` stands for anything within one part of a path, ``?`` for one character, ``**`` for
        any number of parts. Several globs may be in one string, separated by commas.
    argument : str
        What errors call the patterns.

    Raises
    ------
    OptionError
        If a glob matches no layer; the message lists the layers. If one is no string.

    Examples
    --------
    >>> match(["Dense_0", "block/Dense_1", "block/Dense_2"], "**/Dense_*")
    ('Dense_0', 'block/Dense_1', 'block/Dense_2')
    >>> match(["Dense_0", "block/Dense_1"], "Dense_*")
    ('Dense_0',)
    """
    names = tuple(names)
    chosen: set[str] = set()
    for glob in patterns_of(patterns, argument=argument):
        expression = _expression(glob)
        found = [name for name in names if expression.fullmatch(name)]
        if not found:
            raise OptionError(Argument(argument, glob), f": matches none of {_listed(glob, names)}")
        chosen.update(found)
    if not chosen:
        raise OptionError(
            Argument(argument, patterns), ": no pattern; give one, e.g. '**' for all."
        )
    return tuple(name for name in names if name in chosen)


def patterns_of(layers: str | Sequence[str], *, argument: str = "layers") -> tuple[str, ...]:
    """Return the globs that were given, those of one string one by one.

    Raises
    ------
    OptionError
        If they are no strings.

    Examples
    --------
    >>> patterns_of("Dense_0, block/**"), patterns_of(["Dense_*"])
    (('Dense_0', 'block/**'), ('Dense_*',))
    """
    several = layers.split(",") if isinstance(layers, str) else layers
    given = tuple(several) if isinstance(several, Iterable) else (several,)
    if not all(isinstance(glob, str) for glob in given):
        raise OptionError(
            Argument(argument, layers), ": give a glob, e.g. '**' for all, or a list of globs."
        )
    return tuple(glob.strip() for glob in given)


def check_names(argument: str, names: Iterable[Any]) -> None:
    """Raise `OptionError` if a layer has a name that is no string, such as its number."""
    for name in names:
        if not isinstance(name, str):
            raise OptionError(
                f"{argument}: a layer is named {name!r}, a {type(name).__name__}; "
                f"name it by a string, e.g. 'layer_{name}'."
            )


def _expression(glob: str) -> re.Pattern[str]:
    """Translate a glob into a regular expression."""
    pieces = {"**/": r"(?:.*/)?", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    return re.compile("".join(pieces.get(part, re.escape(part)) for part in parts))


def _listed(glob: str, names: Sequence[str]) -> str:
    if len(names) <= 10:
        return f"{', '.join(names)}."
    return f"{', '.join(names[:10])}, …{suggestion(glob, names) if '*' not in glob else '.'}"
