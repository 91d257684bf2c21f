"""How XLA compiles: programs that run once or twice cost more to compile than to run."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import numpy as np

Options = dict[str, bool | int | str]
Result = TypeVar("Result")


@functools.cache
def quick_options() -> Options:
    """Return options for what runs a few times on small arrays.

    Compiling takes a fifth of the time, running twice.
    """
    return _accepted({"xla_cpu_use_fusion_emitters": False, "xla_backend_optimization_level": 0})


@functools.cache
def once_options() -> Options:
    """Return options for what runs once: twice as fast to compile; last digits may differ."""
    return _accepted({"xla_cpu_use_fusion_emitters": False, "xla_backend_optimization_level": 1})


@functools.cache
def many_options() -> Options:
    """Return options for what runs many times: 20 % less to compile, and as fast.

    Last digits may differ.
    """
    return _accepted({"xla_backend_optimization_level": 1})


def compiled_with(
    options: Callable[[], Options], **how: Any
) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Compile a function with these options, which are asked for when it is first called.

    Parameters
    ----------
    options : callable
        One of the three above.
    **how
        Of `jax.jit`.
    """

    def decorate(function: Callable[..., Result]) -> Callable[..., Result]:
        @functools.cache
        def compiled() -> Any:
            return jax.jit(function, compiler_options=options(), **how)

        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Result:
            result: Result = compiled()(*arguments, **named)
            return result

        return call

    return decorate


def _accepted(options: Options) -> Options:
    """Return the options if this version of XLA knows them all, else none.

    All programs here are small: to compile one in several parts takes longer than in one.
    """
    options = options | {"xla_cpu_parallel_codegen_split_count": 1}
    try:
        jax.jit(lambda x: x, compiler_options=options).lower(np.float32(0)).compile()
    except Exception:  # XLA gives no promise about its options, and raises what it likes
        return {}
    return options
