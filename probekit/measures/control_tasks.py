"""Control tasks: what a probe could have learned by heart."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from probekit._checks import check_count
from probekit.errors import OptionError
from probekit.measures._arguments import matched, splits
from probekit.measures._status import OK, Score
from probekit.measures.classification import both_states
from probekit.measures.decoders import as_score, check_probe
from probekit.measures.probes import Labelled, Options, labelled, status_of_classes, trained
from probekit.statistics import ExamplesState

DEFAULT_DRAWS = 3


def control_selectivity(
    x: Any,
    y: Any,
    *,
    types: Any = None,
    held_out: tuple[Any, ...] | None = None,
    probe: Any = "logistic",
    draws: int = DEFAULT_DRAWS,
    options: Mapping[str, Any] | None = None,
) -> jax.Array:
    """Accuracy of a probe minus that on a control task: its selectivity.

    The control task gives each type of example a class at random, with the frequencies of the real
    ones, so that it can only be learned by heart.

    Parameters
    ----------
    x : array (example, unit)
        The representation.
    y : array (example,)
        The class of each example.
    types : array (example,), optional
        Which examples are of one type (word, object, …). Unless given, each is a type of its own,
        and both tasks are scored on the fitted examples: nothing could be known of others.
    held_out : (x2, y2, types2), optional
        The examples that are scored, if there are types.
    probe : str or object
        As in `decoding`.
    draws : int
        How many control tasks the accuracy is averaged over.
    options : mapping, optional
        Arguments of the scikit-learn class.

    Returns
    -------
    array ()
        In [-1, 1]; high for a probe that finds the feature and cannot memorise. Undefined as
        `decoding` is.

    Raises
    ------
    ShapeError
        If the numbers of examples differ, or there are fewer than 2.
    OptionError
        If the probe is unknown, `draws` is below 1, or `held_out` comes without `types`.

    Notes
    -----
    Runs on the host, not under ``jit``. With ``logistic``, ``ridge`` and ``knn`` invariant to
    translation, scaling, rotation and permutation of units. Costs 1 + `draws` probes: O(n d) an
    iteration.

    References
    ----------
    Hewitt and Liang 2019, Designing and interpreting probes with control tasks.

    Examples
    --------
    >>> import numpy as np
    >>> from probekit.measures import control_selectivity
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> bool(control_selectivity(x, x[:, 0] > 0) > 0.25)
    True
    """
    check_probe(probe, "accuracy")
    check_count("draws", draws, 1)
    if types is None and held_out is not None:
        raise OptionError(
            "held_out: given without types; a control task on new examples needs the type of each."
        )
    if types is not None:
        y, types = matched(y, types, names=("y", "types"))
        y = np.concatenate([y, types], axis=1)
        if held_out is not None:
            if not isinstance(held_out, tuple | list) or len(held_out) != 3:
                raise OptionError(
                    "held_out: with types it is three arrays (x2, y2, types2); give these."
                )
            y2, types2 = matched(held_out[1], held_out[2], names=("held_out[1]", "held_out[2]"))
            held_out = (held_out[0], np.concatenate([y2, types2], axis=1))
    states = both_states(splits(x, y, held_out, least=2))
    pairs = tuple((options or {}).items())
    found = selectivity_score(
        *states, probe=probe, types=types is not None, draws=draws, options=pairs
    )
    return found[0].value


def selectivity_score(
    fit: ExamplesState,
    held_out: ExamplesState,
    *,
    probe: Any,
    types: bool,
    draws: int,
    options: Options,
) -> tuple[Score, Score]:
    """`control_selectivity` of the examples that were kept, and the accuracy of the control task.

    With types, they are the last column of `y`.
    """
    dtype = np.asarray(fit.x).dtype
    states = (fit, held_out) if types else (fit, fit)
    kinds = [np.asarray(state.y)[np.asarray(state.present), -1] for state in states]
    if types:
        fit, held_out = (dataclasses.replace(state, y=state.y[:, :-1]) for state in states)
        states = (fit, held_out)
    status = status_of_classes(*states)
    if status != OK:
        return as_score(np.nan, status, dtype), as_score(np.nan, status, dtype)
    known, asked = labelled(*states)
    _, code = np.unique(np.concatenate(kinds), return_inverse=True)
    of_known, of_asked = code[: len(kinds[0])], code[len(kinds[0]) :]
    if not types:
        of_known = of_asked = np.arange(len(known.label))

    def accuracy(known: Labelled, asked: Labelled) -> float:
        if len(np.unique(known.label)) == 1:
            return float(np.average(asked.label == known.label[0], weights=asked.weight))
        right = trained(probe, known, options).predict(asked.x) == asked.label
        return float(np.average(right, weights=asked.weight))

    generator = np.random.default_rng(0)
    control = []
    alike = bool((known.weight == known.weight[0]).all())
    share = None if alike else known.weight / known.weight.sum()
    for _ in range(draws):
        drawn = generator.choice(known.label, 1 + max(of_known.max(), of_asked.max()), p=share)
        task = known._replace(label=drawn[of_known]), asked._replace(label=drawn[of_asked])
        control.append(accuracy(*task))
    mean = float(np.mean(control))
    return as_score(accuracy(known, asked) - mean, OK, dtype), as_score(mean, OK, dtype)
