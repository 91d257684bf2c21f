"""What other packages measure of representations that is not here, and why."""

# package, there, why not
NOT_HERE: tuple[tuple[str, str, str], ...] = (
    (
        "LogME",
        "`LEEP`, `NCE`",
        "of the classes that a source model predicts: of outputs, not of a representation",
    ),
    (
        "disentanglement_lib",
        "`beta_vae_sklearn`, `factor_vae_metric`, `irs`",
        "need inputs that are made anew with one factor held, not those that are at hand",
    ),
    (
        "concept-erasure",
        "`LeaceEraser`",
        "changes representations and measures nothing; what there is to erase is `linear_r2`",
    ),
    (
        "Neural-Collapse",
        "`compute_ETF`, `compute_W_H_relation`",
        "of the weights of the classifier, which a layer's activations do not tell",
    ),
    ("tcav", "`TCAV`", "needs gradients of the model's outputs"),
    (
        "scikit-dimension",
        "`DANCo`, `KNN`",
        "whole numbers, by reference data that are drawn for every dimension that is tried, or "
        "graphs of subsamples of a few examples; `intrinsic_dimension` has ten other estimates",
    ),
    (
        "ZADU",
        "`non_metric_stress`",
        "what a monotone curve through the distances leaves; `rsa` by ranks asks for such a curve",
    ),
    (
        "ZADU",
        "`topographic_product`, `neighbor_dissimilarity`, `procrustes` of neighbourhoods",
        "of pictures in the plane, with no end that says how bad they may be; `trustworthiness`, "
        "`mean_relative_rank_error` and `mutual_neighbours` ask the same with one",
    ),
    (
        "ZADU",
        "class-aware and label trustworthiness, `steadiness_cohesiveness`, `gap_index` and others "
        "of clusters",
        "of how readers see classes in a picture; `silhouette` and `neighbourhood_hit` are of one "
        "representation, and can be compared",
    ),
    (
        "google-research (graph_embedding)",
        "`coherence`",
        "how much one example alone decides of the directions there are: of the one that lies "
        "farthest out",
    ),
    (
        "shesha-geometry",
        "`feature_split`, `sample_split`, `anchor_stability`, `lda_stability`",
        "of halves at random: the spread over resamples, which `probekit.probe` gives of any score",
    ),
    (
        "decodanda",
        "shattering dimensionality",
        "an accuracy for each way to divide the conditions in two, of which there are too many; "
        "make features of those that are asked for, and take `decoding_accuracy`",
    ),
    (
        "rsatoolbox, Net2Brain",
        "searchlights",
        "of places in a brain; layers take their part",
    ),
    (
        "Net2Brain",
        "`DistributionalComparison`",
        "histograms of principal components, paired by number whichever way they point",
    ),
    (
        "Brain-Score",
        "`i1i2`, `ost`, `threshold`, `accuracy_distance`, `error_consistency`",
        "of behaviour, not of representations",
    ),
    ("dsa-metric", "`DSA`", "of the dynamics of sequences, whose order examples do not have here"),
    (
        "prdc",
        "precision, recall, density, coverage",
        "of two sets of other examples in one space, real and generated",
    ),
)
