"""Layers of a PyTorch model, so that JAX users can compare theirs with it."""

import contextlib
import copy
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np

from probekit._shapes import struct
from probekit.errors import MissingExtraError, OptionError
from probekit.extractors._calls import (
    as_arguments,
    check_arguments,
    field_names,
    first_argument,
    is_array,
    only_arrays,
)
from probekit.extractors._captured import ROOT, Captured, called, layers_of, parts_of, root_among
from probekit.extractors._examples import Listing, Seen, Shapes, placed
from probekit.extractors._paths import patterns_of
from probekit.extractors._pooling import Pool, check_pool, pooled, pooled_shape
from probekit.extractors._protocol import Extractor
from probekit.extractors._torch_state import as_it_was, empty_out, evaluating

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

_REMEDY = (
    "If another method than forward is used, or its parameters are read directly, read it as the "
    "input of the next module (NAME:in)."
)
# Hooks and evaluation mode are set on the user's own modules: one extraction at a time.
_LOCK = threading.RLock()


class TorchExtractor(Extractor):
    """What `torch` returns."""

    traceable: ClassVar[bool] = False

    def __init__(
        self,
        model: "Module",
        patterns: tuple[str, ...],
        pool: Pool,
        arguments: Mapping[str, Any],
    ) -> None:
        self.model = model
        self.patterns = patterns
        self.pool = pool
        self.arguments = dict(arguments)
        self._listed: dict[Any, Listing] = {}

    def layers(self, inputs: Any) -> Shapes:
        """Return the layers that were asked for; the model is run on tensors without data."""
        listing = self._listing(inputs)
        listing.warn(self.patterns, _REMEDY)
        names = listing.chosen(self.patterns)
        return {layer: pooled_shape(listing.shapes[layer], self.pool, layer) for layer in names}

    def parameters(self, inputs: Any) -> dict[str, int | None]:
        """Return how many numbers the module holds that gives a layer out."""
        return self._listing(inputs).counts(self.patterns)

    def __call__(self, inputs: Any) -> dict[str, Any]:
        """Return copies of the activations of the layers that were asked for, as NumPy arrays."""
        listing = self._listing(inputs)
        listing.warn(self.patterns, _REMEDY, again=False)
        names = listing.chosen(self.patterns)
        device, dtype = self._placed()
        parts = parts_of(self._run(_as_tensors(inputs, device, dtype), set(names), self.model))
        found = dict(layers_of(placed(parts, listing.axes)))
        return {layer: pooled(found[layer], self.pool, layer=layer) for layer in names}

    def _listing(self, inputs: Any) -> Listing:
        """Return what the model gives out for inputs of these shapes."""
        leaves, structure = jax.tree.flatten(inputs)
        _check_arrays(leaves)
        shapes = tuple((tuple(leaf.shape), str(leaf.dtype)) for leaf in leaves)
        if (structure, shapes) not in self._listed:
            given = jax.tree.map(_shape, inputs)
            self._listed[structure, shapes] = Listing.of(self._look, given)
        return self._listed[structure, shapes]

    def _look(self, inputs: Any) -> Seen:
        """Return what a run shows, in shapes."""
        try:
            found = self._run_without_data(inputs)
        # Tensors that are no parameters, or a choice by a value: what such a model raises depends
        # on where it happens. Zeros have values; if the model is at fault, it fails again.
        except Exception:
            device, dtype = self._placed()
            zeros = jax.tree.map(lambda leaf: _empty(leaf, device, dtype).zero_(), inputs)
            found = self._run(zeros, None, self.model)
        counts = {
            path.replace(".", "/"): sum(parameter.numel() for parameter in module.parameters())
            for path, module in self.model.named_modules()
        }
        return Seen(found, self._missing({value.name for value in found}), counts)

    def _run_without_data(self, inputs: Any) -> list[Captured]:
        """Return the shapes of all layers, by tensors that have a shape and nothing else."""
        import torch as framework

        _, dtype = self._placed()

        def run(*given: Any, **named: Any) -> Any:
            named = _mapped(named, lambda tensor: tensor.to("meta"), framework.Tensor)
            empty_out(self.model)
            return self.model(*given, **named)

        return self._run(jax.tree.map(lambda leaf: _empty(leaf, "meta", dtype), inputs), None, run)

    def _run(self, inputs: Any, wanted: set[str] | None, run: Any) -> list[Captured]:
        """Run the model; return the layers that are wanted, or the shapes of all."""
        import torch as framework

        check_arguments(self.model, "forward", inputs, self.arguments)
        given, keywords = as_arguments(inputs)
        tap, model = _Tap(wanted), self.model
        # No inference mode, in which a model cannot take gradients of its own.
        with _LOCK, evaluating(model), framework.no_grad(), as_it_was(model), tap.on(model):
            run(*given, **keywords, **self.arguments)
        return tap.found

    def _missing(self, seen: set[str]) -> list[str]:
        owners = {
            path.replace(".", "/")
            for path, module in self.model.named_modules()
            if path and next(module.parameters(recurse=False), None) is not None
        }
        return sorted(owners - seen)

    def _placed(self) -> tuple[Any, Any]:
        """Return the device of the model, and the dtype of its parameters."""
        import torch as framework

        floating = [p for p in self.model.parameters() if p.is_floating_point()]
        if not floating:
            return framework.device("cpu"), framework.get_default_dtype()
        return floating[0].device, floating[0].dtype

    def __repr__(self) -> str:
        return f"torch({type(self.model).__name__}, layers={list(self.patterns)})"


