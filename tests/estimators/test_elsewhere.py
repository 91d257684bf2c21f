"""What is said of other packages: it can be called, and gives the numbers of the package.

Of packages that tests can install every row is compared, here; with the options, if the row says
that numbers differ, for which they do not.
"""

from typing import NamedTuple

import jax
import numpy as np
import pytest
import scipy.spatial.distance as spatial

from probekit import inference, measures
from probekit.estimators import catalogue
from tests.estimators.of_himalaya import of_himalaya
from tests.optional import optional
from tests.reference import oracles


class Row(NamedTuple):
    """A name of another package, the expression for the same here, and what differs."""

    package: str
    there: str
    here: str
    differs: str


def cells(table):
    """Return the cells of each row of a table in Markdown, below its head."""
    rows = [line[2:-2].split(" | ") for line in table.splitlines() if line.startswith("|")]
    return rows[2:]


TABLES = catalogue.ELSEWHERE.read_text(encoding="utf-8").split("\n## ")
ELSEWHERE = [
    Row(package, there, here.strip("`"), differs)
    for package, there, here, differs in cells(TABLES[0])
]
NOT_HERE = cells(TABLES[1])

N = 24
GENERATOR = np.random.default_rng(0)
LABELS = np.arange(N) % 4
RUNS = np.arange(N) // 4 % 2
X = np.float32(GENERATOR.random((N, 3)) + LABELS[:, None])
Y = np.float32(GENERATOR.random((N, 3)) + X[:, ::-1])
PRECISION = np.cov(GENERATOR.random((3, 9)))
PEERS = ("rsatoolbox", "himalaya", "scikit-learn")
COMPARED = [row for row in ELSEWHERE if row.package in PEERS]


def evaluated(expression):
    a, b = (measures.rdm(z, metric="squared_euclidean") for z in (X, Y))
    known = {
        "np": np,
        "x": X,
        "y": Y,
        "a": a,
        "b": b,
        "parts": [measures.rdm(z[:, None], metric="squared_euclidean") for z in Y.T],
        "labels": LABELS,
        "runs": RUNS,
        "precision": PRECISION,
        "inference": inference,
    }
    # NumPy imports parts of itself when they are first used, by what the expression may call.
    allowed = {"abs": abs, "len": len, "__import__": __import__}
    return eval(expression, {**vars(measures), **known, "__builtins__": allowed})


