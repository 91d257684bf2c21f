"""From the fields of a task's config to typed options of a command."""

import dataclasses
import enum
import inspect
import itertools
import os
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typer

from probekit.errors import OptionError, PluginError, one_line, suggestion
from probekit_cli._spelling import as_typed, flags_of, spellings

METAVARS: dict[type, str] = {int: "INTEGER", float: "NUMBER", str: "TEXT", Path: "PATH"}
KINDS: dict[type, str] = {int: "an integer", float: "a number", str: "a text", Path: "a path"}

_typer_option: Any = typer.Option  # its first flag stands in the place of a default


CONTEXT = inspect.Parameter("_context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
"""What a command is told of how it was called; no option."""


def was_given(context: typer.Context, name: str) -> bool:
    """Whether an option stands on the command line, rather than having its default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def choice(choices: Sequence[str], *flags: str, **settings: Any) -> Any:
    """Return an option that takes one of some words; for use in ``Annotated[str, choice(...)]``."""
    return _typer_option(*flags, **_choosing(_words(choices)), **settings)


def integer(*flags: str, **settings: Any) -> Any:
    """Return an option that takes a whole number."""
    return _typer_option(*flags, **_converting(int), **settings)


def number(*flags: str, **settings: Any) -> Any:
    """Return an option that takes a number."""
    return _typer_option(*flags, **_converting(float), **settings)


def choice_argument(choices: Sequence[str], **settings: Any) -> Any:
    """Return the same as an argument."""
    return typer.Argument(**_choosing(_words(choices)), **settings)


def separated(texts: Sequence[str] | None) -> list[str]:
    """Return what stands between commas in the values of an option.

    Examples
    --------
    >>> separated(["Dense_0, Dense_1", "logits"])
    ['Dense_0', 'Dense_1', 'logits']
    """
    parts = (part.strip() for text in texts or () for part in text.split(","))
    return [part for part in parts if part]


def whole_number(option: str, text: str) -> int:
    """Return the number that the value of an option, or a part of it, stands for.

    Raises
    ------
    OptionError
        If it is no whole number.
    """
    try:
        return int(text)
    except ValueError:
        raise OptionError(f"{option} {text}: is no whole number.") from None


def some_names(given: Any) -> Any:
    """Refuse a value that names nothing: whoever gives an option does not want what is without it.

    A callback of options whose values are names, whatever their number; so typer says of which.
    """
    for text in [given] if isinstance(given, str) else given or ():
        if not separated([text]):
            raise typer.BadParameter(f"{text!r} names nothing; give a name, or leave it out.")
    return given


RESERVED = frozenset({"task", "storage", "listeners"})
"""Arguments of `probekit.run` that are no options."""


def parameters_of(
    config: type, *, task: str, shared: Sequence[inspect.Parameter]
) -> list[inspect.Parameter]:
    """Return one parameter per field of a config, annotated for typer.

    Parameters
    ----------
    config : type
        A dataclass. Metadata of a field: ``help``, ``unit``, ``choices``.
    task : str
        For messages.
    shared : sequence of inspect.Parameter
        What the command itself takes.

    Raises
    ------
    PluginError
        If a field has a type that no option can have, or a name that is taken.
    """
    hints = _hints_of(config, task)
    names = RESERVED | {parameter.name for parameter in shared}
    own = ["--help", *itertools.chain.from_iterable(map(spellings, shared))]
    taken = dict.fromkeys(own, "'probekit run' itself")
    parameters = []
    for field in dataclasses.fields(config):
        if not field.init:
            continue
        parameter = _parameter(field, hints[field.name], task)
        clashes = [taken[flag] for flag in sorted({*spellings(parameter)}) if flag in taken]
        if field.name in names or clashes:
            whose = clashes[0] if clashes else "'probekit run' itself"
            raise PluginError(
                f"task {task!r}: its option {field.name!r} is one of {whose}; rename the field."
            )
        taken |= dict.fromkeys(spellings(parameter), f"{field.name!r} already")
        parameters.append(parameter)
    return parameters


def _hints_of(config: type, task: str) -> dict[str, Any]:
    if not (isinstance(config, type) and dataclasses.is_dataclass(config)):
        raise PluginError(f"task {task!r}: its Config is {config!r}; give a dataclass.")
    try:
        return get_type_hints(config)
    except Exception as error:
        raise PluginError(
            f"task {task!r}: the types of its options cannot be read "
            f"({type(error).__name__}: {one_line(error)})."
        ) from error


def command_of(
    function: Callable[..., None], parameters: Sequence[inspect.Parameter]
) -> Callable[..., None]:
    """Return a function of these parameters, as typer reads them off a signature.

    `function` gets what was given; a tuple option comes as a tuple of its elements. Of its errors
    the command says which options they are about.
    """
    flags = flags_of(parameters)
    splitters = {p.name: getattr(p.annotation, "__metadata__", ())[1:] for p in parameters}

    def command(**values: Any) -> None:
        for name, (split,) in ((name, found) for name, found in splitters.items() if found):
            values[name] = split(values[name])
        with as_typed(flags):
            function(**values)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


def _parameter(field: "dataclasses.Field[Any]", hint: Any, task: str) -> inspect.Parameter:
    """Return the parameter of a field; a second annotation says how to split a tuple's text."""
    kind, optional = _without_none(hint)
    flag = "--" + field.name.strip("_").replace("_", "-")
    default = _default(field)
    words = _words(field.metadata.get("choices") or _values(kind))
    settings: dict[str, Any] = {"help": _help(field.metadata), "show_default": default is not None}
    if kind is bool:
        flag = f"{flag}/--no-{flag.removeprefix('--')}"
        return _option(field.name, bool | None if optional else bool, flag, default, settings)
    if words and get_origin(kind) is not tuple:
        settings |= _choosing(words)
        default = next((word for word, value in words.items() if value == default), default)
        return _option(field.name, str | None if optional else str, flag, default, settings)
    if kind in METAVARS:
        settings |= _converting(kind)
        return _option(field.name, kind | None if optional else kind, flag, default, settings)
    element, length = _element(kind)
    if element is None:
        raise _unusable(task, field.name, hint)
    split = _Splitter(element, words, length)
    metavar = "|".join(words) or METAVARS[element]
    settings["metavar"] = ",".join([metavar] * length) if length else f"{metavar},…"
    settings["callback"] = split.check
    if default in ((), None):
        default, settings["show_default"] = None, False
    elif default is not inspect.Parameter.empty:
        default = [",".join(map(str, default))]
    return _option(field.name, list[str] | None, flag, default, settings, split)


def _option(
    name: str, kind: Any, flag: str, default: Any, settings: dict[str, Any], *more: Any
) -> inspect.Parameter:
    annotation = Annotated[(kind, typer.Option(flag, **settings), *more)]
    by_name = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, by_name, default=default, annotation=annotation)