def torch(
    model: "Module", *, layers: str | Sequence[str] = "**", pool: Pool = None, **arguments: Any
) -> TorchExtractor:
    """Make an extractor of a PyTorch model.

    It is run on the host, batch by batch, in evaluation mode and without gradients; then it is as
    it was: no hook stays, each module is back in its mode, what modules keep of a call is dropped
    and no random numbers are used up. What `torch.compile` has compiled is run as it was written.

    Parameters
    ----------
    model : torch.nn.Module
        On whichever device it is; activations are copied to the host.
    layers : str or sequence of str
        Globs over the names of layers: the path of a submodule, with ``/`` (``encoder/0/linear``);
        ``output`` is what the model itself gave out, or ``__call__`` where a part of it is named
        ``output``; ``NAME:in`` is what a submodule was given, ``NAME@1`` its second call,
        ``NAME.key`` an array in a dict or tuple.
    pool : str, int or callable, optional
        How token axes are reduced: ``"mean"``, ``"last"``, ``"cls"``, ``"flatten"``, a position, or
        a function of the array. PyTorch has the channels of images before the pixels: give a
        function, such as ``lambda a: a.mean((2, 3))``.
    **arguments
        Keyword arguments of the call, for example ``output_hidden_states=True``.

    Returns
    -------
    Extractor
        Its inputs are the model's argument, as NumPy or JAX array; a tuple gives several, a dict
        gives them by keyword. Floating-point inputs are given in the dtype of the parameters.

    Raises
    ------
    OptionError
        If there is no such layer; the message lists those there are. If `model` is no module.
    MissingExtraError
        If PyTorch is not installed.

    Warns
    -----
    ProbekitWarning
        If a submodule has parameters but was not called.
    """
    try:
        from torch.nn import Module
    except ImportError:
        raise MissingExtraError(
            "torch", extra="torch", needed_for="extractors of its models"
        ) from None
    if not isinstance(model, Module):
        raise OptionError(f"model: a {type(model).__name__}; give a torch.nn.Module.")
    check_pool(pool)
    model = getattr(model, "_orig_mod", model)  # of what torch.compile gave
    return TorchExtractor(model, patterns_of(layers), pool, arguments)


def _check_arrays(leaves: Sequence[Any]) -> None:
    for leaf in leaves:
        if not is_array(leaf):
            raise OptionError(
                f"inputs: a {type(leaf).__name__} among them; give arrays (example, …)."
            )


