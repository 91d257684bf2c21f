"""Which units are matched with which: plans ``(unit, unit_y)`` that gain the most, on the host."""

import numpy as np


def assigned(gains: np.ndarray) -> np.ndarray:
    """Return the best one-to-one plan: 1 for each pair that is matched."""
    from scipy.optimize import linear_sum_assignment

    plan = np.zeros(gains.shape)
    plan[linear_sum_assignment(gains, maximize=True)] = 1
    return plan


def transported(gains: np.ndarray) -> np.ndarray:
    """Return the best transport plan between uniform masses of 1 in all."""
    d, d_y = gains.shape
    if d == d_y:  # then a permutation is among the best
        equal: np.ndarray = assigned(gains) / d
        return equal
    from scipy import sparse
    from scipy.optimize import linprog

    rows = sparse.kron(sparse.eye_array(d), np.ones((1, d_y)))
    columns = sparse.kron(np.ones((1, d)), sparse.eye_array(d_y))
    masses = np.concatenate([np.full(d, 1 / d), np.full(d_y, 1 / d_y)])
    found = linprog(
        -gains.reshape(-1),
        A_eq=sparse.vstack([rows, columns]).tocsr(),
        b_eq=masses,
        bounds=(0, None),
        method="highs",
    )
    plan: np.ndarray = found.x.reshape(d, d_y)
    return plan
