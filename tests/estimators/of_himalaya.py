"""The numbers of himalaya by which the rows of `probekit.estimators.elsewhere` are checked.

Penalties are on the scale of the features or kernels, folds are those that the hash draws, and of
several groups the same points of the simplex are tried.
"""

from functools import partial

import numpy as np

from probekit.measures.banded import simplex_points
from tests.optional import optional
from tests.reference import oracles
from tests.reference.as_himalaya import folds, normalised, total_r2, width

FOLDS, CANDIDATES = 5, 20


def of_himalaya(name, x, y):
    """Return the numbers by the name that stands first between backquotes."""
    called = name.split("`")[1].split("(")[0]
    return ROWS[called](np.float64(x) - np.float64(x).mean(axis=0), np.float64(y))


def part(name):
    return optional(f"himalaya.{name}")


def centred(y):
    return y - y.mean(axis=0)


def split(y):
    return [y[:, :1], y[:, 1:]]


def ridge(x, y):
    return fitted_ridge(x, y).score(centred(y), x).mean()


def fitted_ridge(x, y):
    return part("ridge").Ridge(alpha=(centred(y) ** 2).sum(axis=0).mean()).fit(centred(y), x)


def ridge_cv(x, y):
    alphas = [0.01 * (centred(y) ** 2).sum(axis=0).mean()]
    model = part("ridge").RidgeCV(alphas=alphas, cv=folds(len(x), FOLDS))
    return model.fit(centred(y), x).score(centred(y), x).mean()


def scored_ridge(scoring, x, y):
    return getattr(part("scoring"), scoring)(x, fitted_ridge(x, y).predict(centred(y)))


def group_lasso(x, y):
    """Of features and units in units of their spread, as penalties are here."""
    y = np.hstack([group / np.sqrt(group.var(axis=0).mean()) for group in split(centred(y))])
    model = part("lasso").SparseGroupLassoCV(
        groups=[0, 1, 1],
        l21_regs=[0.05],
        l1_regs=[0.0],
        cv=2,
        solver_params={"progress_bar": False, "max_iter": 2000, "tol": 1e-9},
    )
    x = x / x.std(axis=0)
    return model.fit(y, x).score(y, x).mean()


def banded_ridge(x, y):
    """As `fitted_bands`, with all penalties and points, chosen for each unit."""
    gammas = np.maximum(simplex_points(2, CANDIDATES), 1e-12)  # by 0 it would divide
    model, y = fitted_bands(x, y, gammas, oracles.PENALTIES)
    return averaged(model.score(y, x, split=True))


def fitted_bands(x, y, gammas, penalties):
    """Return the model, and the groups scaled to a mean sum of squares of 1."""
    groups = [z / np.sqrt((z**2).sum(axis=0).mean()) for z in split(centred(y))]
    y = np.concatenate(groups, axis=1)
    model = (
        part("ridge")
        .BandedRidgeCV(
            groups=np.repeat([0, 1], [z.shape[1] for z in groups]),
            solver_params={
                "n_iter": gammas,
                "alphas": penalties,
                "score_func": total_r2(x),
                "progress_bar": False,
            },
            cv=folds(len(x), FOLDS),
            fit_intercept=True,
        )
        .fit(y, x)
    )
    np.testing.assert_allclose(model.intercept_, 0, atol=1e-12)
    model.fit_intercept = False  # with one, though it be 0, theirs splits nothing
    return model, y


def scored_bands(scoring, x, y):
    """Of each unit, with the groups alike and a penalty of 1."""
    model, y = fitted_bands(x, y, simplex_points(2, 1), np.ones(1))
    return getattr(part("scoring"), scoring)(x, model.predict(y, split=True))


def averaged(shares):
    """Of shares of ``(group, unit)``: what they add up to, and they, by means over units."""
    return [shares.sum(axis=0).mean(), *shares.mean(axis=1)]


def kernel_ridge(x, y):
    """Of the kernel as it is, with a penalty that is scaled instead."""
    model = part("kernel_ridge").KernelRidge(
        alpha=scale_of_rbf(y),
        kernel="rbf",
        kernel_params={"gamma": width(y)},
        fit_intercept=True,
    )
    return model.fit(y, x).score(y, x).mean()