def of_rsatoolbox(name):
    """Return the number by the name that stands first between backquotes."""
    toolbox = optional("rsatoolbox")
    called = name.split("`")[1]
    if name.endswith("with a prior"):
        options = {"method": called, "prior_lambda": 3, "prior_weight": 0.5}
        dataset = toolbox.data.Dataset(np.float64(X))
        return toolbox.rdm.calc_rdm(dataset, **options).get_matrices()[0]
    if name.endswith("for each run"):
        dataset = labelled(toolbox, X, RUNS)
        each = [dataset.subset_obs("run", run) for run in (0, 1)]
        options = {"method": called, "descriptor": "label", "cv_descriptor": "run"}
        options["noise"] = toolbox.data.noise.prec_from_unbalanced(each, "label")
        return toolbox.rdm.calc_rdm(dataset, **options).get_matrices()[0]
    if called == "calc_rdm_unbalanced":
        return unbalanced(toolbox, *name.split(", ")[1:])
    if name.startswith("RDM"):
        return distances(toolbox, called, single=name.endswith("single examples"))
    if called.startswith("fit_"):
        return weights(toolbox, called)
    if called.startswith("prec_from"):
        return precision(toolbox, called, name.split('"')[1])
    if called == "calc_rdm_movie":
        both = toolbox.data.TemporalDataset(np.float64(np.stack([X, Y], axis=2)))
        return toolbox.rdm.calc_rdm_movie(both, method="euclidean").get_matrices()
    if called == "get_categorical_rdm":
        return toolbox.rdm.get_categorical_rdm(LABELS).get_matrices()[0]
    if called == "Weighted_MDS":
        square = spatial.squareform(spatial.pdist(np.float64(X)))
        smacof = optional("rsatoolbox.util.weighted_mds").smacof
        options = {"weight": 1 - np.eye(N), "n_components": 3, "random_state": 0}
        found = smacof(square, n_init=8, eps=1e-5, max_iter=9999, **options)[0]
        return spatial.squareform(spatial.pdist(found))
    a, b = (toolbox.rdm.RDMs(spatial.pdist(np.float64(z), "sqeuclidean")[None]) for z in (X, Y))
    if called.endswith("_transform"):
        transform = getattr(optional("rsatoolbox.rdm.transform"), called)
        return transform(a, *([0.2, 0.7] if called[:6] == "geotop" else [])).get_matrices()
    if called == "from_partials":
        a, b = (
            toolbox.rdm.RDMs(square.dissimilarities, pattern_descriptors={"conds": [*range(size)]})
            for square, size in ((a, N), (b.subset_pattern("index", np.arange(9)), 9))
        )
        return toolbox.rdm.combine.from_partials([a, b]).get_matrices()
    if called in ("rescale", "RDMs.mean"):
        scaled = toolbox.rdm.combine.rescale(toolbox.rdm.concat([a, b]))
        if called == "rescale":
            return scaled.get_matrices()
        mean = scaled.mean(weights="rescalingWeights").get_matrices()
        return mean / np.sqrt((mean**2).sum() / 2)
    if called == "get_categorical_rdm":
        return toolbox.rdm.get_categorical_rdm(LABELS).get_matrices()[0]
    if called == "boot_noise_ceiling":
        return toolbox.inference.boot_noise_ceiling(toolbox.rdm.concat([a, b]), method="corr")
    if called.endswith("_tests"):
        return ranks(toolbox, called, toolbox.rdm.concat([a, b, summed(toolbox, a, b)]))
    if called == "crossval":
        first, second = (
            [a.subset_pattern("index", rows), rows]
            for rows in map(np.flatnonzero, (RUNS == 0, RUNS))
        )
        folds = [[second, first], [first, second]]
        model, fitter = candidates(toolbox, "Weighted"), toolbox.model.fitter.fit_regress_nn
        options = {"method": "corr", "fitter": fitter, "calc_noise_ceil": False}
        return toolbox.inference.crossval(model, a, *folds, **options).evaluations[0, 0]
    if called == "eval_fixed":
        total = sum(spatial.pdist(np.float64(z)[:, None], "sqeuclidean") for z in Y.T)
        model = toolbox.model.ModelFixed("model", total)
        return toolbox.inference.eval_fixed(model, a, method="corr").evaluations[0, 0]
    noise = np.diag(1.0 + np.arange(N)) if "sigma_k" in name else None
    return toolbox.rdm.compare(a, b, method=called, sigma_k=noise)[0, 0]


def summed(toolbox, a, b):
    return toolbox.rdm.RDMs(a.dissimilarities + b.dissimilarities)


def ranks(toolbox, called, subjects):
    """p of the first of two models, or of both, by signed ranks over subjects."""
    rows = [spatial.pdist(np.float64(z)[:, None], "sqeuclidean") for z in Y.T[:2]]
    models = [toolbox.model.ModelFixed(name, row) for name, row in zip("ab", rows, strict=True)]
    found = toolbox.inference.eval_fixed(models, subjects, method="corr")
    test = getattr(optional("rsatoolbox.util.inference_util"), called)
    ceiling = [found.noise_ceiling] if called == "nc_tests" else []
    p = test(found.evaluations, *ceiling, test_type="ranksum")
    return p[0, 1] if called == "pair_tests" else p[0]


def precision(toolbox, called, method):
    from_data = getattr(toolbox.data.noise, called)
    if called == "prec_from_residuals":
        rows = np.float64(X) - np.float64(X).mean(axis=0)
        return from_data(rows, dof=len(X) - 1, method=method)
    dataset = toolbox.data.Dataset(np.float64(X), obs_descriptors={"label": LABELS})
    return from_data(dataset, obs_desc="label", method=method, dof=N - 4)


def distances(toolbox, called, *, single=False):
    if single:
        dataset = toolbox.data.Dataset(np.float64(X))
        return toolbox.rdm.calc_rdm(dataset, method=called, noise=PRECISION).get_matrices()[0]
    if called in ("euclidean", "correlation", "poisson"):
        dataset = toolbox.data.Dataset(np.float64(X))
        return toolbox.rdm.calc_rdm(dataset, method=called).get_matrices()[0]
    options = {"descriptor": "label", "noise": PRECISION}
    if called != "mahalanobis":
        options["cv_descriptor"] = "run"
    each = [
        toolbox.rdm.calc_rdm(labelled(toolbox, X, runs), method=called, **options).get_matrices()[0]
        for runs in (RUNS, 1 - RUNS)  # of poisson_cv the last run counts
    ]
    return np.mean(each, axis=0)


