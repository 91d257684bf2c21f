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
        'intrinsic_dimension(x, method="likelihood")',
        "inverses are averaged, not dimensions",
    ),
    ("`CorrInt`", 'intrinsic_dimension(x, method="correlation")'),
    ('`lPCA(ver="FO")`', "(spectrum(x) > 0.05 * spectrum(x)[0]).sum()"),
    ('`lPCA(ver="participation_ratio")`', "participation_ratio(x)"),
)
