"""What the measures are called in packages of which few names are told."""

NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "thingsvision": (
        ('`compute_rdm(x, "correlation")`', 'rdm(x, metric="correlation")'),
        ('`compute_rdm(x, "cosine")`', 'rdm(x, metric="cosine")'),
        ('`compute_rdm(x, "euclidean")`', 'rdm(x, metric="euclidean")'),
        ('`compute_rdm(x, "gaussian")`', "1 - np.exp(-a / a.mean())"),
        ("`correlate_rdms`", 'compare_rdms(a, b, comparison="pearson")'),
        (
            '`correlate_rdms(correlation="spearman")`',
            'compare_rdms(a, b, comparison="spearman")',
        ),
        ("linear CKA", "cka(x, y)"),
        ("linear CKA, unbiased", "cka(x, y, debiased=True)"),
    ),
    "torch_cka": (
        (
            "`CKA.compare`",
            "cka(x, y, debiased=True)",
            "the mean of HSIC over batches there, which depends on their size",
        ),
    ),
    "pytorch-cka": (("debiased CKA", "np.maximum(cka(x, y, debiased=True), 0)"),),
    "Brain-Score": (
        (
            "`pls`",
            "linear_predictivity(x, y, folds=10)",
            "folds are drawn there, and the score is divided by a ceiling",
        ),
        (
            "`linear_predictivity`",
            'linear_predictivity(x, y, method="linear", folds=10)',
            "as `pls`",
        ),
        (
            "`ridge`",
            'linear_predictivity(x, y, method="ridge", folds=10)',
            "as `pls`; the penalty is 1 there",
        ),
        (
            "`neuron_to_neuron`",
            'semi_matching(x, y, absolute=True, units="y")',
            "matched and scored on the same examples, there on folds; as `pls`",
        ),
        (
            "`rdm`",
            'rsa(x, y, comparison="spearman")',
            "of all examples; `rdm_cv` has the mean over some of them",
        ),
    ),
    "decodanda": (
        (
            "`shattering_dimensionality`",
            "shattering_dimensionality(x, labels)",
            "the mean accuracy, as Bernardi et al. have it; there the share of dichotomies that "
            "are decoded better than after shuffling, by support vector machines",
        ),
        (
            "`CCGP_dichotomy`",
            "ccgp(x, np.stack([labels % 2, labels // 2], axis=1))",
            "of all examples, there of some that are drawn; ridge regression, not a support vector "
            "machine",
        ),
        (
            '`parallelism_score_dichotomy(method="cosine")`',
            "parallelism_score(x, np.stack([labels % 2, labels // 2], axis=1))",
            "of all examples, there of some that are drawn, of each condition as many, and "
            "standardised unless told otherwise",
        ),
    ),
    "DADApy": (
        ("`return_information_imbalace`, the first", "information_imbalance(x, y)"),
        ("`return_information_imbalace`, the second", "information_imbalance(y, x)"),
        (
            "`return_data_overlap`",
            'mutual_neighbours(x, y, measure="overlap", metric="euclidean", neighbours=5)',
        ),
        (
            "`return_label_overlap`",
            "neighbourhood_hit(x, labels, neighbours=5)",
            "the mean over classes there, of which each weighs the same",
        ),
        ("`compute_id_binomial_k(bayes=False)`", 'intrinsic_dimension(x, method="binomial")'),
        ("`compute_id_2NN`", "intrinsic_dimension(x)"),
    ),
    "dsa-metric": (
        (
            '`DSA`, `score_method="angular"`',
            "dynamical_distance(x, y)",
            "the search there has two beginnings and 1500 steps, and may end farther off",
        ),
        (
            '`DSA`, `score_method="wasserstein"`',
            'dynamical_distance(x, y, distance="wasserstein") ** 2',
        ),
    ),
    "information_flow": (
        (
            "`compute_curvature`",
            "trajectory_curvature(x)",
            "of absolute cosines there, so that back and forth is straight; a step of length 0 "
            "counts 0",
        ),
        (
            "`compute_entropy`",
            "np.log(effective_rank(x, centred=False))",
            "the same if no entry of `x.T @ x` is negative: there those are set to 0; of α near 1",
        ),
        (
            "`compute_lidar`",
            "np.log(lidar(x, labels))",
            "the penalty is relative to the variance within classes, there 1e-4",
        ),
    ),
    "reptrix, stable-pretraining": (
        (
            "`get_lidar`, `LiDAR`",
            "lidar(x, labels)",
            "the penalty is relative to the variance within classes, and 1e-7 is added to shares "
            "there",
        ),
    ),
    "prdc": (
        ("`compute_prdc`, precision", "coverage(x, y).precision"),
        ("`compute_prdc`, recall", "coverage(x, y).recall"),
        ("`compute_prdc`, density", "coverage(x, y).density"),
        ("`compute_prdc`, coverage", "coverage(x, y).coverage"),
    ),
    "pytorch-fid": (("`calculate_frechet_distance`", "frechet_distance(x, y) ** 2"),),
    "torch-fidelity": (
        (
            "`kid_features_to_metric`",
            'squared_mmd(x, y, kernel="polynomial")',
            "of all examples; there the mean over subsets that are drawn",
        ),
    ),
    "tda-repr": (
        (
            "`mtopdiv`",
            "manifold_topology_divergence(x, y)",
            "of all examples; there the mean over draws, which with all of them is equal",
        ),
    ),
    "concept-erasure": (
        (
            "`LeaceFitter(shrinkage=False)`, what `eraser(x)` takes of the variance",
            "erased_variance(x, labels)",
        ),
    ),
    "dimensionality": (
        ('`participation_ratio(return_all=True)["naive"]`', "participation_ratio(x)"),
        (
            '`participation_ratio(return_all=True)["row"]`',
            "participation_ratio(x, debiased=True)",
        ),
        (
            "`participation_ratio`",
            "participation_ratio(x, debiased=True, sampled_units=True)",
        ),
    ),
    "relaimpo": (
        ("`lmg`", "shapley_r2(x[:, 0], y)"),
        ("`last`", "unique_r2(x[:, 0], y)"),
    ),
    "resi": (
        ("`JSD`", "jensen_shannon_divergence(x, y)", "an example that is not finite is NaN"),
        ("`Disagreement`", "disagreement(x, y)"),
        ("`AbsoluteAccDiff`", "accuracy_difference(x, y, labels % 3)"),
    ),
    "description-length-probing": (
        (
            "online code",
            "online_codelength(x, labels)",
            "a logistic probe by default, there a perceptron",
        ),
        (
            "variational code",
            "variational_codelength(x, labels)",
            "a linear probe with a proper prior, there a perceptron with an improper one",
        ),
    ),
    "RTD": (
        (
            "`rtd.rtd`",
            "rtd(x, y)",
            "of all examples; there the mean of ten draws of 500, and on a GPU",
        ),
    ),
    "google-research (graph_embedding)": (
        ("`rankme`", 'effective_rank(x, values="singular_values", centred=False)'),
        ("`stable_rank`", "stable_rank(x, centred=False)"),
        ("`ne_sum`", "stable_rank(x)"),
        ("`self_clustering`", "self_clustering(x)"),
        ("`coherence`", "coherence(x)"),
        (
            "`pseudo_condition_number`",
            "(spectrum(x)[-1] / spectrum(x)[0]) ** 0.5",
            "means are taken off",
        ),
        (
            "`alpha_req`",
            "spectrum_slope(x)",
            "of variances over the logarithm of the rank, as the paper has it; there of singular "
            "values over the rank itself",
        ),
    ),
    "align_uniform": (
        ("`align_loss`", "pair_alignment(x, y)"),
        (
            "`uniform_loss`",
            "uniformity(x)",
        ),
    ),
    "contextual": (
        ("mean cosine similarity", "anisotropy(x)", "of all pairs, there of some that are drawn"),
    ),
    "IsoScore": (("`IsoScore`", "(participation_ratio(x) - 1) / (x.shape[1] - 1)"),),
    "shesha-geometry": (
        (
            "`variance_ratio`",
            'linear_r2(x, labels[:, None] == np.unique(labels), multioutput="variance_weighted")',
        ),
        (
            "`supervised_alignment`",
            'compare_rdms(rdm(x - x.mean(0), metric="correlation"), labels[:, None] != labels, '
            'comparison="spearman")',
        ),
        (
            "`rdm_similarity`",
            'rsa(x, y, rdm="cosine", comparison="spearman")',
        ),
        (
            "`feature_split`",
            "unit_split_rsa(np.concatenate([x, y], axis=1))",
            "other halves are drawn",
        ),
        (
            "`class_separation_ratio`",
            'np.average(rdm(x, metric="euclidean"), weights=labels[:, None] != labels) / '
            'np.average(rdm(x, metric="euclidean"), weights=(labels[:, None] == labels) - '
            "np.eye(len(x)))",
            "of all examples; there the mean over halves of them that are drawn",
        ),
    ),
    "Transfer-Learning-Library": (
        (
            "`h_score`",
            "3 * cca(x, labels[:, None] == np.unique(labels), squared=True)",
            "3 for 4 classes: as many correlations as units and classes less one allow",
        ),
        (
            "`transrate`",
            'transrate(x, labels, weighting="classes")',
        ),
        (
            "`log_maximum_evidence`",
            "logme(x, labels)",
            "a fixed point there that stops after 11 steps: 1e-3 below the largest, at times",
        ),
    ),
    "LogME": (
        (
            "`LogME.fit`",
            "logme(x, labels)",
            "as `log_maximum_evidence`, with 1e-5 in denominators; for more units than examples it "
            "leaves out log α of those without a singular value, and is too large",
        ),
        (
            "`LogME(regression=True).fit`",
            'logme(x, y, targets="columns")',
            "as `LogME.fit`",
        ),
    ),
    "neural_manifolds_replicaMFT": (
        (
            "`each_manifold_analysis_D1`, capacity",
            "manifold_capacity(x, labels).capacity",
            "of the same directions it is equal; there others are drawn",
        ),
        (
            "`each_manifold_analysis_D1`, radius",
            "manifold_capacity(x, labels).radius",
            "as capacity",
        ),
        (
            "`each_manifold_analysis_D1`, dimension",
            "manifold_capacity(x, labels).dimension",
            "as capacity; and of as many dimensions as a class varies in",
        ),
        (
            "`manifold_analysis_corr`",
            "manifold_capacity(x, labels)",
            "there directions in which centres correlate are searched for and taken out, which "
            "needs a dozen classes or more",
        ),
        (
            "`fun_FA`, center correlation",
            "manifold_capacity(x, labels).correlation",
        ),
    ),
    "disentanglement_lib": (
        (
            "`mig`",
            "np.mean(mutual_information_gap(x, np.stack([labels, runs], axis=1)))",
            "a factor of more than 20 values is cut into bins too, unless `feature_bins` is more",
        ),
        (
            "`modularity_explicitness`, the first",
            "modularity(x, np.stack([labels, runs], axis=1))",
            "as `mig`; units that tell nothing are left out, and count 0 there",
        ),
        (
            "`modularity_explicitness`, the second",
            'decoding(x / np.std(x, axis=0), labels, metric="auc", options={"C": 1.0})',
            "of one factor; there the mean over factors",
        ),
        (
            "`dci`, disentanglement",
            "disentanglement(dci(x, np.stack([labels, runs], axis=1), "
            'probe="sklearn.ensemble:GradientBoostingClassifier", metric="accuracy").importance)',
            "trees differ by the features that they try first; units are standardised",
        ),
        (
            "`dci`, completeness",
            "completeness(dci(x, np.stack([labels, runs], axis=1), "
            'probe="sklearn.ensemble:GradientBoostingClassifier", metric="accuracy").importance)',
            "as disentanglement",
        ),
        (
            "`sap_score`, of continuous factors",
            "np.mean(separated_attribute_predictability(x, y))",
        ),
        (
            "`sap_score`, of discrete factors",
            "np.mean(separated_attribute_predictability(x, labels[:, None] == np.unique(labels)))",
            "the variance that is explained of the indicator of each class; there the accuracy of "
            "a linear support vector machine",
        ),
    ),
    "Neural-Collapse": (("`collapse_metric`", "neural_collapse(x, labels).variability"),),
    "sparse-probing-paper": (
        (
            "`max_mean_dif`",
            "sparse_decoding_accuracy(x, labels)",
            "units are ranked by the variance that classes explain, not by the difference of "
            "means; ridge regression and accuracy, there logistic regression and several scores",
        ),
    ),
}
