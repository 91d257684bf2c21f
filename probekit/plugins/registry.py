"""What is registered, by kind and name; listing it imports nothing."""

import importlib
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from probekit.errors import PluginError, UnknownNameError

Kind = Literal["estimator", "extractor", "task"]
KINDS: tuple[Kind, ...] = ("task", "estimator", "extractor")


class Entry(NamedTuple):
    """One thing that was registered.

    Attributes
    ----------
    kind, name : str
    target : str or object
        ``"module:attribute"``, or the thing itself.
    summary : str
        One line for lists.
    plugin : str
        Name of the plugin that registered it.
    """

    kind: Kind
    name: str
    target: Any
    summary: str
    plugin: str

    def load(self) -> Any:
        """Return the thing, imported now if it was named only.

        Raises
        ------
        PluginError
            If it cannot be imported.
        """
        if not isinstance(self.target, str):
            return self.target
        module, _, attribute = self.target.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            if self.plugin == BUILTIN:
                raise  # a missing extra says so itself, and anything else is a bug
            raise PluginError(
                f"{self.kind} {self.name!r} of plugin {self.plugin!r}: cannot import "
                f"{self.target!r} ({error}). Mend the plugin, or leave it out with "
                f"-p no:{self.plugin}."
            ) from error


BUILTIN = "builtin"
"""Name of the plugin that registers what comes with probekit."""


class Registry:
    """Estimators, extractors and tasks by name.

    Examples
    --------
    >>> registry = Registry()
    >>> registry.estimator("my_probe", "my_package.probes:MyProbe", summary="explains all")
    >>> registry.names("estimator")
    ('my_probe',)
    """

    def __init__(self) -> None:
        self._entries: dict[tuple[Kind, str], Entry] = {}
        self._plugin = BUILTIN

    def estimator(self, name: str, target: Any, *, summary: str = "") -> None:
        """Register an estimator class under a name."""
        self.add("estimator", name, target, summary)

    def extractor(self, name: str, target: Any, *, summary: str = "") -> None:
        """Register a function that returns an extractor."""
        self.add("extractor", name, target, summary)

    def task(self, name: str, target: Any, *, summary: str = "") -> None:
        """Register a task."""
        self.add("task", name, target, summary)

    def add(self, kind: Kind, name: str, target: Any, summary: str) -> None:
        """Register a thing of this kind.

        Raises
        ------
        PluginError
            If another plugin has registered this name, or the target is no ``"module:attribute"``.
        """
        if isinstance(target, str) and not all(target.partition(":")):
            raise PluginError(
                f"{kind} {name!r} of plugin {self._plugin!r}: target {target!r}; "
                "give 'module:attribute' or the object itself."
            )
        other = self._entries.get((kind, name))
        if other is not None and other.plugin != self._plugin:
            raise PluginError(
                f"{kind} {name!r}: registered by plugin {other.plugin!r} and by plugin "
                f"{self._plugin!r}. Rename one, or leave one out with -p no:NAME."
            )
        self._entries[kind, name] = Entry(kind, name, target, summary, self._plugin)

    def entries(self, kind: Kind) -> tuple[Entry, ...]:
        """Return what is registered of a kind, in order of registration."""
        return tuple(entry for entry in self._entries.values() if entry.kind == kind)

    def names(self, kind: Kind) -> tuple[str, ...]:
        """Return the names of a kind."""
        return tuple(entry.name for entry in self.entries(kind))

    def entry(self, kind: Kind, name: str) -> Entry:
        """Return what is registered under a name.

        Raises
        ------
        UnknownNameError
            If there is nothing; the message offers near matches.
        """
        try:
            return self._entries[kind, name]
        except KeyError:
            hint = f"'probekit list {kind}s' shows all."
            raise UnknownNameError(kind, name, self.names(kind), hint) from None

    def load(self, kind: Kind, name: str) -> Any:
        """Return what is registered under a name, imported now."""
        return self.entry(kind, name).load()

    def remove(self, plugin: str) -> None:
        """Forget what a plugin has registered."""
        self._entries = {k: entry for k, entry in self._entries.items() if entry.plugin != plugin}

    def of_plugin(self, plugin: str) -> "Registry":
        """Return the registry as it is handed to a plugin: what is added bears its name."""
        view = Registry()
        view._entries, view._plugin = self._entries, plugin
        return view

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))
