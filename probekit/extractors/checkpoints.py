"""Folders of Orbax checkpoints: which steps there are, and what each holds."""

import os
import re
from pathlib import Path
from typing import Any

from probekit._checks import shape_text
from probekit.errors import HistoryError, MissingExtraError, OptionError

# Written by Orbax: into a folder that holds a pytree, and into the folder of a step.
_TREE, _STEP = "_METADATA", "_CHECKPOINT_METADATA"


def steps(directory: str | os.PathLike[str]) -> list[int]:
    """Return the steps of which there are checkpoints, in ascending order.

    Parameters
    ----------
    directory : path
        A folder as ``orbax.checkpoint.CheckpointManager`` writes it, or one in which each
        checkpoint is a folder named by its step (``100``, ``step_100``). Checkpoints that were
        never finished are left out.

    Raises
    ------
    HistoryError
        If there is no such folder, no checkpoint in it, or two of one step.
    """
    return sorted(_folders(directory))


def restore(directory: str | os.PathLike[str], step: int, like: Any = None) -> Any:
    """Return what the checkpoint of a step holds.

    Parameters
    ----------
    directory : path
        As `steps` takes it.
    step : int
    like : pytree, optional
        Arrays or `jax.ShapeDtypeStruct` of the structure to restore into, for example
        ``nnx.state(model)`` or a training state.

    Returns
    -------
    pytree
        Of the structure of `like`, JAX arrays on the default device; without it, nested dicts and
        lists of NumPy arrays. A checkpoint of named items is a dict of them, be it but one (as of
        Orbax's interface ``v1``, ``"state"``); those that are no pytrees of arrays are left out.

    Raises
    ------
    HistoryError
        If there is no such folder, no checkpoint in it, two of one step, or one cannot be read.
    OptionError
        If there is no checkpoint of this step, or `like` has other shapes than it.
    MissingExtraError
        If Orbax is not installed.
    """
    folders = _folders(directory)
    if step not in folders:
        near = sorted(sorted(folders, key=lambda there: abs(there - step))[:5])
        raise OptionError(
            f"step={step}: no such checkpoint; the nearest are {', '.join(map(str, near))}."
        )
    folder = folders[step]
    if (folder / _TREE).is_file():
        return _restore_tree(folder, like)
    items = sorted(path.name for path in folder.iterdir() if (path / _TREE).is_file())
    if not items:
        raise HistoryError(f"{folder}: not a checkpoint that can be read; it has no {_TREE}.")
    if items == ["default"]:
        return _restore_tree(folder / "default", like)
    parts = dict.fromkeys(items) if like is None else dict(like)
    unknown = ", ".join(sorted(set(parts) - set(items)))
    if unknown:
        raise OptionError(f"like: {folder} has no item {unknown}; there are {', '.join(items)}.")
    return {item: _restore_tree(folder / item, part) for item, part in parts.items()}


def _folders(directory: str | os.PathLike[str]) -> dict[int, Path]:
    """Return the folders of checkpoints by their steps."""
    directory = Path(directory).expanduser().resolve()
    if not directory.is_dir():
        raise HistoryError(f"{directory}: no such folder; give one that holds checkpoints.")
    found: dict[int, Path] = {}
    for path in sorted(directory.iterdir()):
        name = re.fullmatch(r"(?:.*[_-])?(\d+)", path.name)
        if name and ".orbax-checkpoint-tmp" not in path.name and _is_checkpoint(path):
            other = found.setdefault(int(name[1]), path)
            if other != path:
                raise HistoryError(
                    f"{directory}: {other.name} and {path.name} are both of step {int(name[1])}; "
                    "give a folder that holds the checkpoints of one training."
                )
    if not found and _is_checkpoint(directory):
        raise HistoryError(
            f"{directory}: is a checkpoint itself; give the folder it is in, {directory.parent}."
        )
    if not found:
        raise HistoryError(
            f"{directory}: no checkpoints; each is a folder named by its step, as Orbax writes it."
        )
    return found


def _is_checkpoint(path: Path) -> bool:
    return any((path / name).is_file() for name in (_TREE, _STEP, f"default/{_TREE}"))


def _restore_tree(folder: Path, like: Any) -> Any:
    try:
        import orbax.checkpoint as ocp
        from etils import epath  # type: ignore[import-untyped]  # comes with Orbax
    except ImportError:
        raise MissingExtraError(
            "orbax-checkpoint", extra="checkpoints", needed_for="checkpoints"
        ) from None
    import jax
    import numpy as np

    sharding = jax.sharding.SingleDeviceSharding(jax.devices()[0])

    def as_numpy(_: Any) -> Any:
        return ocp.RestoreArgs(restore_type=np.ndarray)

    def as_jax(leaf: Any) -> Any:
        if not hasattr(leaf, "shape"):
            return ocp.RestoreArgs()
        return ocp.ArrayRestoreArgs(sharding=sharding, dtype=leaf.dtype)

    handler, stored = ocp.PyTreeCheckpointHandler(), None
    try:
        stored = handler.metadata(epath.Path(folder)).tree
        _check_shapes(like, stored)
        arguments = jax.tree.map(as_numpy, stored) if like is None else jax.tree.map(as_jax, like)
        request = ocp.args.PyTreeRestore(item=like, restore_args=arguments)
        return handler.restore(epath.Path(folder), args=request)
    except OptionError:
        raise
    # Orbax passes on whatever its storage, its parser of JSON and its checks raise.
    except Exception as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        reason = reason.partition(" [tensorstore_spec=")[0]  # all settings of its storage
        reason += "" if like is None or stored is None else _difference(like, stored)
        raise HistoryError(f"{folder}: the checkpoint cannot be read: {reason}") from error
    finally:
        handler.close()


def _check_shapes(like: Any, stored: Any) -> None:
    """Raise `OptionError` if an array that is wanted has another shape than the one stored."""
    found = {name: leaf for name, leaf in _by_name(stored).items() if _has_shape(leaf)}
    for name, leaf in _by_name(like).items():
        if name in found and _has_shape(leaf) and tuple(leaf.shape) != tuple(found[name].shape):
            raise OptionError(
                f"like {name}: {shape_text(leaf)}; the checkpoint has {shape_text(found[name])}."
            )


def _has_shape(leaf: Any) -> bool:
    """Whether this is an array; random keys are stored as the numbers that they are made of."""
    import jax
    import jax.numpy as jnp

    return hasattr(leaf, "shape") and not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _difference(like: Any, stored: Any) -> str:
    """Say what one of two trees has and the other has not."""
    wanted, there = _by_name(like), _by_name(stored)
    sides = {
        " Only like has": [name for name in wanted if name not in there],
        " Only the checkpoint has": [name for name in there if name not in wanted],
    }
    return "".join(
        f"{side} {', '.join(names[:5])}{', …' if len(names) > 5 else '.'}"
        for side, names in sides.items()
        if names
    )


def _by_name(tree: Any) -> dict[str, Any]:
    import jax

    return {
        jax.tree_util.keystr(path, simple=True, separator="/"): leaf
        for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]
    }
