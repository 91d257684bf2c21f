"""What the measures are called in scikit-learn."""

NAMES: tuple[tuple[str, ...], ...] = (
    (
        "`ledoit_wolf`",
        'np.linalg.inv(noise_precision(x, shrinkage="identity", freedom=len(x)))',
    ),
    ("`LinearRegression.score`", "linear_r2(x, y)"),
    (
        "`Ridge.score`",
        "decoding_r2(x, y, penalty=0.1)",
        "the penalty is relative to the units' variance",
    ),
    (
        "`PLSSVD`",
        'pls(x, y, weighting="mean")',
        "the mean correlation of the components of `scale=False`",
    ),
    (
        "`cross_val_score` of `PLSRegression(scale=False)`",
        'linear_predictivity(x, y, folds=2, scoring="r2", multioutput="uniform_average")',
        "the mean over folds, into which examples fall by a hash",
    ),
    ("`silhouette_score`", "silhouette(x, labels)"),
    (
        "`calinski_harabasz_score`",
        "(len(x) - 4) / 3 / (1 / linear_r2(x, labels[:, None] == np.unique(labels), "
        'multioutput="variance_weighted") - 1)',
    ),
    (
        "`mutual_info_score` of a unit cut by `np.digitize`",
        "mutual_information(x, labels, bins=6) * np.log(2)",
    ),
    (
        "`roc_auc_score` of each unit, of classes against the rest",
        'class_selectivity(x, labels, index="auc", multioutput="raw_values")',
    ),
    ("`manifold.trustworthiness`", "trustworthiness(x, y)"),
    ("`KNeighborsClassifier.score`, as any classifier", 'decoding(x, labels, probe="knn")'),
)
