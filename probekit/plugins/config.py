"""Settings of a project: ``[tool.probekit]`` in its ``pyproject.toml``, or ``PROBEKIT_…``.

A variable of the environment comes before the file, and the command line before both. Nothing is
imported that the settings name.
"""

import dataclasses
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from probekit.errors import OptionError, UnknownNameError

FILE, TABLE = "pyproject.toml", "tool.probekit"


@dataclasses.dataclass(frozen=True)
class Key:
    """A setting there is.

    Attributes
    ----------
    default : str or tuple of str
        Its type is the type that the setting has.
    variable : str
        What it is called in the environment.
    help : str
    """

    default: str | tuple[str, ...]
    variable: str
    help: str


KEYS: Mapping[str, Key] = {
    "output": Key("", "PROBEKIT_OUTPUT", "folder for the histories of 'probekit run'"),
    "plugins": Key((), "PROBEKIT_PLUGINS", "plugins to load, or to leave out with no:NAME"),
    "estimators": Key((), "PROBEKIT_ESTIMATORS", "what 'probekit run' estimates"),
    "plot_style": Key("", "PROBEKIT_PLOT_STYLE", "matplotlib style of 'probekit plot'"),
}
"""All settings by name."""


@dataclasses.dataclass(frozen=True)
class Setting:
    """The value of a setting, and where it is from.

    Attributes
    ----------
    value : str or tuple of str
    source : str
        ``FILE:LINE``, a variable of the environment, or ``default``.
    """

    value: str | tuple[str, ...]
    source: str

    @property
    def text(self) -> str:
        """The value as one text; several parts are joined by commas."""
        return self.value if isinstance(self.value, str) else ",".join(self.value)


@dataclasses.dataclass(frozen=True)
class Config:
    """The settings that hold in a folder; each is a `Setting`, under the names in `KEYS`."""

    settings: Mapping[str, Setting]
    file: Path | None = None

    def __getitem__(self, name: str) -> Setting:
        return self.settings[name]

    @property
    def plugins(self) -> tuple[str, ...]:
        """Requests for plugins, in the words of ``-p``."""
        value = self.settings["plugins"].value
        assert isinstance(value, tuple), "its default is a tuple"
        return value


def read_config(folder: Path | None = None, environment: Mapping[str, str] | None = None) -> Config:
    """Read the settings that hold in a folder.

    Parameters
    ----------
    folder : Path, optional
        The current one unless given. The nearest ``pyproject.toml`` above it that has a table
        ``[tool.probekit]`` is read.
    environment : mapping, optional

    Raises
    ------
    OptionError
        If the file cannot be read, or a value has the wrong type: naming file and line.
    UnknownNameError
        If it has a key that there is not.

    Examples
    --------
    >>> read_config(Path("/"), {"PROBEKIT_OUTPUT": "histories"})["output"]
    Setting(value='histories', source='PROBEKIT_OUTPUT')
    """
    environment = os.environ if environment is None else environment
    settings = {name: Setting(key.default, "default") for name, key in KEYS.items()}
    file, table, text = _nearest(Path.cwd() if folder is None else folder)
    for name, value in table.items():
        assert file is not None, "there is no table without a file"
        settings[name] = _checked(name, value, f"{_shown(file)}:{_line_of(name, text)}", file)
    for name, key in KEYS.items():
        if given := environment.get(key.variable, "").strip():
            is_text = isinstance(key.default, str)
            settings[name] = Setting(given if is_text else _split(given), key.variable)
    return Config(settings, file)


def _nearest(folder: Path) -> tuple[Path | None, dict[str, Any], str]:
    """Return the file, its table and its text; a file without the table is passed by."""
    import tomllib

    folder = folder.resolve()
    for place in (folder, *folder.parents):
        file = place / FILE
        try:
            text = file.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise OptionError(f"{_shown(file)}: cannot be read: {error}.") from error
        if "probekit" not in text:  # most are somebody else's, and need not be parsed
            continue
        try:
            tool = tomllib.loads(text).get("tool", {})
        except tomllib.TOMLDecodeError as error:
            raise OptionError(f"{_shown(file)}: is no TOML: {error}.") from error
        table = tool.get("probekit") if isinstance(tool, dict) else None
        if isinstance(table, dict):
            return file, table, text
    return None, {}, ""


def _checked(name: str, value: Any, place: str, file: Path) -> Setting:
    if name not in KEYS:
        raise UnknownNameError(f"key in [{TABLE}] ({place}):", name, KEYS)
    default = KEYS[name].default
    if isinstance(default, str):
        if not isinstance(value, str):
            raise OptionError(f"{place}: {name}={value!r}: is no text; write it in quotes.")
        if name == "output" and value:  # relative to the project, wherever one stands in it
            return Setting(_shown(file.parent / os.path.expanduser(value)), place)
        return Setting(value, place)
    parts = _split(value) if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise OptionError(f'{place}: {name}={value!r}: is no list of texts, as in ["a", "b"].')
    return Setting(tuple(parts), place)


def _split(text: str) -> tuple[str, ...]:
    """Return what stands between commas that are in no parentheses."""
    parts = re.split(r",(?![^(]*\))", text)
    return tuple(part.strip() for part in parts if part.strip())


def _line_of(name: str, text: str) -> int:
    """Return the line in which a key of the table stands; that of the table if it is not found."""
    inside, table = False, 1
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip().startswith("["):
            header = line.partition("#")[0].strip("[] \t")
            inside = header.replace('"', "").replace(" ", "") == TABLE
            table = number if inside else table
        elif inside and re.match(rf"""\s*["']?{re.escape(name)}["']?\s*[.=]""", line):
            return number
    return table


def _shown(path: Path) -> str:
    """Return a path from the current folder, if it is below it."""
    path = path.resolve()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