def _values(kind: Any) -> tuple[Any, ...]:
    """Return all values of a type that has few."""
    if get_origin(kind) is Literal:
        return get_args(kind)
    return tuple(kind) if isinstance(kind, type) and issubclass(kind, enum.Enum) else ()


def _words(values: Iterable[Any]) -> dict[str, Any]:
    """Return values by what stands for them on a command line."""
    return {_word(value): value for value in values}


def _word(value: Any) -> str:
    if not isinstance(value, enum.Enum):
        return str(value)
    return value.value if isinstance(value.value, str) else value.name.lower()


def _choosing(words: Mapping[str, Any]) -> dict[str, Any]:
    def parse(value: Any) -> Any:
        return _converted(value, str, words)

    return {
        "parser": parse,
        "metavar": "|".join(words),
        "autocompletion": lambda incomplete: [c for c in words if c.startswith(incomplete)],
    }


def _converting(kind: type) -> dict[str, Any]:
    def parse(value: Any) -> Any:
        # typer takes defaults through here too, and a text may well be empty.
        return value if kind is str else _converted(value, kind)

    return {"parser": parse, "metavar": METAVARS[kind]}


@dataclasses.dataclass(frozen=True)
class _Splitter:
    """Turns ``["64,64", "32"]`` into ``(64, 64, 32)``; a `length` of 0 is any."""

    element: type
    words: Mapping[str, Any]
    length: int = 0

    def __call__(self, values: Sequence[str] | None) -> tuple[Any, ...] | None:
        if not values:
            return None
        parts = [part.strip() for value in values for part in value.split(",")]
        if self.length not in (0, len(parts)):
            raise typer.BadParameter(f"{','.join(parts)!r}: {self.length} values are needed.")
        return tuple(_converted(part, self.element, self.words) for part in parts)

    def check(self, values: list[str] | None) -> list[str] | None:
        """Complain while typer still knows which option it is."""
        self(values)
        return values


def _converted(value: Any, kind: type, words: Mapping[str, Any] | None = None) -> Any:
    """Return a word of the command line as what it stands for; a default is that already."""
    if not isinstance(value, str):
        return value
    if words:
        if value not in words:
            raise typer.BadParameter(f"{value!r} is not a choice{suggestion(value, words)}")
        return words[value]
    if not value and kind in (str, Path):
        raise typer.BadParameter(f"'' is empty; give {KINDS[kind]}.")
    try:
        return Path(os.path.expanduser(value)) if kind is Path else kind(value)
    except ValueError:
        raise typer.BadParameter(f"{value!r} is not {KINDS[kind]}.") from None


def _element(kind: Any) -> tuple[type | None, int]:
    """Return the type of a tuple's elements if options can have it, and how many (0: any)."""
    arguments = get_args(kind)
    if get_origin(kind) is not tuple or not arguments or arguments[0] not in METAVARS:
        return None, 0
    if arguments[1:] == (Ellipsis,):
        return arguments[0], 0
    return (arguments[0], len(arguments)) if len({*arguments}) == 1 else (None, 0)


def _default(field: "dataclasses.Field[Any]") -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return inspect.Parameter.empty  # the user has to give it


def _help(metadata: Mapping[str, Any]) -> str:
    unit = metadata.get("unit", "")
    return str(metadata.get("help", "")) + (f" In {unit}." if unit else "")


def _without_none(hint: Any) -> tuple[Any, bool]:
    """Return the type itself and whether None is allowed too."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint, False
    others = [part for part in get_args(hint) if part is not type(None)]
    return (others[0], True) if len(others) == 1 else (hint, False)


def _unusable(task: str, name: str, hint: Any) -> PluginError:
    text = hint.__name__ if isinstance(hint, type) else str(hint)
    return PluginError(
        f"task {task!r}: its option {name!r} has the type {text}; use int, float, str, bool, "
        "Path, an Enum, Literal[...] or tuple[int, ...], where None may be allowed too."
    )
