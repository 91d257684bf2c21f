"""Boolean features: inputs of random bits, and labels that are functions of a few of them.

Each feature has its own block of input units. A ``linear`` feature is the value of the block's
first bit, copied to the first four units; ``top_left_right`` is ``top(left(a, b), right(c, d))`` of
the first four bits, sampled by rejection so that half of the examples have each label.

The random numbers are those of the demo notebook of Lampinen, Chan and Hermann (2024), arXiv
2405.05847, bit for bit: one legacy NumPy generator per data set, read in the notebook's order. The
notebook redraws one example at a time; here the stream is read in blocks, and the generator is put
back to where the notebook would have left it.
"""

from collections.abc import Sequence

import numpy as np

from probekit.errors import Argument, OptionError, suggestion
from probekit.tasks._protocol import Split

OPERATIONS = {"and": np.logical_and, "or": np.logical_or, "xor": np.logical_xor}
RELEVANT_UNITS = 4
"""How many units of its block a feature depends on."""


def check_feature(feature: str, units: int) -> None:
    """Raise `OptionError` unless `feature` is ``linear`` or three operations joined by ``_``."""
    if feature == "linear":
        return
    operations = feature.split("_")
    if feature and len(operations) == 1 and feature not in OPERATIONS:
        raise OptionError(
            Argument("features", feature),
            f": no such feature{suggestion(feature.lower(), ['linear'])} "
            "A feature is 'linear' or top_left_right, e.g. 'xor_xor_xor'.",
        )
    for operation in operations:
        if operation not in OPERATIONS:
            near = suggestion(operation, OPERATIONS)
            raise OptionError(
                Argument("features", feature),
                f": unknown operation {operation!r}{near} "
                "A feature is 'linear' or top_left_right, e.g. 'xor_xor_xor'.",
            )
    if len(operations) != 3:
        raise OptionError(
            Argument("features", feature),
            f": {len(operations)} operations; a feature needs 3 "
            "(top_left_right), e.g. 'xor_xor_xor', or 'linear'.",
        )
    if units < RELEVANT_UNITS:
        raise OptionError(
            Argument("units", units),
            f": feature {feature!r} depends on {RELEVANT_UNITS} units; "
            f"give at least {RELEVANT_UNITS}.",
        )


def boolean_function(feature: str, bits: np.ndarray) -> np.ndarray:
    """Value of ``top_left_right`` for each row of bits.

    Parameters
    ----------
    feature : str
        Three operations out of ``and``, ``or``, ``xor``, joined by ``_``.
    bits : array (example, unit)
        Bits or integers 0 and 1, at least four units.

    Returns
    -------
    array (example,), bool

    Examples
    --------
    >>> boolean_function("xor_and_or", np.array([[1, 1, 0, 0], [1, 1, 0, 1]]))
    array([ True, False])
    """
    top, left, right = (OPERATIONS[operation] for operation in feature.split("_"))
    value: np.ndarray = top(left(bits[:, 0], bits[:, 1]), right(bits[:, 2], bits[:, 3]))
    return value


def sample(
    features: Sequence[str], *, units: int, examples: int, seed: int
) -> tuple[Split, np.random.RandomState]:
    """Draw one data set.

    Parameters
    ----------
    features : sequence of str
        One block of inputs each, in this order.
    units : int
        Input units of each feature.
    examples : int
        How many examples.
    seed : int
        Seed of the legacy generator.

    Returns
    -------
    split : Split
        Inputs ``(example, feature * unit)`` and labels ``(example, feature)``; int64, 0 and 1.
    generator : numpy.random.RandomState
        As the sampling left it: the notebook goes on with it to shuffle the training set.

    Examples
    --------
    >>> split, _ = sample(("linear", "xor_xor_xor"), units=16, examples=6, seed=1)
    >>> split.inputs.shape, split.features[:, 1].sum()
    ((6, 32), np.int64(3))
    """
    generator = np.random.RandomState(seed)
    inputs = _bits(generator, examples, len(features) * units).astype(np.int64)
    labels = np.empty((examples, len(features)), np.int64)
    for column, feature in enumerate(features):
        block = inputs[:, column * units : (column + 1) * units]  # a view
        if feature == "linear":
            block[:, :RELEVANT_UNITS] = block[:, :1]
            labels[:, column] = block[:, 0]
        else:
            _balance(feature, block, generator)
            labels[:, column] = boolean_function(feature, block)
    return Split(inputs, labels), generator


def _bits(generator: np.random.RandomState, rows: int, units: int) -> np.ndarray:
    """Draw what ``generator.binomial(1, 0.5, (rows, units))`` would, only faster.

    The legacy binomial inverts one uniform number per draw: a one is a number above a half.
    """
    bits: np.ndarray = generator.random_sample((rows, units)) > 0.5
    return bits


def _balance(feature: str, block: np.ndarray, generator: np.random.RandomState) -> None:
    """Redraw rows of `block` in place until the labels alternate along a random order of them."""
    order = generator.permutation(len(block))
    wanted = np.arange(len(block)) % 2 == 1
    wrong = boolean_function(feature, block[order]) != wanted
    block[order[wrong]] = _draw_with_labels(feature, wanted[wrong], block.shape[1], generator)


def _draw_with_labels(
    feature: str, wanted: np.ndarray, units: int, generator: np.random.RandomState
) -> np.ndarray:
    """Return, for each wanted label in turn, the next row of the stream that has it."""
    start = generator.get_state()
    rows = 64 + 4 * len(wanted)
    while True:
        stream = _bits(generator, rows, units)
        taken = _next_with_labels(boolean_function(feature, stream), wanted)
        generator.set_state(start)
        if taken is not None:
            break
        rows *= 2
    # Rejection one row at a time would have stopped right behind the last row taken.
    generator.random_sample(units * (int(taken[-1]) + 1 if len(taken) else 0))
    drawn: np.ndarray = stream[taken]
    return drawn


def _next_with_labels(labels: np.ndarray, wanted: np.ndarray) -> np.ndarray | None:
    """Return where each wanted label comes next, in turn; None if the labels run out."""
    places = {value: np.flatnonzero(labels == value).tolist() for value in (False, True)}
    # How many rows of a label come before a position says where to look on in its list of places.
    before_true = np.concatenate([[0], np.cumsum(labels)]).tolist()
    taken, position = [], 0
    for label in wanted.tolist():
        rank = before_true[position] if label else position - before_true[position]
        if rank >= len(places[label]):
            return None
        position = places[label][rank]
        taken.append(position)
        position += 1
    return np.array(taken, np.int64)
