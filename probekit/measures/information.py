"""What probes tell in bits: codelength and usable information."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from probekit._checks import check_numbers
from probekit.errors import OptionError
from probekit.measures._arguments import matched, splits
from probekit.measures._status import OK, Score
from probekit.measures.classification import both_states
from probekit.measures.decoders import as_score, check_probe, cross_entropy
from probekit.measures.probes import Labelled, Options, labelled, status_of_classes, trained
from probekit.statistics import Examples, ExamplesState, state_of

DEFAULT_FRACTIONS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)


def online_codelength(
    x: Any,
    y: Any,
    *,
    probe: Any = "logistic",
    fractions: Sequence[float] = DEFAULT_FRACTIONS,
    options: Mapping[str, Any] | None = None,
) -> jax.Array:
    """Minimum description length of a feature given the representation, by online coding.

    L = t₁ log₂ K - Σ_i log₂ p_i(y_{t_i+1 … t_{i+1}} | x), where p_i is the probe fitted to the
    first t_i examples, and K the number of classes. So that the code has a word for each class, p_i
    is (t_i p + 1) / (t_i + K) of what the probe predicts.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The class of each example.
    probe : str or object
        As in `decoding`; it must give probabilities.
    fractions : sequence of float
        The t_i as fractions of all examples, ascending, the last 1.
    options : mapping, optional
        Arguments of the scikit-learn class.

    Returns
    -------
    array ()
        In bits, above 0; n log₂ K for a probe that knows nothing. NaN if the input is not finite,
        if only one class occurs, or if none occurs twice.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If the probe is unknown or gives no probabilities, or the fractions do not ascend to 1.

    Notes
    -----
    Examples are transmitted in a random order that depends on their numbers alone; of an estimator
    one of weight w as w of them together. Runs on the host, not under ``jit``. With ``logistic``
    invariant to translation, scaling, rotation and permutation of units. Costs as much as fitting
    two probes to all examples: O(n d) an iteration.

    References
    ----------
    Voita and Titov 2020, Information-theoretic probing with minimum description length (online
    code).

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import online_codelength
    >>> y = np.arange(64) % 2
    >>> bool(online_codelength(y[:, None] + 0.0, y) < 20)  # of 64 bits
    True
    """
    check_probe(probe, "cross_entropy")
    check_fractions(fractions)
    x, y = matched(x, y, least=2)
    state = state_of(Examples(capacity=len(x)), x, y)
    pairs = tuple((options or {}).items())
    return codelength_score(state, probe=probe, fractions=tuple(fractions), options=pairs)[0].value


def v_information(
    x: Any,
    y: Any,
    *,
    held_out: tuple[Any, Any] | None = None,
    probe: Any = "logistic",
    options: Mapping[str, Any] | None = None,
) -> jax.Array:
    """Usable information: how many bits about a feature a family of probes gets from x.

    I_V(X → Y) = H_V(Y) - H_V(Y | X): cross-entropy on the scored examples of the class frequencies
    of the fitted ones, minus that of the probe.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,) or (example, k)
        The class of each example.
    held_out : tuple of array, optional
        Representation and classes of the examples that are scored; those that are fitted, unless
        given.
    probe : str or object
        The family V, as in `decoding`; it must give probabilities.
    options : mapping, optional
        Arguments of the scikit-learn class.

    Returns
    -------
    array ()
        In bits. On the fitted examples at most log₂ of the number of classes; on others also more,
        where classes are frequent that were rare. Below 0 for a probe that does worse on the scored
        examples than the frequencies. Undefined as `decoding` is.

    Raises
    ------
    ShapeError
        If numbers of examples or columns differ, or there are fewer than 2 examples to fit.
    OptionError
        If the probe is unknown or gives no probabilities.

    Notes
    -----
    Runs on the host, not under ``jit``. With ``logistic`` invariant to translation, scaling,
    rotation and permutation of units. O(n d) an iteration.

    References
    ----------
    Xu, Zhao, Song, Stewart and Ermon 2020, A theory of usable information under computational
    constraints.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import v_information
    >>> y = np.arange(64) % 2
    >>> bool(0.9 < v_information(y[:, None] + 0.0, y) <= 1)
    True
    """
    check_probe(probe, "cross_entropy")
    states = both_states(splits(x, y, held_out, least=2))
    return information_score(*states, probe=probe, options=tuple((options or {}).items())).value


def check_fractions(fractions: Sequence[float]) -> None:
    """Raise `OptionError` unless the fractions ascend from above 0 to 1."""
    check_numbers("fractions", fractions)
    steps = np.diff([0.0, *fractions])
    if len(fractions) == 0 or not (steps > 0).all() or fractions[-1] != 1:
        raise OptionError(
            f"fractions={tuple(fractions)!r}: must ascend from above 0 to 1, e.g. (0.1, 0.5, 1.0)."
        )


def codelength_score(
    fit: ExamplesState, *, probe: Any, fractions: tuple[float, ...], options: Options
) -> tuple[Score, Score]:
    """`online_codelength` of the fitted examples, and how many times shorter than uniform it is."""
    status = status_of_classes(fit)
    if status != OK:
        return as_codelength(np.nan, np.nan, fit, status)
    (known,) = labelled(fit)
    classes = int(known.label.max()) + 1
    bits = 0.0
    for start, end in _blocks(known.weight, fractions):
        coded = known.take(slice(start, end))
        if start == 0:
            bits += coded.weight.sum() * np.log2(classes)
            continue
        sent = known.take(slice(0, start))
        p, count = _predicted(probe, sent, coded, classes, options), sent.weight.sum()
        p = (count * p + 1) / (count + classes)
        bits -= coded.weight @ np.log2(p[np.arange(end - start), coded.label])
    return as_codelength(bits, known.weight.sum() * np.log2(classes), fit)


def as_codelength(
    bits: float, uniform: float, fit: ExamplesState, status: int = OK
) -> tuple[Score, Score]:
    """Return the length of a code, and how many times shorter than the uniform one it is."""
    dtype = np.asarray(fit.x).dtype
    return as_score(bits, status, dtype), as_score(uniform / bits, status, dtype)


def _blocks(weight: np.ndarray, fractions: tuple[float, ...]) -> Iterator[tuple[int, int]]:
    """First and last examples of what is coded at a time; none is empty.

    Copies of an example are sent together, as many examples as there is room for in the fraction.
    """
    sent = np.cumsum(weight)
    room = np.array([round(fraction * sent[-1]) for fraction in fractions])
    ends = np.searchsorted(sent, room * (1 + 1e-9), side="right")
    ends[-1] = len(weight)
    ends = np.unique(np.maximum(ends, 1))
    yield from zip([0, *ends[:-1]], ends, strict=True)


def _predicted(
    probe: Any, known: Labelled, asked: Labelled, classes: int, options: Options
) -> np.ndarray:
    """Probabilities ``(example, class)``; if one class alone is known, it is certain."""
    if len(np.unique(known.label)) == 1:
        return np.broadcast_to(np.eye(classes)[known.label[0]], (len(asked.label), classes))
    found: np.ndarray = trained(probe, known, options).probabilities(asked.x, classes)
    return found


def information_score(
    fit: ExamplesState, held_out: ExamplesState, *, probe: Any, options: Options
) -> Score:
    """`v_information` of the examples that were kept."""
    dtype = np.asarray(fit.x).dtype
    status = status_of_classes(fit, held_out)
    if status != OK:
        return as_score(np.nan, status, dtype)
    known, asked = labelled(fit, held_out)
    classes = int(max(known.label.max(), asked.label.max())) + 1
    frequency = np.bincount(known.label, weights=known.weight, minlength=classes)
    blind = np.broadcast_to(frequency / frequency.sum(), (len(asked.label), classes))
    seeing = trained(probe, known, options).probabilities(asked.x, classes)
    return as_score(cross_entropy(blind, asked) - cross_entropy(seeing, asked), OK, dtype)
