"""Kernel ridge regression: what smooth functions of features explain of a representation."""

from collections.abc import Sequence
from typing import Any

import jax

from probekit._checks import check_count
from probekit.errors import OptionError
from probekit.measures._arguments import splits
from probekit.measures.banded import (
    DEFAULT_CANDIDATES,
    BandedRidge,
    grouped_splits,
)
from probekit.measures.classification import both_states
from probekit.measures.folds import DEFAULT_FOLDS, AnyFolds, check_folds_of, named_folds
from probekit.measures.kernel_fits import (
    AnyRidgeKernel,
    Kernels,
    check_kernel,
    kernel_ridge_score,
)
from probekit.measures.penalties import checked_options
from probekit.measures.regression import MultiOutput, Scoring

DEFAULT_KERNEL_PENALTIES = (1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0)
DEFAULT_DEGREE = 3


def kernel_ridge_r2(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    kernel: AnyRidgeKernel = "rbf",
    bandwidth: float = 1.0,
    degree: int = DEFAULT_DEGREE,
    penalties: Sequence[float] = DEFAULT_KERNEL_PENALTIES,
    folds: AnyFolds = DEFAULT_FOLDS,
    per_unit: bool = False,
    multioutput: MultiOutput = "uniform_average",
    scoring: Scoring = "r2",
) -> jax.Array:
    """R² of a representation by kernel ridge regression on features.

    x̂(y) = x̄ + Σ_i α_i k(y, y_i) with α = (K + λI)⁻¹ (x - x̄), where k is the kernel, centred and
    scaled to a mean k(y_i, y_i) of 1 over the fitted examples, K its Gram matrix, and λ that one of
    the penalties with the largest R² over the folds, in each of which the kernel is centred anew,
    and keeps its scale.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The features, all fitted together; one that varies more counts more.
    held_out : tuple of array, optional
        Representation and features ``(x2, y2)`` of the examples that are scored; those that are
        fitted, unless given.
    kernel : {"linear", "rbf", "polynomial"} or callable
        ``rbf``: exp(-‖a - b‖² / (2 σ²)). ``polynomial``: (1 + ⟨a, b⟩ / m)^degree with m the mean
        ‖a‖², for features about their mean. A function is given the features of all examples, the
        fitted ones first, and returns their Gram matrix ``(example, example)``.
    bandwidth : float
        σ of the RBF kernel, in units of the median distance between different fitted examples.
    degree : int
        Of the polynomial kernel.
    penalties : sequence of float
        To choose from, each above 0.
    folds : int or array (example,)
        At least 2; each example falls into one by a hash of its number. Or the fold of each, of
        any labels, to keep examples together that are not independent.
    per_unit : bool
        Choose a penalty for each unit, instead of one for the mean R² of all units.
    multioutput : {"uniform_average", "variance_weighted", "raw_values"}
        How the units' R² are averaged.
    scoring : {"r2", "correlation"}
        Or the correlation of each unit with its prediction, as in `ridge_r2`.

    Returns
    -------
    array () or (unit,)
        At most 1; below 0 where the prediction is worse than the mean. Undefined as `ridge_r2` is.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, or there are fewer than 2 examples.
    OptionError
        If there is no penalty or one that is not positive, fewer than 2 folds, `kernel`,
        `multioutput` or `scoring` is none of those there are, `bandwidth` is not positive,
        `degree` below 1, or a Gram matrix that a function returned is not finite, not symmetric, or
        not positive semi-definite (once centred; eigenvalues down to a hundredth of the largest
        below 0 are taken for 0).

    Notes
    -----
    Runs on the host in float64, not under ``jit``: eigenvalues of smooth kernels fall below what
    float32 can tell. Invariant to translation, scaling and permutation of units. With the linear
    kernel it is `ridge_r2` with a penalty for k features of k/n of this one (in folds that fit m
    examples some k/m), which costs less and streams. O(n² k + f n³ + f p n² d) for f folds and p
    penalties.

    References
    ----------
    Saunders, Gammerman and Vovk 1998, Ridge regression learning algorithm in dual variables.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import kernel_ridge_r2
    >>> y = np.random.default_rng(0).normal(size=(60, 2))
    >>> x = np.stack([y[:, 0] ** 2, y[:, 0] * y[:, 1]], axis=1)
    >>> bool(kernel_ridge_r2(x, y) > 0.95), bool(kernel_ridge_r2(x, y, kernel="linear") < 0.3)
    (True, True)
    """
    check_kernel("kernel", kernel, bandwidth, degree)
    options = checked_options(penalties, named_folds(folds), per_unit, multioutput, scoring)
    given = splits(x, y, held_out, least=2)
    check_folds_of(options.folds, len(given.fit[0]))
    columns = tuple(range(given.fit[1].shape[1]))
    kernels = Kernels((kernel,), (columns,), float(bandwidth), int(degree))
    return kernel_ridge_score(*both_states(given), kernels, options).total.value


