"""How many bits labels need, or are spared, by one who knows the representation."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
from scipy import integrate, optimize, special, stats
from sklearn import metrics
from sklearn.decomposition import PCA

from tests.reference.oracles.decoding import as_probes_see, cross_entropy, logistic
from tests.reference.oracles.seen import in_float64, order_of_sample


def v_information(x, y, x2, y2):
    classes, counts = np.unique(y, return_counts=True)
    blind = np.tile(counts / counts.sum(), (len(y2), 1))
    known = metrics.log_loss(np.asarray(y2)[:, 0], blind, labels=classes) / np.log(2)
    return known - cross_entropy(x, y, x2, y2)


def online_codelength(x, y, x2, y2):
    order = order_of_sample(0, len(x))
    x, y = x[order], np.asarray(y)[order, 0]
    classes, codes = np.unique(y, return_inverse=True)
    n, k = len(y), len(classes)
    percent = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.25, 12.5, 25, 50, 100]
    ends = sorted({max(1, round(n * p / 100)) for p in percent})
    bits = ends[0] * np.log2(k)
    for start, end in itertools.pairwise(ends):
        seen, coded = as_probes_see(x[:start], x[start:end]) if start > 1 else (None, None)
        p = np.zeros((end - start, k))
        if len(set(codes[:start])) == 1:
            p[:, codes[0]] = 1
        else:
            model = logistic(seen, codes[:start])
            p[:, model.classes_] = model.predict_proba(coded)
        p = (start * p + 1) / (start + k)
        bits -= np.log2(p[np.arange(end - start), codes[start:end]]).sum()
    return bits


def variational_codelength(x, y, x2, y2, *, scales=(0.1, 1.0, 10.0, 100.0, 1000.0)):
    """Of three classes and more; derivatives are taken by JAX, in float64."""
    (x,) = in_float64(x)
    parts = PCA().fit_transform(x)
    parts = parts / np.sqrt((parts**2).sum(axis=1).mean())
    truth = np.asarray(y) == np.unique(y)
    with jax.enable_x64(True):
        length = jax.jit(jax.value_and_grad(_variational_nats))
        nats = [
            optimize.minimize(
                length,
                np.zeros(2 * (parts.shape[1] + 1) * truth.shape[1]),
                (parts, truth, scale, *_hats()),
                jac=True,
                method="L-BFGS-B",
                options={"maxiter": 20_000, "maxfun": 40_000, "gtol": 1e-6, "ftol": 1e-14},
            ).fun
            for scale in scales
        ]
    return (np.log(len(scales)) - special.logsumexp(-np.array(nats))) / np.log(2)


def _variational_nats(values, parts, truth, scale, nodes, shares):
    (n, r), k = parts.shape, truth.shape[1]
    rows = jnp.concatenate([parts, jnp.ones((n, 1))], axis=1)
    prior = jnp.append(jnp.full(r, scale), np.pi / np.sqrt(3))[:, None]
    mean, log_deviation = values.reshape(2, r + 1, k)
    deviation = jnp.exp(log_deviation)
    m, v = rows @ (mean * prior), rows**2 @ (deviation * prior) ** 2
    a = jnp.full((n, k), 1 / k)
    # Steps that are too small for the curvature, which is at most v + v² / 2; the derivative of the
    # bound by a is 0 where they lead.
    step = lambda _, a: a - (a - jax.nn.softmax(m + (0.5 - a) * v)) / (1 + v / 2)  # noqa: E731
    a = jax.lax.stop_gradient(jax.lax.fori_loop(0, 100, step, a))
    total = jax.nn.logsumexp(m + (0.5 - a) * v, axis=1) + (a**2 * v).sum(axis=1) / 2
    tilted = total - (m * truth).sum(axis=1)
    apart = m - (m * truth).sum(axis=1, keepdims=True)
    width = jnp.sqrt(v + (v * truth).sum(axis=1, keepdims=True))
    pairs = jax.nn.softplus(apart[..., None] + width[..., None] * nodes) @ shares
    pairs = jnp.where(truth, 0, pairs).sum(axis=1)
    divergence = (deviation**2 + mean**2 - 1) / 2 - log_deviation
    return jnp.minimum(tilted, pairs).sum() + divergence.sum()


def _hats():
    """Nodes, and the integral of each one's hat times the normal density."""
    apart = 0.25
    nodes = np.arange(-8.0, 8.0 + apart, apart)
    integrals = [
        integrate.quad(
            lambda z, node=node: (1 - abs(z - node) / apart) * stats.norm.pdf(z),
            node - apart,
            node + apart,
            points=[node],
            epsabs=1e-14,
        )[0]
        for node in nodes
    ]
    return nodes, np.array(integrals)
