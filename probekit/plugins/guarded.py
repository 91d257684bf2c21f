"""Calls of hooks in which no plugin can do harm: an exception is reported, the rest are called.

The order is pluggy's: last registered first, ``tryfirst`` and ``trylast`` as they say, wrappers
around all.
"""

import contextlib
import warnings
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pluggy

from probekit.errors import PluginWarning, one_line, suggestion


class HookRelay:
    """The hooks of a manager as attributes; calling one calls every plugin that implements it."""

    def __init__(
        self,
        manager: pluggy.PluginManager,
        describe: Callable[[str], str],
        told: set[tuple[str, str]] | None = None,
    ) -> None:
        self._manager, self._describe, self._told = manager, describe, told

    def telling_once(self, told: set[tuple[str, str]]) -> "HookRelay":
        """Return the same hooks, which tell of a plugin's hook that fails but once.

        Parameters
        ----------
        told : set of (str, str)
            Plugins and hooks of which something was told; those that fail are added.
        """
        return HookRelay(self._manager, self._describe, told)

    def __getattr__(self, name: str) -> "GuardedCall":
        caller = getattr(self._manager.hook, name, None)
        if caller is None or not caller.has_spec():
            known = sorted(hook for hook in dir(self._manager.hook) if hook.startswith("probekit_"))
            raise AttributeError(f"unknown hook {name!r}{suggestion(name, known)}")
        return GuardedCall(caller, self._describe, self._told)


class GuardedCall:
    """One hook, ready to be called.

    Parameters
    ----------
    caller : pluggy.HookCaller
    describe : callable
        What to call a plugin in a message, given its name.
    told : set of (str, str), optional
        Plugins and hooks whose failures are told no more.
    """

    def __init__(
        self,
        caller: pluggy.HookCaller,
        describe: Callable[[str], str],
        told: set[tuple[str, str]] | None = None,
    ) -> None:
        self._caller, self._describe, self._told = caller, describe, told

    def __call__(self, **arguments: Any) -> Any:
        """Call all implementations; return their results that are not None.

        Of a hook whose specification says ``firstresult`` those after the first result are not
        called, and it alone is returned, or None. An exception becomes a `PluginWarning`;
        `KeyboardInterrupt` and `SystemExit` go through.
        """
        return self.checked(_as_it_is, **arguments)

    def checked(self, check: Callable[[Any], Any], /, **arguments: Any) -> Any:
        """Call all implementations; return what `check` makes of their results.

        What `check` raises becomes a `PluginWarning` about the plugin that returned the result.
        """
        results: list[Any] = []
        open_wrappers: list[tuple[pluggy.HookImpl, Generator[None, Any, Any]]] = []
        for implementation in reversed(self._caller.get_hookimpls()):
            given = self._arguments(implementation, arguments)
            try:
                result: Any = implementation.function(*given)
                if implementation.wrapper:
                    next(result)
                    open_wrappers.append((implementation, result))
                    continue
            except Exception as error:
                self._report(implementation, error)
                continue
            if result is not None:
                with self._refused(implementation):
                    results.append(check(result))
            if results and self._first_only:
                break
        outcome: Any = next(iter(results), None) if self._first_only else results
        for implementation, generator in reversed(open_wrappers):
            try:
                outcome = _resumed(generator, outcome)
            except Exception as error:
                self._report(implementation, error)
        return outcome

    @property
    def _first_only(self) -> bool:
        spec = self._caller.spec
        return spec is not None and bool(spec.opts["firstresult"])

    def _arguments(self, implementation: pluggy.HookImpl, arguments: dict[str, Any]) -> list[Any]:
        """Return those that an implementation takes; one that the caller forgot is his mistake."""
        for name in implementation.argnames:
            if name not in arguments:
                raise TypeError(f"{self._caller.name}: missing argument {name!r}")
        return [arguments[name] for name in implementation.argnames]

    def _report(self, implementation: pluggy.HookImpl, error: Exception) -> None:
        """Warn of an exception; a warning that is made an error by a filter goes through."""
        import traceback

        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{frame.filename}:{frame.lineno}"
        self._warn(implementation, f" raised {type(error).__name__}: {one_line(error)} ({place});")

    @contextlib.contextmanager
    def _refused(self, implementation: pluggy.HookImpl) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._warn(implementation, f": {error}")

    def _warn(self, implementation: pluggy.HookImpl, complaint: str) -> None:
        which = implementation.plugin_name, self._caller.name
        if self._told is not None:
            if which in self._told:
                return
            self._told.add(which)
        plugin = self._describe(implementation.plugin_name)
        warnings.warn(
            f"{plugin}: {self._caller.name}{complaint} probekit goes on without it.",
            PluginWarning,
            stacklevel=5,
        )


def _as_it_is(result: Any) -> Any:
    return result


def _resumed(generator: Generator[None, Any, Any], outcome: Any) -> Any:
    """Let a wrapper go on after its ``yield``; what it returns, if anything, replaces the outcome.

    A list of results is replaced by nothing but a list.
    """
    try:
        generator.send(outcome)
    except StopIteration as stop:
        fits = not isinstance(outcome, list) or isinstance(stop.value, list)
        return stop.value if fits and stop.value is not None else outcome
    raise RuntimeError("a wrapper must yield exactly once")