class _Tap:
    """Hooks that copy what modules are given and give out: later ones may write in place."""

    def __init__(self, wanted: set[str] | None) -> None:
        self.wanted = wanted
        self.found: list[Captured] = []
        self.calls: dict[tuple[str, bool], int] = {}
        self.thread = threading.get_ident()
        self.root = ROOT

    @contextlib.contextmanager
    def on(self, model: "Module") -> Iterator[None]:
        """Set the hooks on all submodules for a while."""
        with contextlib.ExitStack() as hooks:
            self.root = root_among(path for path, _ in model.named_modules())
            for path, module in model.named_modules():
                for handle in (
                    module.register_forward_pre_hook(self._given(path), with_kwargs=True),
                    module.register_forward_hook(self._gave(path)),
                ):
                    hooks.callback(handle.remove)
            yield

    def _given(self, path: str) -> Any:
        def hook(module: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
            self._keep(path, first_argument(arguments, keywords), given=True)

        return hook

    def _gave(self, path: str) -> Any:
        def hook(module: Any, arguments: tuple[Any, ...], output: Any) -> None:
            self._keep(path, output, given=False)

        return hook

    def _keep(self, path: str, value: Any, *, given: bool) -> None:
        if threading.get_ident() != self.thread:
            return  # the same model, used elsewhere
        number = self.calls.get((path, given), 0)
        self.calls[path, given] = number + 1
        name = called(path.replace(".", "/"), number, given=given, root=self.root)
        if self.wanted is None:
            self.found.append(Captured(name, _parts(value, _shape)))
        elif any(layer == name or layer.startswith(f"{name}.") for layer in self.wanted):
            self.found.append(Captured(name, _parts(value, _as_numpy)))


def _mapped(value: Any, change: Any, kind: Any) -> Any:
    """Change the tensors in a value made of dicts, tuples, lists and dataclasses."""
    if isinstance(value, kind):
        return change(value)
    if isinstance(value, Mapping):  # of which JAX would sort the keys, if it can
        return OrderedDict((key, _mapped(part, change, kind)) for key, part in value.items())
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_mapped(part, change, kind) for part in value))
    if isinstance(value, tuple | list):  # or a kind of them, such as what Tensor.max returns
        parts = [_mapped(part, change, kind) for part in value]
        return tuple(parts) if isinstance(value, tuple) else parts
    names = field_names(value)
    value = copy.copy(value) if names else value
    for name in names:
        object.__setattr__(value, name, _mapped(getattr(value, name), change, kind))
    return value


def _parts(value: Any, change: Any) -> Any:
    """Return the tensors in what a module gave out, changed; whatever else there is, is None."""
    import torch as framework

    def one(tensor: "Tensor") -> Any:
        return None if tensor.is_nested else change(tensor)  # of rows of unequal length: no array

    return only_arrays(_mapped(value, one, framework.Tensor))


def _shape(tensor: "Tensor") -> jax.ShapeDtypeStruct:
    return struct(tuple(tensor.shape), _dtype_of(tensor))


def _dtype_of(tensor: "Tensor") -> Any:
    return jnp.dtype(str(tensor.dtype).removeprefix("torch."))


def _as_numpy(tensor: "Tensor") -> np.ndarray:
    """Return a copy; NumPy has bfloat16 by way of JAX, and gets it as bits."""
    import torch as framework

    tensor = tensor.detach().to("cpu", copy=True).contiguous()
    is_bfloat16 = tensor.dtype == framework.bfloat16
    array: np.ndarray = (tensor.view(framework.int16) if is_bfloat16 else tensor).numpy()
    return array.view(jnp.bfloat16) if is_bfloat16 else array


def _as_tensors(inputs: Any, device: Any, dtype: Any) -> Any:
    import torch as framework

    def tensor(array: Any) -> Any:
        if not isinstance(array, framework.Tensor):
            array = np.array(array)  # a copy: JAX lends its arrays for reading alone
            if array.dtype == jnp.bfloat16:
                array = array.astype(np.float32)
            array = framework.from_numpy(array)
        return array.to(device, dtype if array.is_floating_point() else None)

    return jax.tree.map(tensor, inputs)


def _empty(leaf: Any, device: Any, dtype: Any) -> Any:
    """Return a tensor of the shape and the dtype that `_as_tensors` would give an array."""
    import torch as framework

    name = str(leaf.dtype).removeprefix("torch.")
    known = dtype if "float" in name else getattr(framework, name)
    return framework.empty(tuple(leaf.shape), dtype=known, device=device)
