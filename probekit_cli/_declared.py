"""Options that a command declares as the fields of a dataclass, and those that several share."""

import dataclasses
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from probekit.errors import OptionError
from probekit_cli._completing import estimators, layers, names_of
from probekit_cli._files import given_output
from probekit_cli._options import command_of, some_names

Options = TypeVar("Options")

Layers = Annotated[
    list[str] | None,
    typer.Option(
        "--layers",
        "-l",
        metavar="GLOB,…",
        help="Which layers to probe; all unless given.",
        callback=some_names,
        autocompletion=names_of(layers),
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a history that is there.")]
Json = Annotated[bool, typer.Option("--json", help="Write JSON.")]


def check_mode(*, overwrite: bool, resume: bool) -> None:
    """Raise `OptionError` if a history is to be replaced and to be gone on with."""
    if overwrite and resume:
        raise OptionError("--overwrite, --resume: contradict each other; give one of them.")


def output_option(
    text: str, *, metavar: str = "FILE", parser: Callable[[str | Path], Path] = given_output
) -> Any:
    """Return ``--output``; the text says of what kind, and where it goes unless given."""
    flags = "--output", "-o"
    return typer.Option(*flags, metavar=metavar, help=text, parser=parser, show_default=False)


def estimators_option(default: str) -> Any:
    """Return ``--estimators``; the text says which they are unless given."""
    return typer.Option(
        "--estimators",
        "-e",
        metavar="NAME,…",
        help="What to estimate, separated by commas, with options as in "
        f"\"rsa(comparison='kendall')\"; {default} unless given.",
        autocompletion=names_of(estimators),
    )


def command_with(
    options: type[Options], function: Callable[[Options], None]
) -> Callable[..., None]:
    """Return a command that has these options, and hands them to `function`.

    Parameters
    ----------
    options : type
        A dataclass whose fields are annotated as the parameters of a command are for typer.
    function : callable
        Gets an instance of it.
    """
    return command_of(lambda **given: function(options(**given)), declared(options))


def declared(options: Any) -> list[inspect.Parameter]:
    """Return the fields of such a dataclass as parameters of a command."""
    empty, by_name = inspect.Parameter.empty, inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(
            field.name,
            by_name,
            default=empty if field.default is dataclasses.MISSING else field.default,
            annotation=field.type,
        )
        for field in dataclasses.fields(options)
    ]
