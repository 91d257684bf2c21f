"""What typer has to say of a command line, in one line: what was given, and what to do about it."""

import difflib
import re
from typing import Any

import typer

CannotBeUsed: Any = typer.BadParameter.__mro__[1]
"""What typer raises for a command line that cannot be; it has no public name for it."""


def complaint(error: Any) -> str:
    """Return the message of such an error as one line, in the words of our own errors."""
    command = error.ctx.command_path if error.ctx else "probekit"
    look = f"'{command} --help' shows"
    match type(error).__name__:
        case "NoSuchOption":
            near = _near(error)
            asked = f"; did you mean {' or '.join(near)}?" if near else "."
            return f"{error.option_name}: no such option{asked} {look} all."
        case "BadOptionUsage" if "requires" in error.message:
            return f"{error.option_name}: no value was given; give one after it."
        case "BadOptionUsage":
            return f"{error.option_name}: takes no value; leave out what follows it."
        case "MissingParameter":
            return f"{_name(error)}: is missing; {look} what it is."
        case "BadParameter":
            name = "" if error.param is None or _is_choice_argument(error) else _name(error)
            return _sentence(f"{name}: {error.message}" if name else error.message)
    extra = re.fullmatch(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", error.message)
    if extra:
        return f"{extra[1]!r}: more than {command!r} takes; leave it out. {look} what it takes."
    return _sentence(error.format_message())


def is_help(error: Any) -> bool:
    """Whether it is no complaint, but the help that a command without arguments shows."""
    return type(error).__name__ == "NoArgsIsHelpError"


def _near(error: Any) -> list[str]:
    """Return the options of the command that are spelt much alike."""
    given = error.option_name
    options = error.ctx.command.get_params(error.ctx) if error.ctx else ()
    flags = [flag for each in options for flag in (*each.opts, *each.secondary_opts)]
    names = [flag for flag in flags if flag.startswith("--")]
    holding = [name for name in names if len(given) > 4 and name.startswith(given)]
    return difflib.get_close_matches(given, names) or holding[:3]


def _name(error: Any) -> str:
    """Return what people call an option (its longest flag) or an argument."""
    if error.param is None:
        return "argument"
    if error.param.param_type_name == "argument":
        return str(error.param.metavar or error.param.name)
    return str(max(error.param.opts, key=len))


def _is_choice_argument(error: Any) -> bool:
    """Whether the name of an argument is the list of what it may be; the message says it better."""
    return error.param.param_type_name == "argument" and "|" in (error.param.metavar or "")


def _sentence(text: str) -> str:
    line = " ".join(text.split())
    return line if line.endswith((".", "?")) else f"{line}."
