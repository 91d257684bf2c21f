"""Calls of hooks in which no plugin can do harm: an exception is reported, the rest are called.

The order is pluggy's: last registered first, ``tryfirst`` and ``trylast`` as they say, wrappers
around all.
"""

import warnings
from collections.abc import Callable, Generator
from typing import Any

import pluggy

from probekit.errors import PluginWarning, suggestion


class HookRelay:
    """The hooks of a manager as attributes; calling one calls every plugin that implements it."""

    def __init__(self, manager: pluggy.PluginManager, describe: Callable[[str], str]) -> None:
        self._manager, self._describe = manager, describe

    def __getattr__(self, name: str) -> "GuardedCall":
        caller = getattr(self._manager.hook, name, None)
        if caller is None or not caller.has_spec():
            known = sorted(hook for hook in dir(self._manager.hook) if hook.startswith("probekit_"))
            raise AttributeError(f"unknown hook {name!r}{suggestion(name, known)}")
        return GuardedCall(caller, self._describe)


class GuardedCall:
    """One hook, ready to be called.

    Parameters
    ----------
    caller : pluggy.HookCaller
    describe : callable
        What to call a plugin in a message, given its name.
    """

    def __init__(self, caller: pluggy.HookCaller, describe: Callable[[str], str]) -> None:
        self._caller, self._describe = caller, describe

    def __call__(self, **arguments: Any) -> list[Any]:
        """Call all implementations; return their results that are not None.

        An exception becomes a `PluginWarning`. `KeyboardInterrupt` and `SystemExit` go through.
        """
        results: list[Any] = []
        open_wrappers: list[tuple[pluggy.HookImpl, Generator[None, list[Any], Any]]] = []
        for implementation in reversed(self._caller.get_hookimpls()):
            given = self._arguments(implementation, arguments)
            try:
                result: Any = implementation.function(*given)
                if implementation.wrapper:
                    next(result)
                    open_wrappers.append((implementation, result))
                elif result is not None:
                    results.append(result)
            except Exception as error:
                self._report(implementation, error)
        for implementation, generator in reversed(open_wrappers):
            try:
                results = _resumed(generator, results)
            except Exception as error:
                self._report(implementation, error)
        return results

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
        warnings.warn(
            f"{self._describe(implementation.plugin_name)}: {self._caller.name} raised "
            f"{type(error).__name__}: {error} ({frame.filename}:{frame.lineno}); "
            "probekit goes on without it.",
            PluginWarning,
            stacklevel=4,
        )


def _resumed(generator: Generator[None, list[Any], Any], results: list[Any]) -> list[Any]:
    """Let a wrapper go on after its ``yield``; what it returns, if a list, replaces the results."""
    try:
        generator.send(results)
    except StopIteration as stop:
        return stop.value if isinstance(stop.value, list) else results
    raise RuntimeError("a wrapper must yield exactly once")
