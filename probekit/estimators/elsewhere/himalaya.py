"""What the measures are called in himalaya."""

NAMES: tuple[tuple[str, ...], ...] = (
    (
        "`RidgeCV`",
        "ridge_r2(x, y, penalties=[0.01], per_unit=True)",
        "penalties are relative to the features' variance; R² of all that was left out "
        "decides, not its mean over folds",
    ),
    (
        "`GroupRidgeCV`",
        "banded_ridge_r2(x, [y[:, :1], y[:, 1:]], per_unit=True)",
        "penalties are relative to the groups' variances; what is tried is a fixed list",
    ),
    (
        "`SparseGroupLassoCV`",
        "group_lasso_r2(x, [y[:, :1], y[:, 1:]], penalties=[0.05], per_unit=True).r2",
        "penalties are of features and units in units of their spread; folds",
    ),
    (
        "`Ridge`",
        "ridge_r2(x, y, penalties=[1.0])",
        "the penalty is relative to the mean feature's sum of squares",
    ),
    (
        "`BandedRidgeCV`",
        "banded_ridge_r2(x, [y[:, :1], y[:, 1:]], per_unit=True)",
        "as `GroupRidgeCV`",
    ),
    (
        "`KernelRidge`",
        "kernel_ridge_r2(x, y, penalties=[1.0])",
        "the kernel is centred and scaled, there as it is",
    ),
    (
        "`KernelRidgeCV`",
        "kernel_ridge_r2(x, y, per_unit=True)",
        "the kernel is centred and scaled; penalties and folds",
    ),
    (
        "`WeightedKernelRidge`",
        "multiple_kernel_ridge_r2(x, [y[:, :1], y[:, 1:]], penalties=[1.0], candidates=1)",
        "kernels are centred and scaled; their weights are equal, there given",
    ),
    (
        '`MultipleKernelRidgeCV(solver="random_search")`',
        "multiple_kernel_ridge_r2(x, [y[:, :1], y[:, 1:]], per_unit=True)",
        "kernels are centred and scaled; penalties, folds and points of the simplex",
    ),
    (
        "`ColumnKernelizer`",
        'multiple_kernel_ridge_r2(x, [y[:, :1], y[:, 1:]], kernels=["linear", "rbf"])',
        "kernels are centred and scaled",
    ),
    ("`linear_kernel`", 'kernel_ridge_r2(x, y, kernel="linear")', "centred and scaled"),
    (
        "`polynomial_kernel`",
        'kernel_ridge_r2(x, y, kernel="polynomial")',
        "centred and scaled; features are about their mean; γ is 1 / the mean squared length, "
        "there 1 / the number of features",
    ),
    (
        "`rbf_kernel`",
        'kernel_ridge_r2(x, y, kernel="rbf")',
        "centred and scaled; the width follows the median distance, there γ is given",
    ),
    (
        "`sigmoid_kernel`",
        "kernel_ridge_r2(x, y, kernel=lambda z: np.tanh(0.01 * z @ z.T - 1))",
        "centred and scaled; eigenvalues below 0 are fitted as 0, and nothing is where they "
        "outweigh the others, which they can with the γ and constant that are default there",
    ),
    (
        "`cosine_similarity_kernel`",
        "kernel_ridge_r2(x, y, kernel=lambda z: z @ z.T / np.linalg.norm(z, axis=1)[:, "
        "None] / np.linalg.norm(z, axis=1))",
        "centred and scaled",
    ),
    (
        "`correlation_score`",
        'ridge_r2(x, y, penalties=[1.0], scoring="correlation", multioutput="raw_values")',
        "NaN if all are constant, there 0",
    ),
    (
        "`r2_score`",
        'ridge_r2(x, y, penalties=[1.0], multioutput="raw_values")',
        "a constant unit counts 1 if predicted exactly, there 0",
    ),
    (
        "`r2_score_split`",
        "banded_ridge_r2(x, [y[:, :1], y[:, 1:]], penalties=[1.0], candidates=1, "
        'multioutput="raw_values").shares',
        "parts are about their means",
    ),
    (
        "`r2_score_split_svd`",
        "banded_ridge_r2(x, [y[:, :1], y[:, 1:]], penalties=[1.0], candidates=1, "
        'sharing="relative_weights", multioutput="raw_values").shares',
        "parts are about their means",
    ),
    (
        "`correlation_score_split`",
        "banded_ridge_r2(x, [y[:, :1], y[:, 1:]], penalties=[1.0], candidates=1, "
        'scoring="correlation", multioutput="raw_values").shares',
    ),
)
