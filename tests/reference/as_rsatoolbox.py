"""What tests against rsatoolbox share: how it calls the ways to compare matrices."""

OF_ENTRIES = {
    "pearson": "corr",
    "cosine": "cosine",
    "spearman": "spearman",
    "rho_a": "rho-a",
    "kendall": "tau-a",
    "kendall_tau_b": "tau-b",
}
WHITENED = {"whitened_cosine": "cosine_cov", "whitened_correlation": "corr_cov"}
OF_MODELS = {
    comparison: method
    for comparison, method in (OF_ENTRIES | WHITENED).items()
    if comparison != "kendall_tau_b"
}
"""Those by which models are fitted."""
