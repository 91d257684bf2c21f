"""The rotation that makes one square matrix most like another when it turns both of its sides.

On the host, in float64. What is sought is the orthogonal C with the largest tr(Aᵀ C B Cᵀ). It is
climbed by turns: with s large enough, tr(Aᵀ C B Cᵀ) + s ‖C‖² is convex in C, so that the polar
factor of its gradient is never worse.
"""

import numpy as np

from probekit.measures._threads import one_thread
from probekit.measures.rotations import climbed, polar


def largest_trace(a: np.ndarray, b: np.ndarray, *, restarts: int) -> float:
    """Return the largest tr(Aᵀ C B Cᵀ) that is found over orthogonal C.

    It is begun where eigenvectors of eigenvalues that match are on top of each other, which for
    normal matrices is the end; where those of the symmetric parts are; at the identity; and at
    `restarts` random rotations.
    """
    shift = float(np.linalg.norm(a, 2) * np.linalg.norm(b, 2))
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    identity = np.eye(len(a))

    def step(c: np.ndarray) -> tuple[float, np.ndarray]:
        turned = a.T @ c @ b
        return float((turned * c).sum()), turned + a @ c @ b.T + 2 * shift * c

    random = (np.random.default_rng(number).normal(size=a.shape) for number in range(restarts))
    with one_thread():
        begun = [_of_eigenvectors(a, b), _of_symmetric_parts(a, b), identity, *random]
        return max(climbed(step, polar(c, identity), identity, size) for c in begun)


def matched_eigenvalues(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how far the eigenvalues are apart when each has its partner, and who that is."""
    from scipy.optimize import linear_sum_assignment

    x, y = np.linalg.eigvals(a), np.linalg.eigvals(b)
    far = np.abs(x[:, None] - y[None, :]) ** 2
    rows, columns = linear_sum_assignment(far)
    return far[rows, columns], rows, columns


def _of_eigenvectors(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    _, rows, columns = matched_eigenvalues(a, b)
    x, y = np.linalg.eig(a)[1][:, rows], np.linalg.eig(b)[1][:, columns]
    turned: np.ndarray = (x @ y.conj().T).real
    return turned


def _of_symmetric_parts(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    x, y = (np.linalg.eigh(z + z.T)[1] for z in (a, b))
    turned: np.ndarray = x @ y.T
    return turned
