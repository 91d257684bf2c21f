"""The contract of extractors as checks: each takes an extractor and inputs, and raises if broken.

Which apply follows from what the extractor declares and what it is given, never from its name. The
first sentence of each docstring is the law that is checked.
"""

import contextlib
import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from probekit._shapes import shape_of
from probekit.errors import ProbekitWarning
from probekit.extractors import Extractor
from probekit.probing.stream import count_examples, take

Outputs = dict[str, np.ndarray]

TOLERANCE = 64
"""In units of rounding of the largest value of a layer: other batch sizes sum in another order."""


_WANTED = "give a mapping from the names of layers"


class Subject(NamedTuple):
    """An extractor and what it is run on.

    Attributes
    ----------
    extractor : Extractor
    inputs : pytree of array (example, …)
        The numbers of the examples, where the extractor holds them itself.
    examples : int
    another : Extractor or None
        One of the same model with other parameters.
    """

    extractor: Extractor
    inputs: Any
    examples: int
    another: Extractor | None

    @classmethod
    def of(cls, extractor: Extractor, inputs: Any, another: Extractor | None) -> "Subject":
        """Count the examples."""
        examples = count_examples(extractor, inputs)
        if extractor.indexed:
            inputs = np.arange(examples, dtype=np.int32)
        elif extractor.traceable:  # in dtypes that JAX has
            inputs = jax.tree.map(jnp.asarray, inputs)
        return cls(extractor, jax.tree.map(np.asarray, inputs), examples, another)

    def __repr__(self) -> str:
        return type(self.extractor).__name__


Check = Callable[[Subject], None]


def checks_of(subject: Subject) -> Iterator[Check]:
    """Yield the checks that apply; what makes others fail comes before them."""
    yield check_declarations
    yield check_layers
    yield check_examples_first
    yield check_leaves_no_trace
    yield check_repeatable
    yield check_order
    yield check_batches
    yield check_padding
    if inspect.ismethod(getattr(subject.extractor, "parameters", None)):
        yield check_parameters
    if _floating(subject.inputs):
        yield check_not_finite
    if subject.extractor.traceable:
        yield from (check_pytree, check_jit, check_vmap)
        if subject.another is not None:
            yield check_no_recompilation
    if subject.extractor.indexed:
        yield check_all_examples


def check_declarations(subject: Subject) -> None:
    """Declare whether it can be traced and whether it holds the examples itself."""
    for name in ("traceable", "indexed"):
        value = getattr(subject.extractor, name)
        assert isinstance(value, bool), f"{name} is {value!r}, not True or False"
    assert not (subject.extractor.indexed and subject.extractor.traceable), (
        "it holds its examples itself, and says that it can be traced"
    )


def check_layers(subject: Subject) -> None:
    """List by shapes alone the names, shapes and dtypes that a call gives, in the same order."""
    found = call(subject)
    assert found, "there are no layers"
    indexed = subject.extractor.indexed
    shapes = subject.inputs if indexed else jax.tree.map(shape_of, subject.inputs)
    with _quiet():
        listed = subject.extractor.layers(shapes)
    assert isinstance(listed, Mapping), f"layers gives a {type(listed).__name__}; {_WANTED}"
    assert all(isinstance(name, str) and name for name in listed), f"names: {list(listed)}"
    assert list(found) == list(listed), f"listed {list(listed)}, given {list(found)}"
    for layer, array in found.items():
        shape = listed[layer]
        given = (array.shape, jnp.dtype(array.dtype))
        assert given == (tuple(shape.shape), jnp.dtype(shape.dtype)), (
            f"{layer} is listed with {tuple(shape.shape)}, {shape.dtype}; it is {given}"
        )