def kernel_ridge_cv(x, y):
    model = part("kernel_ridge").KernelRidgeCV(
        alphas=oracles.KERNEL_PENALTIES * scale_of_rbf(y),
        kernel="rbf",
        kernel_params={"gamma": width(y)},
        fit_intercept=True,
        cv=folds(len(x), FOLDS),
        solver_params={"score_func": total_r2(x)},
    )
    return model.fit(y, x).score(y, x).mean()


def scale_of_rbf(y):
    """Mean of the diagonal of the kernel, once it is centred."""
    gram = part("kernel_ridge").rbf_kernel(y, gamma=width(y))
    return 1 - gram.mean()


def weighted_kernel_ridge(x, y):
    model = part("kernel_ridge").WeightedKernelRidge(
        alpha=1.0,
        deltas=np.log([0.5, 0.5]),
        kernels="precomputed",
        solver_params={"tol": 1e-12, "max_iter": 1000},
    )
    grams = rbf_of_groups(y)
    return averaged(model.fit(grams, x).score(grams, x, split=True))


def rbf_of_groups(y):
    rbf = part("kernel_ridge").rbf_kernel
    return np.stack([normalised(rbf(z, gamma=width(z))) for z in split(y)])


def multiple_kernel_ridge(x, y):
    return of_several_kernels(x, rbf_of_groups(y), local_alpha=True)


def column_kernelizer(x, y):
    module = part("kernel_ridge")
    rbf = module.Kernelizer(kernel="rbf", kernel_params={"gamma": width(y[:, 1:])})
    columns = [("first", module.Kernelizer(kernel="linear"), [0]), ("rest", rbf, slice(1, None))]
    grams = module.ColumnKernelizer(columns).fit_transform(y)
    return of_several_kernels(x, np.stack([*map(normalised, grams)]), local_alpha=False)


def of_several_kernels(x, grams, *, local_alpha):
    model = part("kernel_ridge").MultipleKernelRidgeCV(
        kernels="precomputed",
        solver="random_search",
        solver_params={
            "n_iter": simplex_points(2, CANDIDATES),
            "alphas": oracles.KERNEL_PENALTIES,
            "score_func": total_r2(x),
            "local_alpha": local_alpha,
            "progress_bar": False,
        },
        fit_intercept=True,
        cv=folds(len(x), FOLDS),
    )
    with np.errstate(divide="ignore"):  # they take logarithms of the weights, 0 included
        model.fit(grams, x)
    shares = part("scoring").r2_score_split(x, centred_parts(model, grams))
    return averaged(shares)


def centred_parts(model, grams):
    predicted = part("kernel_ridge").predict_weighted_kernel_ridge
    parts = predicted(grams, model.dual_coef_, model.deltas_, split=True)
    return parts - parts.mean(axis=1, keepdims=True)


def of_kernel(called, x, y):
    """With one penalty for the mean of all units, as nothing else is asked for."""
    module = part("kernel_ridge")
    if called == "polynomial_kernel":
        y = centred(y)
    options = {
        "polynomial_kernel": {"gamma": 1 / (y**2).sum(axis=1).mean()},
        "rbf_kernel": {"gamma": width(y)},
        "sigmoid_kernel": {"gamma": 0.01, "coef0": -1},
    }
    gram = normalised(getattr(module, called)(y, **options.get(called, {})))
    model = module.KernelRidgeCV(
        alphas=oracles.KERNEL_PENALTIES,
        kernel="precomputed",
        fit_intercept=True,
        cv=folds(len(x), FOLDS),
        solver_params={"score_func": total_r2(x), "local_alpha": False},
    )
    return model.fit(gram, x).score(gram, x).mean()


KERNELS = ("linear", "polynomial", "rbf", "sigmoid", "cosine_similarity")
SPLITS = ("r2_score_split", "r2_score_split_svd", "correlation_score_split")
ROWS = {
    "Ridge": ridge,
    "RidgeCV": ridge_cv,
    "SparseGroupLassoCV": group_lasso,
    "GroupRidgeCV": banded_ridge,
    "BandedRidgeCV": banded_ridge,
    "KernelRidge": kernel_ridge,
    "KernelRidgeCV": kernel_ridge_cv,
    "WeightedKernelRidge": weighted_kernel_ridge,
    "MultipleKernelRidgeCV": multiple_kernel_ridge,
    "ColumnKernelizer": column_kernelizer,
    **{f"{name}_kernel": partial(of_kernel, f"{name}_kernel") for name in KERNELS},
    **{name: partial(scored_ridge, name) for name in ("r2_score", "correlation_score")},
    **{name: partial(scored_bands, name) for name in SPLITS},
}
