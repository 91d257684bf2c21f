"""Models on the command line: ``FILE.py:NAME``, a function in a file of the user."""

import ast
import contextlib
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from probekit.collecting import TaskFileError
from probekit.collecting.importing import described, import_file, place_of
from probekit.errors import OptionError, ProbekitError, UnknownNameError, suggestion

METAVAR = "FILE.py:NAME"
ARGUMENT = "A function of a Python file, or a value in it: what it gives is explained above."
EXPLANATION = """NAME is a function without arguments, or a value. It gives an extractor and its
inputs, and what else is needed: as a tuple (extractor, inputs, features, held_out, groups) that may
end early; as a dict with these keys; or as an object with these attributes. held_out is
(inputs, features) of other examples. An extractor of arrays needs no inputs."""


class Model(NamedTuple):
    """What a function of the user gives: a model, and the examples to probe it with."""

    extractor: Any
    inputs: Any = None
    features: Any = None
    held_out: Any = None
    groups: Any = None


_PARTS = Model._fields


class Source:
    """A function or value in a Python file.

    Parameters
    ----------
    address : str
        ``FILE.py:NAME``.

    Raises
    ------
    OptionError, UnknownNameError
        If there is no such file, or nothing of that name in it.
    TaskFileError
        If the file cannot be imported.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        file, _, self.name = address.rpartition(":")
        whole = bool(file and self.name)
        self.path = Path(file.removesuffix(":") if whole else address.rstrip(":"))
        self._check_path()
        if not whole:
            there = ", ".join(functions_of(self.path)[:10])
            end = f"; there are: {there}." if there else "."
            raise OptionError(f"{address}: which function? Name it: {METAVAR}{end}")
        module = import_file(self.path)
        if not hasattr(module, self.name):
            own = [
                name
                for name, value in vars(module).items()
                if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
            ]
            raise UnknownNameError(f"name in {self.path}:", self.name, own)
        self._value = getattr(module, self.name)

    def model(self, *arguments: Any) -> Model:
        """Return what it gives, called with these arguments if it is a function.

        Raises
        ------
        OptionError
            If it takes other arguments, or gives something else than an extractor and its examples.
        TaskFileError
            If it raises an exception, whose place is told.
        """
        value = self._value
        if callable(value) and not _is_extractor(value):
            self._check_arguments(value, arguments)
            with self.blamed(everything=True):
                value = value(*arguments)
        elif arguments:
            raise OptionError(f"{self.address}: is no function; --checkpoints needs one.")
        return self._checked(value)

    @contextlib.contextmanager
    def blamed(self, *, everything: bool = False) -> Iterator[None]:
        """Tell of exceptions that come from the user's file, in one line with their place.

        With `everything` those count as well that only pass through libraries.
        """
        try:
            yield
        except ProbekitError:
            raise
        except Exception as error:
            place = place_of(error, self.path)
            if not everything and ":" not in place.removeprefix(str(self.path)):
                raise
            raise TaskFileError(f"{place}: {described(error)}") from error

    def _check_path(self) -> None:
        if self.path.is_file() and self.path.suffix == ".py":
            return
        if self.path.exists():
            raise OptionError(f"{self.path}: is no Python file; give {METAVAR}.")
        folder = self.path.parent
        names = sorted(path.name for path in folder.glob("*.py")) if folder.is_dir() else []
        there = suggestion(self.path.name, names) if names else "."
        raise OptionError(f"{self.path}: there is no such file{there}")

    def _check_arguments(self, function: Any, arguments: tuple[Any, ...]) -> None:
        try:
            signature = inspect.signature(function)
        except ValueError:  # written in C
            return
        try:
            signature.bind(*arguments)
        except TypeError:
            given = "one argument, what a checkpoint holds" if arguments else "no arguments"
            raise OptionError(
                f"{self.address}: takes {signature}; it is called with {given}."
                + ("" if arguments else " --checkpoints DIR gives it what a checkpoint holds.")
            ) from None

    def _checked(self, value: Any) -> Model:
        parts = _parts(value)
        unknown = [str(name) for name in parts if name not in _PARTS]
        if unknown:
            raise UnknownNameError(f"key in what {self.address} gives:", unknown[0], _PARTS)
        if not _is_extractor(parts.get("extractor")):
            kind = type(parts.get("extractor", value)).__name__
            raise OptionError(
                f"{self.address}: gives a {kind} where an extractor belongs; make one, e.g. "
                "return probekit.extractors.linen(model, variables), inputs."
            )
        model = Model(**parts)
        if model.inputs is None and not getattr(model.extractor, "indexed", False):
            raise OptionError(f"{self.address}: gives no inputs; return extractor, inputs.")
        return model


def functions_of(path: Path) -> list[str]:
    """Return the functions that a file defines, without importing it."""
    try:
        body = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return []
    names = [node.name for node in body if isinstance(node, ast.FunctionDef)]
    return [name for name in names if not name.startswith("_")]


def _is_extractor(value: Any) -> bool:
    # A model can be called too, and may have a field `layers`, but no method of that name.
    return callable(value) and callable(getattr(value, "layers", None))


def _parts(value: Any) -> dict[Any, Any]:
    """Return what was given by its names; empty if it is nothing that has them."""
    if _is_extractor(value):
        return {"extractor": value}
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "extractor"):
        return {name: getattr(value, name) for name in _PARTS if hasattr(value, name)}
    if isinstance(value, tuple | list) and len(value) <= len(_PARTS):
        return dict(zip(_PARTS, value, strict=False))
    return {}