def check_parameters(subject: Subject) -> None:
    """Count parameters, as whole numbers or None, of just the layers that it lists."""
    with _quiet():
        listed = list(subject.extractor.layers(subject.inputs))
    counts = subject.extractor.parameters(subject.inputs)  # type: ignore[attr-defined]
    assert set(counts) == set(listed), f"counted of {list(counts)}; there are {listed}"
    for layer, count in counts.items():
        whole = count is None or (isinstance(count, int) and count >= 0)
        assert whole, f"{layer} has {count!r} parameters"


def check_examples_first(subject: Subject) -> None:
    """Give the examples as first axis of every layer, however many there are."""
    for count in (subject.examples, subject.examples // 2):
        for layer, array in call(subject, rows=np.arange(count)).items():
            assert array.shape[:1] == (count,), f"{layer} of {count} examples is {array.shape}"


def check_repeatable(subject: Subject) -> None:
    """Give the same bits when called again."""
    for layer, array in call(subject).items():
        assert array.tobytes() == call(subject)[layer].tobytes(), f"{layer} differs"


def check_batches(subject: Subject) -> None:
    """Give each example the same whatever others are with it."""
    whole, half = call(subject), subject.examples // 2
    for rows in (np.arange(half), np.arange(half, subject.examples)):
        same(call(subject, rows=rows), {layer: array[rows] for layer, array in whole.items()})


def check_order(subject: Subject) -> None:
    """Give the examples in the order in which they were given."""
    rows = np.random.default_rng(11).permutation(subject.examples)
    whole = call(subject)
    same(call(subject, rows=rows), {layer: array[rows] for layer, array in whole.items()})


def check_padding(subject: Subject) -> None:
    """Give the same where a batch is filled up with its last example."""
    rows = np.minimum(np.arange(subject.examples), subject.examples // 2)
    whole = call(subject)
    same(call(subject, rows=rows), {layer: array[rows] for layer, array in whole.items()})


def check_leaves_no_trace(subject: Subject) -> None:
    """Leave the inputs, the extractor and its parameters as they were."""
    before, structure = _bits(subject.extractor), _structure(subject.extractor)
    given = _bits(subject.inputs)
    call(subject)
    assert _bits(subject.inputs) == given, "the inputs have changed"
    assert _structure(subject.extractor) == structure, "the extractor has changed"
    assert _bits(subject.extractor) == before, "the parameters have changed"


def check_not_finite(subject: Subject) -> None:
    """Pass NaN on, and only in the example that has it."""
    whole, inputs = call(subject), jax.tree.map(_with_nan, subject.inputs)
    found = call(subject._replace(inputs=inputs))
    assert any(np.isnan(array[0].astype(np.float64)).any() for array in found.values()), (
        "NaN in the first example is in none of its layers"
    )
    others = np.arange(1, subject.examples)
    same(*({layer: array[others] for layer, array in part.items()} for part in (found, whole)))


def check_jit(subject: Subject) -> None:
    """Give the same numbers jitted and not."""
    jitted = jax.jit(lambda extractor, inputs: dict(extractor(inputs)))
    found = jax.device_get(jitted(subject.extractor, subject.inputs))
    same({layer: found[layer] for layer in call(subject)}, call(subject))


def check_pytree(subject: Subject) -> None:
    """Be a pytree: taken apart and put together again, it gives the same."""
    leaves, structure = jax.tree.flatten(subject.extractor)
    assert not any(leaf is subject.extractor for leaf in leaves), (
        "it is a leaf; register its class as a pytree node"
    )
    rebuilt = jax.tree.unflatten(structure, leaves)
    again = _structure(rebuilt)
    assert again == _structure(subject.extractor), "put together, its structure is another one"
    assert hash(again) == hash(_structure(subject.extractor)), "its structure has no fixed hash"
    same(call(subject._replace(extractor=rebuilt)), call(subject))


def check_vmap(subject: Subject) -> None:
    """Work under vmap, over stacked parameters of several models."""
    leaves, structure = jax.tree.flatten(subject.extractor)
    if not leaves:
        return
    stacked = jax.tree.unflatten(structure, [jnp.stack([leaf, leaf]) for leaf in leaves])
    mapped = jax.vmap(lambda extractor: dict(extractor(subject.inputs)))(stacked)
    found = jax.device_get(mapped)
    for copy in (0, 1):
        same({layer: found[layer][copy] for layer in call(subject)}, call(subject))


def check_no_recompilation(subject: Subject) -> None:
    """Trace nothing anew for other parameters of the same model."""
    assert subject.another is not None
    traces = []

    @jax.jit
    def run(extractor: Extractor, inputs: Any) -> Mapping[str, Any]:
        traces.append(extractor)
        return dict(extractor(inputs))

    ours = jax.device_get(run(subject.extractor, subject.inputs))
    theirs = jax.device_get(run(subject.another, subject.inputs))
    assert len(traces) == 1, (
        "the other parameters were traced anew: parameters must be leaves, all else equal"
    )
    differing = [layer for layer, array in ours.items() if not np.array_equal(array, theirs[layer])]
    assert differing, "the other parameters give the same: they are not read"


def check_all_examples(subject: Subject) -> None:
    """Stand for all its examples where it is given None for their numbers."""
    listed = subject.extractor.layers(None)
    for layer, array in call(subject).items():
        assert tuple(listed[layer].shape) == array.shape, f"{layer}: {listed[layer]}"


def call(subject: Subject, *, rows: np.ndarray | None = None) -> Outputs:
    """Return what the extractor gives for these examples, on the host."""
    inputs = subject.inputs if rows is None else take(subject.inputs, rows)
    with _quiet():
        outputs = subject.extractor(inputs)
    assert isinstance(outputs, Mapping), f"a call gives a {type(outputs).__name__}; {_WANTED}"
    return {layer: np.asarray(jax.device_get(array)) for layer, array in outputs.items()}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let warnings pass: what an extractor says that it leaves out is no breach."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ProbekitWarning)
        yield


def same(found: Outputs, expected: Outputs) -> None:
    """Raise unless both have the same layers, equal up to rounding."""
    assert list(found) == list(expected), f"layers {list(found)}, and not {list(expected)}"
    for layer, array in expected.items():
        assert found[layer].shape == array.shape, f"{layer}: {found[layer].shape}, {array.shape}"
        if not jnp.issubdtype(array.dtype, jnp.inexact):
            assert np.array_equal(found[layer], array), f"{layer} differs"
            continue
        wide = array.astype(np.complex128 if np.iscomplexobj(array) else np.float64)
        scale = np.max(np.abs(wide), initial=0.0, where=np.isfinite(wide))
        off = np.abs(found[layer].astype(wide.dtype) - wide)
        far = np.max(off, initial=0.0, where=np.isfinite(off))
        rounding = float(jnp.finfo(array.dtype).eps)  # type: ignore[no-untyped-call]
        allowed = TOLERANCE * rounding * scale
        assert far <= allowed, f"{layer} is off by {far:.2g}, and not by {allowed:.2g} at most"
        unlike = np.isnan(wide) != np.isnan(found[layer].astype(wide.dtype))
        assert not unlike.any(), f"{layer} is NaN in one case and not in the other"


def _floating(inputs: Any) -> bool:
    return any(jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in jax.tree.leaves(inputs))


def _with_nan(array: np.ndarray) -> np.ndarray:
    if not jnp.issubdtype(array.dtype, jnp.floating):
        return array
    changed = array.copy()
    changed[0] = np.nan
    return changed


def _structure(tree: Any) -> Any:
    return jax.tree.structure(tree)


def _bits(tree: Any) -> list[bytes]:
    leaves = [leaf for leaf in jax.tree.leaves(tree) if hasattr(leaf, "dtype")]
    keys = [jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) for leaf in leaves]
    plain = [
        jax.random.key_data(leaf) if is_key else leaf
        for leaf, is_key in zip(leaves, keys, strict=True)
    ]
    return [np.asarray(leaf).tobytes() for leaf in plain]
