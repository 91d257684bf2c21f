"""Distance of convolutional layers after the best shift of the image."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp

from probekit._checks import check_choice, check_rank, check_same_examples
from probekit.errors import ShapeError
from probekit.measures._arguments import jitted, matrix
from probekit.measures._status import Score
from probekit.measures.alignment import shape_metric_score
from probekit.measures.bures import bures_metric_score
from probekit.measures.covariance import angular_cka_score
from probekit.statistics import Moments, MomentsState, state_of

Distance = Literal[
    "angular_procrustes_distance", "procrustes_distance", "bures_metric", "angular_cka_distance"
]
AnyDistance = Distance | Callable[[Any, Any], Any]
_SCORES: dict[str, Callable[[MomentsState], Score]] = {
    "angular_procrustes_distance": partial(shape_metric_score, alpha=1.0, angular=True),
    "procrustes_distance": partial(shape_metric_score, alpha=1.0, angular=False),
    "bures_metric": bures_metric_score,
    "angular_cka_distance": angular_cka_score,
}


class ConvolutionalDistance(NamedTuple):
    """The smallest distance over shifts, and all of them.

    Attributes
    ----------
    distance : array ()
    shift : array (2,)
        By how many rows and columns `x` is rolled for it, as `numpy.roll` does.
    distances : array (height, width)
        Entry (i, j) is that for the shift (i - height // 2, j - width // 2).
    """

    distance: jax.Array
    shift: jax.Array
    distances: jax.Array


def convolutional_distance(
    x: Any, y: Any, *, distance: AnyDistance = "angular_procrustes_distance"
) -> ConvolutionalDistance:
    """Smallest distance of two convolutional layers over all circular shifts of the image.

    min over s of d(X_s, Y), where X_s is `x` rolled by s along height and width. A row of X_s and Y
    is a position in an example, a column is a channel.

    Parameters
    ----------
    x : array (example, height, width, channel)
    y : array (example, height, width, channel_y)
        The same examples in the same order.
    distance : str or callable
        ``angular_procrustes_distance``, ``procrustes_distance``, ``bures_metric`` or
        ``angular_cka_distance``; or a function of two arrays ``(example × position, channel)``,
        such as ``functools.partial(probekit.measures.shape_metric, alpha=0.5)``.

    Returns
    -------
    ConvolutionalDistance
        ``distance``, in the range of the one that is chosen, and NaN where that is; ``shift``;
        and ``distances`` for all shifts. A metric if the one that is chosen is.

    Raises
    ------
    ShapeError
        If an array does not have 4 axes, numbers of examples or sizes of images differ, or there
        are fewer than 2 examples.
    OptionError
        If `distance` is none of those there are.

    Notes
    -----
    Rotations mix channels alone, alike at all positions: `procrustes_distance` of the arrays
    themselves would flatten them and mix positions too. A shift changes nothing but the covariances
    between `x` and `y`, which for all p positions are found at once, by Fourier transforms: other
    than with a function, the examples are not looked at again for each. As ``convolve_metric`` of
    netrep, whose metrics leave the scale as it is unless they are angular. Invariant to shifts, and
    to what the one that is chosen is. O(n p (d + d_y) log p + n p d d_y + p d d_y min(d, d_y)), and
    memory for p d d_y numbers.

    References
    ----------
    Williams, Kunz, Kornblith and Linderman 2021, Generalized shape metrics on neural
    representations.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import convolutional_distance
    >>> x = np.random.default_rng(0).normal(size=(3, 5, 4, 2))
    >>> found = convolutional_distance(x, 2 * np.roll(x, (1, -1), axis=(1, 2))[..., ::-1])
    >>> float(found.distance), found.shift.tolist(), found.distances.shape
    (0.0, [1, -1], (5, 4))
    """
    if not callable(distance):
        check_choice("distance", distance, _SCORES)
    a, b = _image("x", x), _image("y", y)
    check_same_examples("x", a, "y", b)
    if a.shape[1:3] != b.shape[1:3]:
        raise ShapeError(
            f"y: {b.shape[1]} × {b.shape[2]} positions; x has {a.shape[1]} × {a.shape[2]}. "
            "Give layers of one size."
        )
    dtype = jnp.promote_types(a.dtype, b.dtype)
    a, b = a.astype(dtype), b.astype(dtype)
    if callable(distance):
        return _smallest(_one_by_one(a, b, distance))
    return _smallest(_from_moments(a, b, distance))


def _image(argument: str, array: Any) -> jax.Array:
    """Return an array ``(example, height, width, channel)``, or raise."""
    array = array if hasattr(array, "shape") else jnp.asarray(array)
    check_rank(argument, array, least=4, most=4)
    return matrix(argument, array, least=2).reshape(array.shape)


def _rows(images: jax.Array) -> jax.Array:
    return images.reshape(-1, images.shape[-1])


@jitted()
def _smallest(distances: jax.Array) -> ConvolutionalDistance:
    height, width = distances.shape
    place = jnp.stack(jnp.divmod(distances.argmin(), width))
    middle = jnp.array([height // 2, width // 2], place.dtype)
    return ConvolutionalDistance(distances.min(), place - middle, distances)


def _one_by_one(x: jax.Array, y: jax.Array, distance: Callable[[Any, Any], Any]) -> jax.Array:
    """Distance for each shift, by a function of rows."""
    height, width = x.shape[1:3]
    shifts = [(i - height // 2, j - width // 2) for i in range(height) for j in range(width)]
    found = [distance(_rows(jnp.roll(x, shift, axis=(1, 2))), _rows(y)) for shift in shifts]
    return jnp.asarray(found, x.dtype).reshape(height, width)


@jitted(2)
def _from_moments(x: jax.Array, y: jax.Array, distance: Distance) -> jax.Array:
    """Distance for each shift, by the moments of the rows."""
    state = state_of(Moments(), _rows(x), _rows(y))
    means = (
        mean + rest for mean, rest in ((state.x_mean, state.x_rest), (state.y_mean, state.y_rest))
    )
    a, b = (z - mean[None, None, None, :] for z, mean in zip((x, y), means, strict=True))
    crosses = _shifted_covariances(a, b)

    def of_shift(cross: jax.Array) -> jax.Array:
        return _SCORES[distance](dataclasses.replace(state, xy=cross)).value

    distances = jax.lax.map(of_shift, crosses.reshape(-1, *crosses.shape[2:]))
    return jnp.fft.fftshift(distances.reshape(crosses.shape[:2]))


def _shifted_covariances(a: jax.Array, b: jax.Array) -> jax.Array:
    """Return the sums of products of channels for each shift of `a`.

    A correlation over positions is a product of Fourier transforms; the axes are
    ``(height, width, channel, channel_y)``.
    """
    left, right = (jnp.fft.rfft2(z, axes=(1, 2)) for z in (a, b))
    products = jnp.einsum("nhwp,nhwq->hwpq", left.conj(), right, precision="highest")
    return jnp.fft.irfft2(products, s=a.shape[1:3], axes=(0, 1))
