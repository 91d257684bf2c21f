"""What the measures are called in netrep."""

NAMES: tuple[tuple[str, ...], ...] = (
    ("`LinearMetric(alpha=0.5)`", "shape_metric(x, y, alpha=0.5)", "both are scaled to norm 1"),
    ("`LinearMetric()`", "angular_procrustes_distance(x, y)"),
    (
        "`LinearMetric(alpha=0.5).fit(x[:9], y[:9]).score(x[9:], y[9:])`",
        "shape_metric(x[:9], y[:9], alpha=0.5, held_out=(x[9:], y[9:]))",
        "both are scaled to norm 1; of rotations that the fitted examples leave open the mean "
        "counts",
    ),
    ("`PermutationMetric()`", "permutation_distance(x, y)"),
    (
        "`PermutationMetric().fit(x[:9], y[:9]).score(x[9:], y[9:])`",
        "permutation_distance(x[:9], y[:9], held_out=(x[9:], y[9:]))",
        "both are scaled to norm 1",
    ),
    ("`LinearCKA`", "angular_cka_distance(x, y)"),
    (
        "`GaussianStochasticMetric(alpha)`",
        "stochastic_shape_distance(x, y, labels, alpha=0.5)",
        "means are taken off; but for alpha 0, 1 and 2, rotations are sought there with "
        "other weights than they are scored with",
    ),
    (
        "`EnergyStochasticMetric`",
        'stochastic_shape_distance(x, y, labels, ground="energy")',
        "means are taken off",
    ),
    (
        "`convolve_metric(LinearMetric(), x, y)`",
        "convolutional_distance(x.reshape(6, 2, 2, 3), y.reshape(6, 2, 2, 3)).distances",
    ),
)
