"""Estimators on the command line: ``linear_r2,rsa(metric='euclidean')``."""

import ast
import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from probekit.errors import IN_ESTIMATOR, OptionError, ProbekitError, UnknownNameError, one_line
from probekit.plugins import Registry

_ITEM = re.compile(r"([\w-]+)\s*(?:\((.*)\))?", re.DOTALL)


class Named(NamedTuple):
    """An estimator by its registered name, with the options that were given."""

    name: str
    options: dict[str, Any]

    def build(self, registry: Registry) -> Any:
        """Return an instance; this imports the estimator.

        Raises
        ------
        UnknownNameError
            If it has no such option.
        OptionError
            If an option cannot have this value.
        """
        target = registry.load("estimator", self.name)
        if not isinstance(target, type):
            if self.options:
                raise OptionError(f"estimators: {self.name!r} is an instance and takes no options.")
            return target
        known = [name for name in inspect.signature(target).parameters if name != "self"]
        for option in self.options:
            if option not in known:
                raise UnknownNameError(f"option of estimator {self.name!r}:", option, known)
        try:
            return target(**self.options)
        except ProbekitError as error:
            error.add_note(f"{IN_ESTIMATOR}{self.name}")
            raise
        except (TypeError, ValueError) as error:  # how a stranger's refuses what it is given
            raise OptionError(f"estimators: {self.name}(…): {one_line(error)}.") from error


def parse(texts: Iterable[str], registry: Registry) -> list[Named]:
    """Return what was asked for; nothing is imported, but every name is checked.

    Parameters
    ----------
    texts : iterable of str
        Each is one or more items separated by commas: a name, or a name with options as Python
        writes keyword arguments. Values are literals, ``true`` or ``false``; any other bare word is
        text, since shells eat quotes.
    registry : Registry

    Raises
    ------
    UnknownNameError
        If an estimator is not registered.
    OptionError
        If the text cannot be read.

    Examples
    --------
    >>> registry = Registry()
    >>> registry.estimator("rsa", "somewhere:RSA")
    >>> parse(["rsa(metric=cosine, examples=64)"], registry)
    [Named(name='rsa', options={'metric': 'cosine', 'examples': 64})]
    """
    named = [_named(item.strip()) for text in texts for item in _items(text)]
    for estimator in named:
        registry.entry("estimator", estimator.name)
    return named


def _items(text: str) -> Iterator[str]:
    """Yield what stands between commas that are in no brackets and no quotes."""
    begin, depth, quote = 0, 0, ""
    for place, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif character == "," and depth == 0:
            yield text[begin:place]
            begin = place + 1
    yield text[begin:]


def _named(item: str) -> Named:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise OptionError(
            f"estimators: cannot read {item!r}; give names separated by commas, or "
            "name(option=value)."
        )
    name, arguments = match.groups()
    return Named(name, _options(item, arguments or ""))


def _options(item: str, arguments: str) -> dict[str, Any]:
    """Read keyword arguments; nothing in them is evaluated but literals."""
    try:
        call = ast.parse(f"call({arguments})", mode="eval").body
    except (SyntaxError, ValueError):
        call = None
    names = [keyword.arg for keyword in call.keywords] if isinstance(call, ast.Call) else [None]
    if not isinstance(call, ast.Call) or call.args or None in names or len({*names}) < len(names):
        raise OptionError(f"estimators: cannot read {item!r}; write options as name=value.")
    return {str(keyword.arg): _value(item, keyword) for keyword in call.keywords}


def _value(item: str, keyword: ast.keyword) -> Any:
    if isinstance(keyword.value, ast.Name):
        word = keyword.value.id
        return {"true": True, "false": False}.get(word, word)
    try:
        return ast.literal_eval(keyword.value)
    except ValueError:
        raise OptionError(
            f"estimators: {item!r}: the value of {keyword.arg!r} must be a number, a text in "
            "quotes, True, False, None, or a tuple of these."
        ) from None
