"""Variational codelength: bits of a probe's weights and of the labels given them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from probekit._checks import check_numbers, check_positive
from probekit.errors import OptionError
from probekit.measures._arguments import matched
from probekit.measures._status import OK, Score
from probekit.measures._threads import one_thread
from probekit.measures.gaussian_bounds import expected_losses, expected_softplus
from probekit.measures.information import as_codelength
from probekit.measures.probes import labelled, status_of_classes
from probekit.statistics import Examples, ExamplesState, state_of

DEFAULT_SCALES = (0.1, 1.0, 10.0, 100.0, 1000.0)
_BIAS = np.pi / np.sqrt(3)  # of a log-odds whose probability is about as likely everywhere
_LONGER = 30 * np.log(2)  # nats; what is this much longer is no part of the sum over scales
_ROUNDS, _STEPS, _FLAT, _GAIN = 20, 50, 1e-5, 1e-9
_STEP = 0.125  # between the nodes of `expected_softplus`


def variational_codelength(
    x: Any, y: Any, *, scales: Sequence[float] = DEFAULT_SCALES
) -> jax.Array:
    """Minimum description length of a feature given the representation, by variational coding.

    L = log₂ S - log₂ Σ_s 2^(-L_s) over S scales of the prior, and
    L_s = KL(q_s ‖ p_s) - Σ_i E_{W~q_s} log₂ p(y_i | x_i, W): the bits of a linear probe's weights W
    and of the labels given them. The posterior q_s, a Gaussian with a mean and a variance of its
    own for each weight, is that for which L_s is least. The prior p_s of weights is N(0, s²), that
    of intercepts N(0, π²/3).

    Parameters
    ----------
    x : array (example, unit)
        The representation. It is centred, scaled to a mean squared length of 1, and turned to its
        principal components, each of which has a weight for each class; of two classes one has
        none.
    y : array (example,) or (example, k)
        The class of each example.
    scales : sequence of float
        The s among which the prior is spread evenly, each above 0: standard deviations of the
        logits of an example of mean length. S of them cost log₂ S bits at most.

    Returns
    -------
    array ()
        In bits, above 0 and never less than -log₂ of the marginal likelihood; about n times the
        entropy of the classes for a representation that tells nothing. Undefined as
        `online_codelength` is.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If there is no scale, or one that is not positive.

    Notes
    -----
    The prior is proper, so that the length is that of a code; the group prior of Louizos et al.,
    which the paper takes, is not, and its bits are known but for a constant. Nothing is drawn at
    random: expectations are replaced by bounds, which make the code longer, never shorter. Of two
    classes, which have one logit, it is that of chords (0.3 % of what a logit's variance costs); of
    more, the tilted bound or that of pairs with the true class, by chords (1 %), for each example
    the tighter; there may be more than one posterior then that is the best nearby. L-BFGS with all
    examples, from the prior's mean, ends where no derivative is above 1e-5 nats or a step gains
    less than 1e-9 of the length, or after 1000 steps: what is not found by then leaves a code that
    is longer than it could be, and still one. Scales ascend, each from the posterior of the last,
    until one is 30 bits longer than the best; what is left out would shorten L by less than 1e-8
    bits.

    Runs on the host in float64, not under ``jit``. Invariant to translation, scaling, rotation and
    permutation of units. O(n d min(n, d)), and O(n min(n, d)) an iteration and class.

    References
    ----------
    Voita and Titov 2020, Information-theoretic probing with minimum description length (section
    2.2.1); Blier and Ollivier 2018, The description length of deep learning models; Louizos,
    Ullrich and Welling 2017, Bayesian compression for deep learning; Knowles and Minka 2011,
    Non-conjugate variational message passing (tilted bound); Titsias 2016, One-vs-each
    approximation to softmax (pairs).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import variational_codelength
    >>> y = np.arange(64) % 2
    >>> bool(variational_codelength(y[:, None] + 0.0, y) < 10)  # of 64 bits
    True
    """
    check_scales(scales)
    x, y = matched(x, y, least=2)
    state = state_of(Examples(capacity=len(x)), x, y)
    return variational_score(state, scales=tuple(scales))[0].value


def check_scales(scales: Sequence[float]) -> None:
    """Raise `OptionError` unless there is a scale and all are positive."""
    check_numbers("scales", scales)
    if len(scales) == 0:
        raise OptionError("scales=(): the prior needs at least one, e.g. (0.1, 1.0, 10.0).")
    for scale in scales:
        check_positive("scales", scale)


def variational_score(fit: ExamplesState, *, scales: tuple[float, ...]) -> tuple[Score, Score]:
    """`variational_codelength` of the fitted examples, and how many times shorter than uniform."""
    status = status_of_classes(fit)
    if status != OK:
        return as_codelength(np.nan, np.nan, fit, status)
    (known,) = labelled(fit)
    classes = int(known.label.max()) + 1
    rows = np.column_stack([_components(known.x, known.weight), np.ones(len(known.label))])
    code = _Code(rows, np.eye(classes)[known.label], known.weight)
    lengths: list[float] = []
    posterior = None
    with one_thread():
        for scale in sorted(scales):
            posterior, length = code.shortest(scale, posterior)
            lengths.append(length)
            if length > min(lengths) + _LONGER:
                break
    nats = np.log(len(scales)) - np.logaddexp.reduce(-np.array(lengths))
    return as_codelength(nats / np.log(2), known.weight.sum() * np.log2(classes), fit)


def _components(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Principal components of a representation of mean squared length 1."""
    x = x - x[0]  # exactly 0 for a unit that is constant
    x = x - np.average(x, axis=0, weights=weight)
    square = np.average((x**2).sum(axis=1), weights=weight)
    if not square > 0:
        return np.zeros((len(x), 0))
    _, values, vectors = np.linalg.svd(x * np.sqrt(weight / square)[:, None], full_matrices=False)
    turned: np.ndarray = x @ vectors[values > 1e-12 * values[0]].T / np.sqrt(square)
    return turned


class _Posterior(NamedTuple):
    """A Gaussian for each weight.

    Attributes
    ----------
    mean : array (component, logit)
    deviation : array (component, logit)
    """

    mean: np.ndarray
    deviation: np.ndarray


class _Code(NamedTuple):
    """What is to be coded.

    Attributes
    ----------
    rows : array (example, component)
        The last is 1, for the intercept.
    truth : array (example, class)
        1 for the class of each example.
    weight : array (example,)
    """

    rows: np.ndarray
    truth: np.ndarray
    weight: np.ndarray

    def shortest(self, scale: float, start: _Posterior | None = None) -> tuple[_Posterior, float]:
        """Find the posterior whose code is shortest, and how many nats it needs."""
        components, classes = self.rows.shape[1], self.truth.shape[1]
        prior = np.append(np.full(components - 1, scale), _BIAS)[:, None]
        if start is None:
            certain = 1 / prior**2 + (self.weight @ self.rows**2)[:, None] / 4
            logits = classes if classes > 2 else 1
            deviation = np.repeat(1 / np.sqrt(certain), logits, axis=1)
            start = _Posterior(np.zeros_like(deviation), deviation)
        for _ in range(_ROUNDS):
            start, nats, flat = self._shorter(prior, start)
            if flat:
                break
        return start, nats

    def _shorter(self, prior: np.ndarray, start: _Posterior) -> tuple[_Posterior, float, bool]:
        """Take L-BFGS some steps further, and say whether it is at the end.

        Deviations say how curved the length is at the start: in these units all weights are alike.
        """
        from scipy import optimize

        unit = start.deviation

        def posterior(values: np.ndarray) -> _Posterior:
            mean, log_deviation = values.reshape(2, *unit.shape)
            return _Posterior(start.mean + mean * unit, np.exp(log_deviation) * unit)

        def length(values: np.ndarray) -> tuple[float, np.ndarray]:
            found = posterior(values)
            nats, by_mean, by_deviation = self._length(found, prior)
            slopes = np.stack([by_mean * unit, by_deviation * found.deviation])
            return nats, slopes.ravel()

        options = {"maxiter": _STEPS, "gtol": _FLAT, "ftol": _GAIN}
        found = optimize.minimize(
            length, np.zeros(2 * unit.size), jac=True, method="L-BFGS-B", options=options
        )
        return posterior(found.x), float(found.fun), found.nit < _STEPS

    def _length(
        self, posterior: _Posterior, prior: np.ndarray
    ) -> tuple[float, np.ndarray, np.ndarray]:
        """Nats, and their derivatives by means and deviations."""
        mean, deviation = posterior
        squares = self.rows**2
        logit, variance = self.rows @ mean, squares @ deviation**2
        if logit.shape[1] == 1:  # the log-odds of the second class
            truth = self.truth[:, 1:]
            nats, by_logit, by_variance = expected_softplus(logit, variance, _STEP)
            nats, by_logit = (nats - truth * logit)[:, 0], by_logit - truth
        else:
            nats, by_logit, by_variance = expected_losses(logit, variance, self.truth)
        by_logit, by_variance = (part * self.weight[:, None] for part in (by_logit, by_variance))
        ratio = (deviation / prior) ** 2
        divergence = (ratio + (mean / prior) ** 2 - 1 - np.log(ratio)).sum() / 2
        return (
            float(self.weight @ nats + divergence),
            self.rows.T @ by_logit + mean / prior**2,
            2 * deviation * (squares.T @ by_variance) + deviation / prior**2 - 1 / deviation,
        )
