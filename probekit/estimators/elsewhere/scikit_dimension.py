"""What the measures are called in scikit-dimension."""

NAMES: tuple[tuple[str, ...], ...] = (
    ("`TwoNN`", "intrinsic_dimension(x)"),
    (
        '`TwoNN(method="mle", discard_fraction=0)`',
        'intrinsic_dimension(x, method="likelihood", neighbours=2) * (len(x) - 1) / len(x)',
    ),
    ("`MLE`", 'intrinsic_dimension(x, method="likelihood")'),
    (
        '`MLE`, `comb="mean"`',
        'intrinsic_dimension(x, method="likelihood", average="mean")',
    ),
    ('`MLE`, `comb="median"`', 'intrinsic_dimension(x, method="likelihood", average="median")'),
    ("`CorrInt`", 'intrinsic_dimension(x, method="correlation")'),
    (
        "`GRIDE(8, 16)`",
        'intrinsic_dimension(x, method="gride", neighbours=(8, 16))',
        "n - 1 for the n examples there, and ratios that lie far out are left out",
    ),
    (
        "`MiND_ML`",
        'intrinsic_dimension(x, method="gride", neighbours=(1, 21))',
        "the search there may stay at the whole number that it starts from",
    ),
    ("`MOM`", 'intrinsic_dimension(x, method="moments", average="mean")'),
    ("`MADA`", 'intrinsic_dimension(x, method="mada", average="mean")'),
    ("`TLE`", 'intrinsic_dimension(x, method="tle", average="mean")'),
    ("`ESS`", 'intrinsic_dimension(x, method="ess", average="mean")'),
    ("`FisherS`", 'intrinsic_dimension(x, method="separability")'),
    (
        "`PH`",
        'intrinsic_dimension(x, method="persistence")',
        "8 subsamples of 8 sizes from a quarter on, there 10 of 100 sizes from half",
    ),
    (
        "`KNN(gamma=1)`",
        'intrinsic_dimension(x, method="graph", neighbours=2)',
        "whole numbers there, by graphs of some examples that are drawn with replacement: 3 to 6 "
        "of them unless told otherwise",
    ),
    (
        "`DANCo`",
        'intrinsic_dimension(x, method="danco", neighbours=10)',
        "other points are drawn; where the mean cosine of the angles is negative their mean is "
        "beyond π/2, there below 0; what is compared is interpolated between whole numbers, there "
        "the divergences",
    ),
    ('`lPCA(ver="FO")`', "(spectrum(x) > 0.05 * spectrum(x)[0]).sum()"),
    ('`lPCA(ver="participation_ratio")`', "participation_ratio(x)"),
)