def multiple_kernel_ridge_r2(
    x: Any,
    groups: Sequence[Any],
    *,
    held_out: tuple[Any, Sequence[Any]] | None = None,
    kernels: AnyRidgeKernel | Sequence[AnyRidgeKernel] = "rbf",
    bandwidth: float = 1.0,
    degree: int = DEFAULT_DEGREE,
    penalties: Sequence[float] = DEFAULT_KERNEL_PENALTIES,
    candidates: int = DEFAULT_CANDIDATES,
    folds: AnyFolds = DEFAULT_FOLDS,
    per_unit: bool = False,
    multioutput: MultiOutput = "uniform_average",
    scoring: Scoring = "r2",
) -> BandedRidge:
    """R² of a representation by multiple-kernel ridge regression, split over groups of features.

    As `kernel_ridge_r2` with k = Σ_g γ_g k_g, where k_g is the kernel of a group and the γ_g add up
    to 1. The penalty and γ (out of a fixed list of points of the simplex) with the largest R² over
    the folds are taken. The share of a group is, as in `banded_ridge_r2`, the product measure.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    groups : sequence of array (example,) or (example, k_g)
        The features of each group. The same features with two kernels are two groups.
    held_out : (array, sequence of array), optional
        Representation and groups of the examples that are scored.
    kernels : str or callable, or a sequence of them
        As in `kernel_ridge_r2`: one for all groups, or one for each.
    bandwidth : float
        σ of RBF kernels, in units of the median distance in the group.
    degree : int
        Of polynomial kernels.
    penalties : sequence of float
        To choose from, each above 0.
    candidates : int
        How many γ are tried, the groups alike first, then each alone; of those equal but for
        rounding the first is taken.
    folds : int or array (example,)
        At least 2; each example falls into one by a hash of its number. Or the fold of each, of
        any labels, to keep examples together that are not independent.
    per_unit : bool
        Choose penalty and γ for each unit, instead of one for the mean R² of all units.
    multioutput : {"uniform_average", "variance_weighted", "raw_values"}
        How the units' R² and shares are averaged.
    scoring : {"r2", "correlation"}
        As in `banded_ridge_r2`.

    Returns
    -------
    BandedRidge
        ``r2`` and ``shares``, as of `banded_ridge_r2`.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, there are no groups, or fewer than 2 examples.
    OptionError
        If there are not as many kernels as groups, no candidate, or as `kernel_ridge_r2`.

    Notes
    -----
    Runs on the host in float64, not under ``jit``. Invariant to translation, scaling and
    permutation of units, and to the scale of each group. Of one group it is `kernel_ridge_r2`.
    O(c f n³ + c f p n² d) for c candidates, f folds and p penalties.

    References
    ----------
    Dupré la Tour, Eickenberg, Nunez-Elizalde and Gallant 2022, Feature-space selection with banded
    ridge regression (multiple-kernel ridge, product measure).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import multiple_kernel_ridge_r2
    >>> a, b = np.random.default_rng(0).normal(size=(2, 100, 1))
    >>> found = multiple_kernel_ridge_r2(np.abs(a) + np.abs(b), [a, b])
    >>> round(float(found.r2), 1), np.round(found.shares, 1).tolist()
    (1.0, [0.5, 0.5])
    """
    given, columns = grouped_splits(x, groups, held_out)
    one = callable(kernels) or isinstance(kernels, str)
    names: Any = (kernels,) * len(columns) if one else tuple(kernels)  # type: ignore[arg-type]
    if len(names) != len(columns):
        raise OptionError(
            f"kernels: {len(names)}; there are {len(columns)} groups. Give 1, or one for each."
        )
    for name in names:
        check_kernel("kernels", name, bandwidth, degree)
    check_count("candidates", candidates, 1)
    options = checked_options(penalties, named_folds(folds), per_unit, multioutput, scoring)
    check_folds_of(options.folds, len(given.fit[0]))
    chosen = Kernels(names, columns, float(bandwidth), int(degree), int(candidates))
    found = kernel_ridge_score(*both_states(given), chosen, options)
    return BandedRidge(found.total.value, found.shares.value)
