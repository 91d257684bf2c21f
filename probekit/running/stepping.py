"""What a task's step may return: a state like the one that it was given."""

from typing import Any

import jax
import jax.numpy as jnp

from probekit.errors import OptionError


def check_stepped(task: str, before: Any, after: Any) -> None:
    """Raise `OptionError` unless a step leaves the state its structure, shapes and dtypes.

    Epochs are one loop of the compiled program, whose state is always of one kind. JAX says the
    same of a loop, in many lines and not of which task.

    Parameters
    ----------
    task : str
        Its name.
    before, after : pytree of array
        What `step` was given, and what it returned; arrays may be traced.
    """
    before_step, after_step = _leaves(before), _leaves(after)
    what = f"task {task!r}: its step() returns a state"
    advice = "return one like that which it is given."
    for path in after_step.keys() - before_step.keys():
        raise OptionError(f"{what} with {path}, which init() did not make; {advice}")
    for path in before_step.keys() - after_step.keys():
        raise OptionError(f"{what} without {path}, which init() made; {advice}")
    for path, leaf in before_step.items():
        given, returned = _described(leaf), _described(after_step[path])
        if given != returned and not _is_weak(leaf):
            raise OptionError(f"{what} whose {path} is {returned} and was {given}; {advice}")
    structures: Any = jax.tree.structure(before), jax.tree.structure(after)
    if structures[0] != structures[1]:
        kinds = type(after).__name__, type(before).__name__
        raise OptionError(f"{what} of another structure ({kinds[0]}; was {kinds[1]}); {advice}")


def _leaves(state: Any) -> dict[str, Any]:
    """Return the arrays of a state by their paths in it."""
    found = jax.tree_util.tree_flatten_with_path(state)[0]
    return {f"state{jax.tree_util.keystr(path)}": leaf for path, leaf in found}


def _described(leaf: Any) -> str:
    return f"{jnp.result_type(leaf)}{list(jnp.shape(leaf))}"


def _is_weak(leaf: Any) -> bool:
    """Whether it began as a number of Python, whose type may still be chosen."""
    return bool(getattr(getattr(leaf, "aval", None), "weak_type", False))