def unbalanced(toolbox, method, more=""):
    """Crossnobis of examples about their mean: it depends on where 0 is."""
    x = X - X.mean(axis=0) if method == "crossnobis" else X
    x = np.where(x % 1 < 0.2, np.nan, x) if "missing" in more else x
    dataset = labelled(toolbox, x, np.arange(N) if "independent" in more else RUNS)
    options = {"method": method, "descriptor": "label"}
    if "with runs" in more or method == "crossnobis":
        options["cv_descriptor"] = "run"
    if method in ("crossnobis", "mahalanobis") and not more:
        options["noise"] = PRECISION
    return toolbox.rdm.calc_rdm_unbalanced(dataset, **options).get_matrices()[0]


def labelled(toolbox, x, runs):
    return toolbox.data.Dataset(
        np.float64(x), obs_descriptors={"label": LABELS * 1.0, "run": runs * 1.0}
    )


def candidates(toolbox, kind):
    """Of one length in all: larger ones may keep `fit_regress_nn` from ever coming to an end."""
    rows = np.stack([spatial.pdist(np.float64(z)[:, None], "sqeuclidean") for z in Y.T])
    rows = rows / np.linalg.norm(rows)
    return getattr(toolbox.model, f"Model{kind}")("model", toolbox.rdm.RDMs(rows))


def weights(toolbox, called):
    kind = {"fit_interpolate": "Interpolate", "fit_select": "Select"}.get(called, "Weighted")
    target = toolbox.rdm.RDMs(spatial.pdist(np.float64(X), "sqeuclidean")[None])
    np.random.seed(0)  # where a search starts from
    method = "cosine" if "optimize" in called else "corr"
    model = candidates(toolbox, kind)
    found = getattr(toolbox.model.fitter, called)(model, target, method=method)
    return np.eye(3)[found] if called == "fit_select" else found


def of_scikit_learn(name):
    linear, neighbours = (optional(f"sklearn.{part}") for part in ("linear_model", "neighbors"))
    called = name.split("`")[1]
    if called == "ledoit_wolf":
        return optional("sklearn.covariance").ledoit_wolf(np.float64(X))[0]
    if called == "manifold.trustworthiness":
        return optional("sklearn.manifold").trustworthiness(X, Y)
    if called in ("silhouette_score", "calinski_harabasz_score", "davies_bouldin_score"):
        return getattr(optional("sklearn.metrics"), called)(X, LABELS)
    if called == "mutual_info_score":
        metrics = optional("sklearn.metrics")
        codes = [np.digitize(unit, np.histogram(unit, 6)[1][:-1]) for unit in X.T]
        return [metrics.mutual_info_score(unit, LABELS) for unit in codes]
    if called == "roc_auc_score":
        metrics = optional("sklearn.metrics")
        areas = [[metrics.roc_auc_score(c == LABELS, unit) for unit in X.T] for c in range(4)]
        return np.max(areas, axis=0)
    if called == "LinearRegression.score":
        return linear.LinearRegression().fit(Y, X).score(Y, X)
    if called == "Ridge.score":
        alpha = 0.1 * np.var(X, axis=0).mean() * N
        return linear.Ridge(alpha=alpha).fit(X, Y).score(X, Y)
    if called == "PLSSVD":
        return oracles.pls(None, None, X, Y, weighting="mean")
    if called == "cross_val_score":
        selection, pls = (
            optional(f"sklearn.{part}") for part in ("model_selection", "cross_decomposition")
        )
        folds = selection.PredefinedSplit(oracles.fold_of(range(N), 2))
        model = pls.PLSRegression(3, scale=False)
        return selection.cross_val_score(model, X, Y, cv=folds).mean()
    return neighbours.KNeighborsClassifier().fit(X, LABELS).score(X, LABELS)


