"""Selecting tasks by an expression, as pytest's ``-k`` does."""

import re
from collections.abc import Callable, Sequence

from probekit.errors import OptionError

Matcher = Callable[[str], bool]

_TOKEN = re.compile(r"\(|\)|[^\s()]+")


def matcher(expression: str) -> Matcher:
    """Return a function that tells whether a node id is selected.

    Words are parts of the node id, in upper or lower case; they are joined by ``and``, ``or``,
    ``not`` and parentheses. The empty expression selects everything.

    Raises
    ------
    OptionError
        If the expression cannot be read.

    Examples
    --------
    >>> selects = matcher("xor and not (small or tiny)")
    >>> selects("probes/probe_XOR.py::large"), selects("probes/probe_xor.py::small")
    (True, False)
    """
    reader = _Reader(expression)
    if not reader.tokens:
        return lambda node: True
    found = reader.disjunction()
    if reader.next is not None:
        raise reader.unexpected("'and' or 'or'")
    return lambda node: found(node.lower())


class _Reader:
    """Reads an expression from left to right; a method for each rule of the grammar."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        self.tokens: Sequence[str] = _TOKEN.findall(expression)
        self.place = 0

    @property
    def next(self) -> str | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def take(self, token: str) -> bool:
        taken = self.next == token
        self.place += taken
        return taken

    def disjunction(self) -> Matcher:
        parts = [self.conjunction()]
        while self.take("or"):
            parts.append(self.conjunction())
        return lambda node: any(part(node) for part in parts)

    def conjunction(self) -> Matcher:
        parts = [self.negation()]
        while self.take("and"):
            parts.append(self.negation())
        return lambda node: all(part(node) for part in parts)

    def negation(self) -> Matcher:
        if self.take("not"):
            inner = self.negation()
            return lambda node: not inner(node)
        if self.take("("):
            inner = self.disjunction()
            if not self.take(")"):
                raise self.unexpected("')'")
            return inner
        word = self.next
        if word is None or word in (")", "and", "or"):
            raise self.unexpected("a word")
        self.place += 1
        return lambda node: word.lower() in node

    def unexpected(self, wanted: str) -> OptionError:
        found = "the end" if self.next is None else repr(self.next)
        return OptionError(f"-k {self.expression!r}: {found} where {wanted} should be.")
