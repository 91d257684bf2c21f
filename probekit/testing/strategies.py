"""hypothesis strategies for what is hard on numerical code, and for ways to cut up data.

Shapes come from a small set, because every other shape would be compiled anew.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st

SHAPES = ((16, 4), (16, 1), (8, 12))
"""Numbers of examples and units to draw from: also a single unit, and more units than examples."""

DTYPES: tuple[Any, ...] = (np.float32, np.float16, jnp.bfloat16, np.int32)
"""What activations come in: give it as `dtypes` to draw from all of them."""


@st.composite
def representations(
    draw: st.DrawFn,
    *,
    shapes: tuple[tuple[int, int], ...] = SHAPES,
    dtypes: tuple[Any, ...] = (np.float32,),
    offsets: tuple[float, ...] = (0.0, -3.0, 1e4),
    scales: tuple[float, ...] = (1.0, 1e-5, 1e5),
) -> np.ndarray:
    """Draw a representation ``(example, unit)``.

    It may lie far from the origin for its spread, have duplicate examples, and constant units.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(representations())
    ... def check(x):
    ...     assert x.shape in SHAPES
    >>> check()
    """
    n, d = draw(st.sampled_from(shapes))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = generator.normal(size=(n, d)) + draw(st.sampled_from(offsets))
    if draw(st.booleans()):
        x[n // 2 :] = x[: n - n // 2]
    if draw(st.booleans()):
        x[:, generator.integers(d)] = 0.1
    scaled: np.ndarray = x * draw(st.sampled_from(scales))
    return scaled.astype(draw(st.sampled_from(dtypes)))


@st.composite
def features(draw: st.DrawFn, examples: int, *, columns: int = 1, values: int = 3) -> np.ndarray:
    """Draw features ``(example, column)`` of small whole numbers; a column may be constant."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return generator.integers(0, draw(st.integers(1, values)), (examples, columns)).astype(float)


@st.composite
def weights(draw: st.DrawFn, examples: int) -> np.ndarray:
    """Draw weights ``(example,)``, zeros among them."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kinds = (np.ones(examples), generator.integers(0, 3, examples), generator.random(examples))
    return np.asarray(draw(st.sampled_from(kinds)), np.float32)


@st.composite
def cuts(draw: st.DrawFn, examples: int, *, parts: int = 3) -> list[np.ndarray]:
    """Draw a way to deal the examples out to `parts` batches: for each its mask ``(example,)``.

    Masks instead of slices: as weights they need no new shapes. A batch may be empty.
    """
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    owner = generator.integers(0, draw(st.integers(1, parts)), examples)
    if draw(st.booleans()):
        owner = np.sort(owner)
    return [(owner == part).astype(np.float32) for part in range(parts)]