THEIRS = {
    "rsatoolbox": of_rsatoolbox,
    "himalaya": lambda name: of_himalaya(name, X, Y),
    "scikit-learn": of_scikit_learn,
}
RESAMPLED = "other resamples are drawn; tests/measures/test_rdm_bootstrap.py compares the same"
OUT_OF_BAG = "other resamples are drawn; tests/measures/test_rdm_out_of_bag.py compares the same"
NEVER_EQUAL = {
    **dict.fromkeys(
        [
            "`bootstrap_crossval`",
            "`eval_dual_bootstrap`",
            "`eval_bootstrap_pattern`",
            "`Result.get_ci`",
            "`Result.test_pairwise`",
            "`Result.test_zero`",
            "`Result.test_noise`",
            "`eval_bootstrap`",
            "`eval_bootstrap_rdm`",
        ],
        RESAMPLED,
    ),
    **dict.fromkeys(
        [
            "`bootstrap_testset`",
            "`bootstrap_testset_pattern`",
            "`bootstrap_testset_rdm`",
            "`pair_tests`, bootstrap, of a test set",
        ],
        OUT_OF_BAG,
    ),
    "`pool_rdm`": "theirs is without means; tests/measures/test_rdm_pooling.py has both",
    "`fit_optimize` of ranks": "theirs are no better; tests/measures/test_rank_fitting.py has both",
    "`neg_riem_dist`": "theirs fits a scale, and needs Gram matrices of full rank",
    "`geodesic_transform`": "theirs has no edge of length 0, and so never joins the nearest pair",
}
# Where they search or iterate, they stop at this.
LOOSE = {
    "`fit_optimize`": 1e-3,
    "`fit_optimize_positive`": 1e-3,
    "`fit_interpolate`": 1e-3,
    "`Weighted_MDS`, distances": 0.02,
}


# What packages that tests do not install gave of the same arrays, in float64.
FIGURES = {
    "`IsoScore`": 0.05293609744292723,  # IsoScore 2.0.1, its formula
    "`variance_ratio`": 0.9402206391415688,  # shesha-geometry 0.3.0
    "`supervised_alignment`": -0.05710993298595235,
    "`rdm_similarity`": 0.3561535936987201,
    "`trustworthiness_continuity`, the first": 0.9718614718614719,  # ZADU 0.5.4
    "`trustworthiness_continuity`, the second": 0.9794372294372294,
    "`silhouette`, of `y`": 0.489663411232727,
    "`mean_relative_rank_error`, the first": 0.9222861356932154,
    "`mean_relative_rank_error`, the second": 0.9245132743362832,
    "`local_continuity_meta_criteria`": 0.5742753623188405,
    "`neighborhood_hit`, of `y`": 0.8,
    "`spearman_rho`": 0.9574024343259943,
    "`pearson_r`": 0.9699442928877117,
    "`stress`": 0.13113394055305388,
    "`scale_normalized_stress`": 0.12562671406436998,
    "`kl_divergence`": 0.004457861213885129,
    "`distance_to_measure`": 0.0743342464161223,
    "`non_metric_stress`": 0.1108796276524236,
    "`topographic_product`": 0.0303975509042233,
    "`neighbor_dissimilarity`": 4.841487374764082,
    "`class_aware_trustworthiness_continuity`, the first": 0.9718750000000002,
    "`class_aware_trustworthiness_continuity`, the second": 0.9776041666666666,
    "`label_trustworthiness_and_continuity`, the first": 1.0,
    "`label_trustworthiness_and_continuity`, the second": 1.0,
    "`distance_consistency`, of `y`": 1.0,
    "`return_information_imbalace`, the first": 0.20833333333333334,  # DADApy 0.3.4
    "`return_information_imbalace`, the second": 0.22916666666666666,
    "`compute_id_2NN`": 2.732608673978933,
    "`return_data_overlap`": 0.7916666666666666,
    "`return_label_overlap`": 0.9916666666666667,
    "`compute_id_binomial_k(bayes=False)`": 0.8556100906648251,  # k = 20, r = 1/2
    "`compute_prdc`, precision": 0.9583333333333334,  # prdc 0.2
    "`compute_prdc`, recall": 1.0,
    "`compute_prdc`, density": 0.8,
    "`compute_prdc`, coverage": 1.0,
    "`kid_features_to_metric`": 105.29087983493173,  # scikit-learn's kernel, of all examples
    "`mtopdiv`": 0.27604466676712036,  # tda-repr 0.1.4, of all examples
    "`calculate_frechet_distance`": 1.0280269832959685,  # pytorch-fid, its formula
    "`LeaceFitter(shrinkage=False)`, what `eraser(x)` takes of the variance": 0.9483659039365845,
    '`participation_ratio(return_all=True)["naive"]`': 1.1058721948858556,  # dimensionality 0.1.4
    '`participation_ratio(return_all=True)["row"]`': 1.115010405773218,
    "`participation_ratio`": 1.1824994451903386,
    "`class_separation_ratio`": 4.1597510391591195,  # shesha-geometry 0.3.0, of all examples
    "`TwoNN`": 2.732608665498065,  # scikit-dimension 0.5.0, with 20 neighbours
    '`TwoNN(method="mle", discard_fraction=0)`': 2.516541734094843,
    "`MLE`": 1.081289946896762,
    '`MLE`, `comb="mean"`': 1.0882688026199678,
    '`MLE`, `comb="median"`': 1.0596835822424695,
    "`CorrInt`": 0.9125693729540822,
    "`MOM`": 1.0072100140067652,
    "`MADA`": 0.8710756934122351,
    "`TLE`": 1.2365116300622654,
    "`ESS`": 1.5669691627827256,
    "`FisherS`": 0.9573812961504111,
    '`lPCA(ver="FO")`': 1.0,
    '`lPCA(ver="participation_ratio")`': 1.1058721948858545,
    "`coherence`": 2.3275826892588807,
    "`rankme`": 1.632100605461914,  # google-research, graph_embedding/metrics, their formulas
    "`stable_rank`": 1.0126158478683793,
    "`ne_sum`": 1.052385251951638,
    "`self_clustering`": 0.7977268997206584,
    "`align_loss`": 0.08711949484579629,  # align_uniform, their formulas
    "`uniform_loss`": -0.24033961132378895,
    "mean cosine similarity": 0.925132724274443,
    "`h_score`": 1.1213283732136528,  # Transfer-Learning-Library, its formula
    "`mig`": 0.03145364592347786,  # disentanglement_lib, its formulas
    "`modularity_explicitness`, the first": 0.9530632566505991,
    "`modularity_explicitness`, the second": 1.0,
    "`sap_score`, of continuous factors": 0.06885396188328911,
    "`transrate`": 0.5019817951713268,  # Transfer-Learning-Library, its code
    # neural_manifolds_replicaMFT, its code with the directions that are drawn here
    "`each_manifold_analysis_D1`, capacity": 1.1042354783130666,
    "`each_manifold_analysis_D1`, radius": 0.3805326905204037,
    "`each_manifold_analysis_D1`, dimension": 1.8455646027562111,
    "`fun_FA`, center correlation": 0.9856797182621623,
    "`collapse_metric`": 20.60849979145988,  # Neural-Collapse, its formula
}


