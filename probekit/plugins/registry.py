"""The registry: which estimators, tasks and extractors there are, under which names, from whom.

Targets are kept as ``"module:attribute"`` text, so that listing imports none of them.
"""

import contextlib
import importlib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from probekit.errors import PluginError, ProbekitError, UnknownNameError, one_line, suggestion

KINDS = ("task", "estimator", "extractor")
ESTIMATOR_KINDS = ("encoding", "decoding", "similarity", "geometry")

_NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
_TARGET = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


class NameTakenError(PluginError):
    """Two plugins want one name; to prefer either would be arbitrary."""


class Origin(NamedTuple):
    """Who registers: a plugin, and the distribution that it came with.

    Attributes
    ----------
    plugin : str
        Name of the plugin.
    distribution, version : str
        Of the installed package; empty if the plugin came with none.
    """

    plugin: str
    distribution: str = ""
    version: str = ""

    def __str__(self) -> str:
        came_with = " ".join(filter(None, (self.distribution, self.version)))
        return f"plugin {self.plugin!r}" + (f" ({came_with})" if came_with else "")


class Entry(NamedTuple):
    """One registered name.

    Attributes
    ----------
    kind : {"task", "estimator", "extractor"}
    name : str
    target : str or object
        ``"module:attribute"``, or the thing itself.
    summary : str
        One line for lists.
    plugin, distribution, version : str
        Who registered it; see `Origin`.
    estimator_kind : str
        Of an estimator, if it is known without an import: ``"encoding"``, ``"decoding"``, …
    """

    kind: str
    name: str
    target: Any
    summary: str
    plugin: str
    distribution: str
    version: str
    estimator_kind: str = ""

    @property
    def origin(self) -> Origin:
        """Who registered it."""
        return Origin(self.plugin, self.distribution, self.version)


