"""From the fields of a task's config to typed options of a command."""

import dataclasses
import inspect
import types
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typer

from probekit.errors import PluginError

SCALARS = (int, float, str)
METAVARS = {int: "INTEGER", float: "NUMBER", str: "TEXT"}


def parameters_of(config: type, *, task: str, reserved: frozenset[str]) -> list[inspect.Parameter]:
    """Return one parameter per field of a config, annotated for typer.

    Parameters
    ----------
    config : type
        A dataclass. Metadata of a field: ``help``, ``unit``, ``choices``, ``least``.
    task : str
        For messages.
    reserved : frozenset of str
        Names that the command itself uses.

    Raises
    ------
    PluginError
        If a field has a type that no option can have, or a name that is reserved.
    """
    hints = get_type_hints(config)
    parameters = []
    for field in dataclasses.fields(config):
        if not field.init:
            continue
        if field.name in reserved:
            raise PluginError(
                f"task {task!r}: its option {field.name!r} is one of 'probekit run' itself; "
                "rename the field."
            )
        parameters.append(_parameter(field, hints[field.name], task))
    return parameters


def _parameter(field: "dataclasses.Field[Any]", hint: Any, task: str) -> inspect.Parameter:
    kind, optional = _without_none(hint)
    flag = "--" + field.name.replace("_", "-")
    settings: dict[str, Any] = {"help": _help(field.metadata), "show_default": True}
    default = _default(field)
    if get_origin(kind) is tuple:
        return _tuple_parameter(field, get_args(kind), default, task, flag, settings)
    if kind is bool:
        flag = f"{flag}/--no-{flag.removeprefix('--')}"
    elif get_origin(kind) is Literal:
        settings["show_choices"] = True
    elif kind in SCALARS:
        if choices := field.metadata.get("choices"):
            kind = Literal[tuple(choices)]
        elif kind is not str and (least := field.metadata.get("least")) is not None:
            settings["min"] = least
    else:
        raise _unusable(task, field.name, hint)
    if default is None:
        settings["show_default"] = False
    if kind in METAVARS:
        settings["metavar"] = METAVARS[kind]
    annotation = kind | None if optional else kind
    return _option(field.name, annotation, flag, default, settings)


def _tuple_parameter(
    field: "dataclasses.Field[Any]",
    arguments: tuple[Any, ...],
    default: Any,
    task: str,
    flag: str,
    settings: dict[str, Any],
) -> inspect.Parameter:
    """Return an option that takes values separated by commas and may be repeated."""
    if len(arguments) != 2 or arguments[1] is not Ellipsis or arguments[0] not in SCALARS:
        raise _unusable(task, field.name, field.type)
    element = arguments[0]
    settings["metavar"] = f"{METAVARS[element]},…"
    settings["callback"] = _splitter(element, field.metadata.get("choices"))
    shown = [",".join(map(str, default))] if default else None
    settings["show_default"] = bool(shown)
    return _option(field.name, list[str] | None, flag, shown, settings)


def _splitter(element: type, choices: Any) -> Callable[[list[str] | None], tuple[Any, ...] | None]:
    """Return what turns ``["64,64", "32"]`` into ``(64, 64, 32)``."""

    def split(values: list[str] | None) -> tuple[Any, ...] | None:
        if not values:
            return None
        return tuple(_converted(p.strip(), element, choices) for v in values for p in v.split(","))

    return split


def _converted(text: str, element: type, choices: Any) -> Any:
    if choices and text not in choices:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(map(repr, choices))}.")
    if not text:
        raise typer.BadParameter("empty value; separate values by single commas.")
    try:
        return element(text)
    except ValueError:
        kind = {int: "integer", float: "float"}.get(element, element.__name__)
        raise typer.BadParameter(f"{text!r} is not a valid {kind}.") from None


def _option(
    name: str, annotation: Any, flag: str, default: Any, settings: dict[str, Any]
) -> inspect.Parameter:
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[annotation, typer.Option(flag, **settings)],
    )


def command_of(
    function: Callable[..., None], parameters: list[inspect.Parameter]
) -> Callable[..., None]:
    """Return a function of these parameters, as typer reads them off a signature."""

    def command(**values: Any) -> None:
        function(**values)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


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
        f"task {task!r}: its option {name!r} has the type {text}; use int, float, str, bool, a "
        "Literal, a tuple of one of these (tuple[int, ...]), or one of them with '| None'."
    )
