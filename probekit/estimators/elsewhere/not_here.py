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
        "Neural-Collapse",
        "`compute_ETF`, `compute_W_H_relation`",
        "of the weights of the classifier, which a layer's activations do not tell",
    ),
    ("tcav", "`TCAV`", "needs gradients of the model's outputs"),
    (
        "ZADU",
        "`steadiness_cohesiveness`",
        "the mean over 150 clusters that random walks draw anew, cut by another clustering",
    ),
    (
        "ZADU",
        "`gap_index`, `class_angular_distortion_index`",
        "of a picture in the plane: its empty triangles, and the angles at which its clusters "
        "appear",
    ),
    (
        "shesha-geometry",
        "`sample_split`, `anchor_stability`",
        "correlate distances of other pairs of examples, which the package itself warns of as "
        "having no meaning, and will remove",
    ),
    (
        "shesha-geometry",
        "`lda_stability`",
        "the cosine of a direction with itself after resampling: the spread of one probe, which "
        "regularisation that is not relative to the units decides of",
    ),
    (
        "decodanda",
        "`shattering_generalization`",
        "how many dichotomies generalise better than after shuffling; `ccgp` has those of features",
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
    (
        "DADApy",
        "`compute_clustering_ADP`, `compute_density_PAk`",
        "clusters and densities of the examples of one representation: no figure to compare",
    ),
    (
        "DADApy",
        "`DiffImbalance`",
        "trains weights of units until their distances say most of another representation's, which "
        "`information_imbalance` then tells",
    ),
    (
        "information_flow",
        "`compute_infonce`",
        "the loss of contrastive training, whose two parts are `pair_alignment` and `uniformity`",
    ),
    (
        "information_flow",
        "`compute_dime`",
        "entropies of the product of two views' kernels, less those of ten shuffles; "
        "`hsic` asks of two kernels what shuffling takes",
    ),
)