class Registry:
    """Names of tasks, estimators and extractors.

    Attributes
    ----------
    current : Origin or None
        Which plugin is registering at the moment.

    Examples
    --------
    >>> registry = Registry()
    >>> registry.estimator("root", "math:sqrt", summary="An example.")
    >>> registry.names("estimator")
    ('root',)
    >>> registry.load("estimator", "root")(9.0)
    3.0
    """

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], Entry] = {}
        self.current: Origin | None = None

    def task(self, name: str, target: Any, *, summary: str = "") -> None:
        """Register a task: a class with the attributes of `probekit.tasks.Task`.

        Parameters
        ----------
        name : str
            Words in lower case, joined by ``-`` or ``_``: what ``probekit run`` is given.
        target : str or object
            ``"module:attribute"``, imported on first use, or the class itself.
        summary : str
            One line for ``probekit list``.

        Raises
        ------
        PluginError
            If the name is taken, or name, target or summary cannot be used.
        """
        self._add("task", name, target, summary)

    def estimator(self, name: str, target: Any, *, summary: str = "", kind: str = "") -> None:
        """Register an estimator: a class that can be built without arguments.

        Parameters
        ----------
        name : str
            In lower case, e.g. ``"linear_r2"``.
        target : str or object
            ``"module:attribute"``, imported on first use, or the class itself.
        summary : str
            One line for ``probekit list``.
        kind : str
            For ``probekit list`` too: ``"encoding"``, ``"decoding"``, ``"similarity"`` or
            ``"geometry"``. A class that is given itself says it already.

        Raises
        ------
        PluginError
            If the name is taken, or name, target, summary or kind cannot be used.
        """
        if kind and kind not in ESTIMATOR_KINDS:
            where = f"{self._origin}: estimator name={name!r}"
            raise PluginError(f"{where}: kind={kind!r}{suggestion(str(kind), ESTIMATOR_KINDS)}")
        own = kind or getattr(target, "kind", "")
        self._add("estimator", name, target, summary, own if own in ESTIMATOR_KINDS else "")

    def extractor(self, name: str, target: Any, *, summary: str = "") -> None:
        """Register an extractor: a function that makes one from a model.

        Parameters
        ----------
        name : str
            In lower case, e.g. ``"my_framework"``: what `load` and ``probekit list`` know it by.
        target : str or object
            ``"module:attribute"``, imported on first use, or the function itself.
        summary : str
            One line for ``probekit list``.

        Raises
        ------
        PluginError
            If the name is taken, or name, target or summary cannot be used.
        """
        self._add("extractor", name, target, summary)

    def names(self, kind: str) -> tuple[str, ...]:
        """Return the registered names of a kind, in alphabetical order.

        Parameters
        ----------
        kind : {"task", "estimator", "extractor"}

        Raises
        ------
        UnknownNameError
            If there is no such kind.
        """
        return tuple(entry.name for entry in self.entries(kind))

    def entries(self, kind: str) -> tuple[Entry, ...]:
        """Return what is registered of a kind, in alphabetical order; nothing is imported.

        Parameters
        ----------
        kind : {"task", "estimator", "extractor"}

        Raises
        ------
        UnknownNameError
            If there is no such kind.
        """
        _check_kind(kind)
        found = (entry for entry in self._entries.values() if entry.kind == kind)
        return tuple(sorted(found, key=lambda entry: entry.name))

    def entry(self, kind: str, name: str) -> Entry:
        """Return what is registered under a name; nothing is imported.

        Parameters
        ----------
        kind : {"task", "estimator", "extractor"}
        name : str

        Raises
        ------
        UnknownNameError
            If the name is not registered; it offers near matches.
        """
        _check_kind(kind)
        try:
            return self._entries[kind, name]
        except KeyError:
            hint = f"'probekit list {kind}s' shows all."
            raise UnknownNameError(kind, name, self.names(kind), hint) from None

    def load(self, kind: str, name: str) -> Any:
        """Return the class or function under a name; imports it if need be.

        Parameters
        ----------
        kind : {"task", "estimator", "extractor"}
        name : str

        Returns
        -------
        object
            What was registered, or the attribute that it was registered as.

        Raises
        ------
        UnknownNameError
            If the name is not registered.
        PluginError
            If the target cannot be imported.
        """
        entry = self.entry(kind, name)
        if not isinstance(entry.target, str):
            return entry.target
        module, _, attribute = entry.target.partition(":")
        try:
            found: Any = importlib.import_module(module)
            for part in attribute.split("."):
                found = getattr(found, part)
        except ProbekitError:  # it says itself what is missing, e.g. an extra
            raise
        except Exception as error:
            raise PluginError(
                f"{kind} {name!r} of {entry.origin}: cannot import {entry.target!r} "
                f"({type(error).__name__}: {one_line(error)})."
            ) from error
        return found

    @contextlib.contextmanager
    def registering(self, origin: Origin) -> Iterator[None]:
        """Enter what is registered meanwhile under this origin; undo it after an error.

        Parameters
        ----------
        origin : Origin
            The plugin that registers, as messages and lists name it.
        """
        before, self.current = self.current, origin
        entries = dict(self._entries)
        try:
            yield
        except BaseException:
            self._entries = entries
            raise
        finally:
            self.current = before

    def remove(self, plugin: str) -> None:
        """Forget everything that a plugin has registered.

        Parameters
        ----------
        plugin : str
            Its name; one that has registered nothing changes nothing.
        """
        self._entries = {
            key: entry for key, entry in self._entries.items() if entry.plugin != plugin
        }

    @property
    def _origin(self) -> Origin:
        return self.current or Origin("__main__")

    def _add(
        self, kind: str, name: str, target: Any, summary: str, estimator_kind: str = ""
    ) -> None:
        origin = self._origin
        _check(f"{origin}: {kind} name={name!r}", name, target, summary)
        entry = Entry(kind, name, target, summary, *origin, estimator_kind)
        other = self._entries.get((kind, name))
        if other is not None and not _is_redefinition(other, entry):
            raise NameTakenError(_taken(other, entry))
        self._entries[kind, name] = entry


def _check(where: str, name: Any, target: Any, summary: Any) -> None:
    """Raise `PluginError` if something cannot be registered like this."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise PluginError(f"{where}: must be lower-case words joined by '_' or '-'.")
    if isinstance(target, str) and not _TARGET.fullmatch(target):
        raise PluginError(f"{where}: target={target!r}; it must read 'package.module:attribute'.")
    if not isinstance(target, str) and not callable(target):
        raise PluginError(
            f"{where}: target={target!r}; it must be 'package.module:attribute', a class or a "
            "function."
        )
    if not isinstance(summary, str) or "\n" in summary:
        raise PluginError(f"{where}: summary={summary!r}; it must be one line of text.")


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise UnknownNameError("kind", kind, KINDS)


def _is_redefinition(old: Entry, new: Entry) -> bool:
    """Whether a notebook's cell was run again: the same class of the same module, defined anew."""

    def address(entry: Entry) -> tuple[Any, ...]:
        parts = (getattr(entry.target, part, None) for part in ("__module__", "__qualname__"))
        return (entry.plugin, *parts)

    if isinstance(old.target, str) or isinstance(new.target, str):
        return False
    return address(old) == address(new)


def _taken(old: Entry, new: Entry) -> str:
    what = f"{new.kind} {new.name!r}"
    if old.plugin == new.plugin:
        return f"{what} is registered twice by {new.origin}; rename one of them."
    return (
        f"{what} is registered by {old.origin} and by {new.origin}; "
        "rename it, or switch one plugin off with '-p no:NAME'."
    )