def flat(found):
    return np.concatenate([np.ravel(part) for part in jax.tree.leaves(found)])


def is_compared(row):
    return row.there in FIGURES or (row in COMPARED and row.there not in NEVER_EQUAL)


CALLED = {row.here for row in ELSEWHERE} - {row.here for row in ELSEWHERE if is_compared(row)}


@pytest.mark.slow  # nearly all of it is compiling
@pytest.mark.parametrize("expression", sorted(CALLED))
def test_it_can_be_called(expression):
    assert np.isfinite(flat(evaluated(expression))).all()


@pytest.mark.slow
@pytest.mark.parametrize("row", COMPARED, ids=lambda row: f"{row.package} {row.there}")
def test_it_gives_the_numbers_of_the_package(row):
    if row.there in NEVER_EQUAL:
        pytest.skip(NEVER_EQUAL[row.there])
    wanted = flat(THEIRS[row.package](row.there))
    tolerance = LOOSE.get(row.there, 1e-5)
    np.testing.assert_allclose(
        flat(evaluated(row.here)), wanted, rtol=max(1e-4, tolerance), atol=tolerance
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "row", [row for row in ELSEWHERE if row.there in FIGURES], ids=lambda row: row.there
)
def test_it_gives_the_figures_of_the_package(row):
    (found,) = flat(evaluated(row.here))
    assert found == pytest.approx(FIGURES[row.there], rel=1e-5, abs=1e-6)


def test_names_stand_once():
    names = [(row.package, row.there) for row in ELSEWHERE]
    assert len(set(names)) == len(names)


def test_what_is_not_here_has_a_reason_and_no_name_here():
    names = {(row.package, row.there) for row in ELSEWHERE}
    for package, there, why in NOT_HERE:
        assert len(why) > 20
        assert (package, there) not in names


def test_measures_that_reasons_name_are_there():
    spoken_of = {word for *_, why in NOT_HERE for word in why.split("`")[1::2]}
    assert {word for word in spoken_of if "." not in word} <= {*dir(measures)}
