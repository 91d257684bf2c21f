"""What changes no score: the maps of the units that an estimator says it does not feel."""

from collections.abc import Callable, Collection, Iterator
from functools import partial

import numpy as np

from probekit._coordinates import coordinates
from probekit.estimators import Estimator
from probekit.testing import _harness
from probekit.testing._asserting import assert_same
from probekit.testing._harness import EXAMPLES, Data, data_for, scores
from probekit.testing.declaration_checks import INVARIANCES

_MANY = 3 * EXAMPLES
"""Units: more than there are examples in both splits."""


def checks_of_invariances(estimator: Estimator) -> Iterator[Callable[[Estimator], None]]:
    """Yield the checks of the invariances that are declared, and of coordinates in their place."""
    for name in INVARIANCES:
        if name in _claimed(estimator):
            yield _INVARIANCE_CHECKS[name]
    if _is_narrowed_otherwise(estimator):
        yield check_narrowed


def check_translation_invariance(estimator: Estimator) -> None:
    """Change no score by adding a constant to each unit."""
    shift = np.array([64, -3, 0.5, 12], np.float32)
    _assert_invariant(estimator, lambda x: x + shift)


def check_scaling_invariance(estimator: Estimator) -> None:
    """Change no score by multiplying the representation by a number."""
    for factor in (3e-4, 700.0):
        _assert_invariant(estimator, partial(np.multiply, np.float32(factor)))


def check_rotation_invariance(estimator: Estimator) -> None:
    """Change no score by an orthogonal map of the units."""
    rotation, _ = np.linalg.qr(_harness.rng().normal(size=(_harness.UNITS, _harness.UNITS)))
    _assert_invariant(estimator, lambda x: (x.astype(float) @ rotation).astype(np.float32))


def check_embedding_invariance(estimator: Estimator) -> None:
    """Change no score by an isometric map of more units than there are examples into yet more."""
    few = 2 * EXAMPLES
    isometry, _ = np.linalg.qr(_harness.rng().normal(size=(_MANY, few)))
    data = data_for(estimator, units=few)
    changed = data.map(lambda rows: rows.of((rows.x.astype(float) @ isometry.T).astype(np.float32)))
    assert_same(scores(estimator, changed), scores(estimator, data))


def check_narrowed(estimator: Estimator) -> None:
    """Give by `narrowed` the same scores of coordinates of the examples."""
    data = data_for(estimator, units=_MANY)
    there = np.ones(2 * EXAMPLES, bool)
    x = coordinates(np.concatenate([rows.x for rows in data]), there, centred=True)
    of_coordinates = estimator.narrowed(units=_MANY, to=2 * EXAMPLES)
    assert of_coordinates is not None
    parts = zip(data, np.split(x, 2), strict=True)
    narrow = Data(*(rows._replace(x=part) for rows, part in parts))
    # What coordinates are rounded by, a fit with a small penalty amplifies a thousandfold.
    assert_same(scores(of_coordinates, narrow), scores(estimator, data), tolerance=1e-4)


def check_permutation_invariance(estimator: Estimator) -> None:
    """Change no score by permuting the units."""
    _assert_invariant(estimator, lambda x: x[:, [2, 0, 3, 1]])


def check_linear_invariance(estimator: Estimator) -> None:
    """Change no score by an invertible linear map of the units."""
    skew = np.diag([1.5, 0.75, 1, 2]) + 0.5 * np.diag(np.ones(_harness.UNITS - 1), 1)
    _assert_invariant(estimator, lambda x: (x.astype(float) @ skew).astype(np.float32))


_INVARIANCE_CHECKS = {
    "translation": check_translation_invariance,
    "scaling": check_scaling_invariance,
    "rotation": check_rotation_invariance,
    "embedding": check_embedding_invariance,
    "permutation": check_permutation_invariance,
    "linear": check_linear_invariance,
}


def _claimed(estimator: Estimator) -> Collection[str]:
    """Return the invariances, none if what is declared is no set; another check tells that."""
    return claimed if isinstance(claimed := estimator.invariances, frozenset | set) else ()


def _is_narrowed_otherwise(estimator: Estimator) -> bool:
    """Whether coordinates take the place of units for another reason than these invariances."""
    claimed = _claimed(estimator)
    if type(estimator).narrowed is Estimator.narrowed:
        return False
    of_coordinates = estimator.narrowed(units=_MANY, to=2 * EXAMPLES)
    follows = of_coordinates == estimator and {"rotation", "embedding"} <= set(claimed)
    return of_coordinates is not None and not follows


def _assert_invariant(estimator: Estimator, change: Callable[[np.ndarray], np.ndarray]) -> None:
    data = data_for(estimator)
    changed = data.map(lambda rows: rows.of(change(rows.x)))
    assert_same(scores(estimator, changed), scores(estimator, data))
