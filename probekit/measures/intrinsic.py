"""Intrinsic dimension: of how many dimensions the cloud of examples is, seen from close by."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp

from probekit._checks import check_at_least, check_choice, check_count, check_seed
from probekit.errors import OptionError
from probekit.measures._arguments import jitted, matrix
from probekit.measures._status import Score, score
from probekit.measures.concentration import concentration_dimension
from probekit.measures.correlation_dimension import correlation_dimension
from probekit.measures.distance_ratios import likeliest_of_ratios, slope_of_quantiles
from probekit.measures.local_dimension import LOCAL, LOCAL_AVERAGES, LocalAverage, averaged
from probekit.measures.nearest import Cloud, nearest
from probekit.measures.persistent_dimension import graph_dimension, persistent_dimension
from probekit.measures.separability import separability_dimension
from probekit.statistics import Examples, ExamplesState, state_of

DimensionMethod = Literal[
    "two_nn",
    "likelihood",
    "correlation",
    "gride",
    "moments",
    "mada",
    "tle",
    "ess",
    "separability",
    "persistence",
    "graph",
    "binomial",
    "danco",
]
DIMENSION_METHODS: tuple[DimensionMethod, ...] = get_args(DimensionMethod)
TWO_RADII: tuple[DimensionMethod, ...] = ("correlation", "gride", "mada")
"""Which look at two distances of every example."""

BEYOND: tuple[DimensionMethod, ...] = ("separability", "persistence", "graph", "binomial")
"""Which are infinite if there are too few examples to tell."""

DEFAULT_DISCARD = 0.1
DEFAULT_NEAREST = 20
LEAST = 3
"""Examples of which there can be a dimension."""

Neighbours = int | tuple[int, int]


def intrinsic_dimension(
    x: Any,
    *,
    method: DimensionMethod = "two_nn",
    discard: float = DEFAULT_DISCARD,
    neighbours: Neighbours = DEFAULT_NEAREST,
    average: LocalAverage = "harmonic",
    seed: int = 0,
) -> jax.Array:
    """Intrinsic dimension, from the distances to near neighbours.

    With r_ij the distance of example i to its j-th neighbour, k' and k two places, and n examples:

    - ``two_nn``: with μ_i = r_i2 / r_i1 in ascending order, and F_i = i / n: the slope through the
      origin of -log(1 - F) on log μ, without the largest `discard` of them.
    - ``gride``: the d that makes μ_i = r_ik / r_ik' likeliest, whose density is
      d (μ^d - 1)^(k - k' - 1) / (B(k - k', k') μ^((k - 1) d + 1)). On which scale the examples are
      looked at depends on k' and k, and noise on a smaller one does not matter.
    - ``correlation``: log(C(r₂) / C(r₁)) / log(r₂ / r₁), with C(r) how many pairs are closer than
      r, and r₂ and r₁ the medians of r_ik and of r_ik'.

    - ``binomial``: log(b / (k - 1)) / log(1/2), with b the mean number of others that are nearer to
      an example than r_ik / 2.

    The others have an inverse of the dimension for every example, and average these:

    - ``likelihood``: Σ_{j<k} log(r_ik / r_ij) / (k - 1).
    - ``moments``: r_ik / r̄_i - 1, with r̄_i the mean distance to k neighbours.
    - ``mada``: log(r_ik / r_ik') / log(k / k').
    - ``tle``: as ``likelihood``, of all that pairs of the k neighbours tell of example i, mirrored
      ones too: minus the mean of log(s / r_ik), where s is how far on a ray from one neighbour
      within the ball of i, as a length out of r_ik, the other is, and of log(r_ij / r_ik), twice
      each. Pairs with an s below r_ik / 10,000, of itself or mirrored, are left out.
    - ``ess``: 1 / the dimension in which directions at random have the mean sine that the k
      neighbours have, as vectors v from their mean: Σ |v_j ∧ v_l| / Σ |v_j| |v_l|.

    ``separability`` asks no neighbours: principal components with at least a tenth of the largest
    one's variance are whitened, and examples brought to length 1; with p the share of pairs whose
    cosine is above α, it is the dimension of a sphere on which p is
    (1 - α²)^((d - 1) / 2) / (α √(2 π d)), α of 0.6, 0.62 … 0.98 being the nearest to 0.9 times the
    largest with any pair.

    ``persistence`` is 1 / (1 - s), with s the slope of log L(m) on log m, and L(m) the mean length
    of the minimum spanning trees of 8 subsamples of m examples, drawn once for all, for 8 sizes m
    from a quarter of the examples to all. ``graph`` is the same of the graph that joins every
    example of a subsample with its k nearest others in it.

    ``danco`` compares the examples with as many points of balls of 1, 2, … dimensions, as many as
    units, fewer than examples and at most 64: by the d of ``gride`` of (1, k + 1), and by the mean
    angle ν and the concentration τ that the von Mises distribution of the angles between any two of
    k neighbours has at an example, averaged. It is the dimension with the smallest sum of the
    divergences of both distributions, that of the examples from that of the points; between whole
    numbers the three are interpolated.

    Parameters
    ----------
    x : array (example, unit)
    method : {"two_nn", "likelihood", "correlation", "gride", "moments", "mada", "tle", "ess", \
            "separability", "persistence", "graph", "binomial", "danco"}
        By two nearest neighbours; the maximum of the likelihood of Levina and Bickel; the
        correlation dimension of Grassberger and Procaccia between two scales; generalised ratios;
        the method of moments; manifold-adaptive; tight localities; expected simplex skewness; how
        easily examples are told apart by a plane; persistent homology; how a graph of neighbours
        grows; how many are within half the radius; or how distances and angles concentrate.
    discard : float
        Of ``two_nn``: the share of the largest ratios that is left out, at least 0 and below 1.
    neighbours : int or tuple of two int
        k, at least 2; all others, if there are fewer (``graph``: in the smallest subsample). With
        2 the likelihood is that of two nearest neighbours. Of ``gride``, ``mada`` and
        ``correlation`` also the pair (k', k); k' is half of k otherwise. ``gride`` of (1, k + 1) is
        the estimate MiND of the minimal distances.
    average : {"harmonic", "mean", "median"}
        Of the local estimates: the inverse of the mean inverse, which for ``likelihood`` is the
        maximum of the likelihood of all examples together, as MacKay and Ghahramani have it; or
        the mean or median of the dimensions.
    seed : int
        Of ``danco``: of the points in balls, which are the same for any `x` of as many examples.

    Returns
    -------
    array ()
        Above 0; not bounded by the number of units, which noise may exceed. Too low for many
        dimensions, unless there are exponentially many examples. An example that has a copy is no i
        of those above, though each copy is a neighbour of others (``correlation``,
        ``separability``, ``persistence``, ``graph``: all count). NaN if fewer than 3 are left,
        neighbours are equally far (with ``mean``, those of one example), there are too few examples
        for so many dimensions (``separability``: no cosine is above 0.6; ``persistence``,
        ``graph``: s is not below 1; ``binomial``: b is 0), or `x` is not finite.

    Raises
    ------
    ShapeError
        If there are fewer than 3 examples, or no more than the k of a pair.
    OptionError
        If `method` or `average` is none of these, `discard` not at least 0 and below 1,
        `neighbours` below 2, or a pair that is not ascending or not asked for.

    Notes
    -----
    Invariant to translation, scaling, rotation and permutation of units. O(n² d + n² log n), for
    ``tle`` and ``ess`` O(n k²) more; ``persistence`` takes n steps one after the other, and
    ``danco`` is O(64 n² (d + log n)). Of equally spaced examples ``graph`` is too high, as it is of
    few.

    References
    ----------
    Facco, d'Errico, Rodriguez and Laio 2017, Estimating the intrinsic dimension of datasets by a
    minimal neighborhood information; Levina and Bickel 2004, Maximum likelihood estimation of
    intrinsic dimension; MacKay and Ghahramani 2005, Comments on that; Grassberger and Procaccia
    1983, Measuring the strangeness of strange attractors; Denti, Doimo, Laio and Mira 2022, The
    generalized ratios intrinsic dimension estimator; Rozza et al. 2012, Novel high intrinsic
    dimensionality estimators (MiND); Amsaleg et al. 2018, Extreme-value-theoretic estimation of
    local intrinsic dimensionality (moments); Farahmand, Szepesvári and Audibert 2007,
    Manifold-adaptive dimension estimation; Amsaleg et al. 2019, Intrinsic dimensionality estimation
    within tight localities; Johnsson, Soneson and Fontes 2015, Low bias local intrinsic dimension
    estimation from expected simplex skewness; Albergante, Bac and Zinovyev 2019, Estimating the
    effective dimension of large biological datasets using Fisher separability analysis; Schweinhart
    2021, Persistent homology and the upper box dimension; Costa and Hero 2004, Geodesic entropic
    graphs for dimension and entropy estimation in manifold learning (graph); Birdal, Lou, Guibas
    and Şimşekli 2021, Intrinsic dimension, persistent homology and generalization in neural
    networks; Macocco, Glielmo, Grilli and Laio 2023, Intrinsic dimension estimation for discrete
    metrics (binomial); Ceruti et al. 2014, DANCo: an intrinsic dimensionality estimator exploiting
    angle and norm concentration.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import intrinsic_dimension
    >>> plane = np.random.default_rng(0).random((500, 2)) @ np.random.default_rng(1).random((2, 9))
    >>> bool(1.7 < intrinsic_dimension(plane) < 2.3)
    True
    >>> bool(1.7 < intrinsic_dimension(plane, method="gride", neighbours=(8, 16)) < 2.3)
    True
    """
    options = dimension_options(method, discard, neighbours, average, seed)
    return _dimension(matrix("x", x, least=options.least), options)


class DimensionOptions(NamedTuple):
    """Those of `intrinsic_dimension`, as they have been checked; hashable.

    Attributes
    ----------
    near : int or None
        k' of a pair; half of k, if there is none.
    far : int
        k.
    """

    method: DimensionMethod
    discard: float
    near: int | None
    far: int
    average: LocalAverage
    seed: int

    @property
    def least(self) -> int:
        """How many examples must be there."""
        return LEAST if self.near is None else max(LEAST, self.far + 1)


def dimension_options(
    method: DimensionMethod,
    discard: float,
    neighbours: Neighbours,
    average: LocalAverage,
    seed: int,
) -> DimensionOptions:
    """Return the options, or raise `OptionError` unless they are possible."""
    check_choice("method", method, DIMENSION_METHODS)
    check_choice("average", average, LOCAL_AVERAGES)
    check_at_least("discard", discard, 0)
    if not discard < 1:
        raise OptionError(f"discard={discard!r}: must be below 1.")
    check_seed(seed)
    if not isinstance(neighbours, tuple | list):
        check_count("neighbours", neighbours, 2)
        return DimensionOptions(method, float(discard), None, int(neighbours), average, int(seed))
    if method not in TWO_RADII:
        raise OptionError(
            f"neighbours={neighbours!r}: method {method!r} takes a number; "
            f"{', '.join(map(repr, TWO_RADII))} take two."
        )
    for number in neighbours:
        check_count("neighbours", number, 1)
    if not (len(neighbours) == 2 and neighbours[0] < neighbours[1]):
        raise OptionError(f"neighbours={neighbours!r}: two numbers are needed, the smaller first.")
    near, far = map(int, neighbours)
    return DimensionOptions(method, float(discard), near, far, average, int(seed))


@jitted(1)
def _dimension(x: Any, options: DimensionOptions) -> jax.Array:
    return dimension_score(state_of(Examples(capacity=x.shape[0]), x), options).value


def dimension_score(state: ExamplesState, options: DimensionOptions) -> Score:
    """`intrinsic_dimension` of the examples that were kept."""
    cloud = Cloud.of(state)
    value, counted = _METHODS[options.method](cloud, options)
    # More dimensions than so few examples can tell.
    beyond = jnp.isinf(value) if options.method in BEYOND else False
    undefined = (counted.sum() < LEAST) | ~jnp.isfinite(value)
    return score(
        jnp.where(undefined, jnp.nan, value),
        finite=state.x_finite.all(),
        enough=(cloud.examples >= options.least) & ~jnp.asarray(beyond),
        constant=undefined,
    )


Found = tuple[jax.Array, jax.Array]
"""A dimension, and which examples counted."""


def _two_nn(cloud: Cloud, options: DimensionOptions) -> Found:
    found = nearest(cloud, 1, 2)
    return slope_of_quantiles(found.log_ratio(), found.counted, options.discard), found.counted


def _gride(cloud: Cloud, options: DimensionOptions) -> Found:
    found = nearest(cloud, options.near, options.far)
    value = likeliest_of_ratios(found.log_ratio(), found.counted, found.near, found.far)
    return value, found.counted


def _local(cloud: Cloud, options: DimensionOptions) -> Found:
    found = nearest(cloud, options.near, options.far)
    inverse = LOCAL[options.method](cloud, found)
    return averaged(inverse, found.counted, options.average), found.counted


def _correlation(cloud: Cloud, options: DimensionOptions) -> Found:
    return correlation_dimension(cloud, options.near, options.far), cloud.present


def _separability(cloud: Cloud, options: DimensionOptions) -> Found:
    del options
    return separability_dimension(cloud), cloud.present


def _persistence(cloud: Cloud, options: DimensionOptions) -> Found:
    del options
    return persistent_dimension(cloud), cloud.present


def _graph(cloud: Cloud, options: DimensionOptions) -> Found:
    return graph_dimension(cloud, options.far), cloud.present


def _binomial(cloud: Cloud, options: DimensionOptions) -> Found:
    found = nearest(cloud, None, options.far)
    within = (found.squared <= found.at(found.far)[:, None] / 4) & found.among
    inside = jnp.where(found.counted, within.sum(axis=1), 0).sum()
    pairs = jnp.maximum(found.counted.sum() * (found.far - 1), 1)
    share = inside.astype(cloud.squared.dtype) / pairs
    return -jnp.log2(share), found.counted


def _danco(cloud: Cloud, options: DimensionOptions) -> Found:
    return concentration_dimension(cloud, options.far, options.seed)


_METHODS: dict[str, Callable[[Cloud, DimensionOptions], Found]] = {
    "two_nn": _two_nn,
    "gride": _gride,
    "correlation": _correlation,
    "separability": _separability,
    "persistence": _persistence,
    "graph": _graph,
    "binomial": _binomial,
    "danco": _danco,
    **dict.fromkeys(LOCAL, _local),
}
