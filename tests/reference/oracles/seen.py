"""Examples as estimators see them: in float64, in folds and samples by a hash of their number."""

import numpy as np


def in_float64(*arrays):
    return [np.asarray(array).astype(np.float64) for array in arrays]


def hash_of(index):
    """The final step of MurmurHash3, in Python's integers."""
    found = []
    for number in index:
        bits = int(number)
        bits = (bits ^ (bits >> 16)) * 0x85EBCA6B & 0xFFFFFFFF
        bits = (bits ^ (bits >> 13)) * 0xC2B2AE35 & 0xFFFFFFFF
        found.append(bits ^ (bits >> 16))
    return np.array(found)


def fold_of(index, folds):
    return hash_of(index) % folds


def order_of_sample(start, examples):
    """Examples as a sample holds them: by the hash of their number."""
    return np.argsort(hash_of(range(start, start + examples)))


def padded(x, y, centred):
    """Both with as many units, the last of which may be 0."""
    x, y = (z - z.mean(axis=0) if centred else z for z in (x, y))
    most = max(x.shape[1], y.shape[1])
    return [np.pad(z, ((0, 0), (0, most - z.shape[1]))) for z in (x, y)]


def sampled(x, *scored):
    """Those that are scored as a sample holds them; as they are if no others were fitted."""
    order = np.arange(len(scored[0])) if x is None else order_of_sample(len(x), len(scored[0]))
    return [z[order] for z in in_float64(*scored)]


def unit_norm(*arrays):
    centred = [z - z.mean(axis=0) for z in in_float64(*arrays)]
    return [z / np.linalg.norm(z) for z in centred]
