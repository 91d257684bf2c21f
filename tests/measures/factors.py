"""Factors of which all combinations are there, and representations that mix them."""

import numpy as np

N = 96
Y = np.stack([np.arange(N) % 2, np.arange(N) // 2 % 3, np.arange(N) // 6 % 4], axis=1)
TURN, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))


def noisy(seed=0, units=5):
    generator = np.random.default_rng(seed)
    mixing = np.random.default_rng(9).normal(size=(3, units))
    return np.float32(Y @ mixing + generator.normal(size=(N, units)))
