"""The plugin that registers what comes with probekit; a line each, nothing is imported."""

from probekit.plugins.markers import hookimpl
from probekit.plugins.registry import Registry

TASKS = (
    (
        "reference-complexity",
        "probekit.tasks.complexity:ReferenceComplexity",
        "simple and hard Boolean features in an MLP (Lampinen, Chan and Hermann 2024)",
    ),
)

# name, class in probekit.estimators, summary
ESTIMATORS = (
    ("linear_r2", "encoding:LinearR2", "share of a representation's variance a feature explains"),
    ("decoding_r2", "decoding:DecodingR2", "R² of a feature read out by ridge regression"),
    ("decoding_accuracy", "decoding:DecodingAccuracy", "accuracy of a linear readout of classes"),
    ("cka", "similarity:CKA", "centred kernel alignment, linear or RBF, biased or debiased"),
    ("rsa", "similarity:RSA", "representational similarity analysis: RDMs compared"),
    ("total_variance", "geometry:TotalVariance", "sum of the units' variances"),
    ("participation_ratio", "geometry:ParticipationRatio", "effective number of dimensions"),
)

# name, summary; the function is in the module from_NAME
EXTRACTORS = (
    ("linen", "a flax.linen module: outputs and inputs of its submodules by path"),
    ("nnx", "a live flax.nnx module, left as it was"),
    ("function", "any function from inputs to {layer: array}"),
    ("arrays", "activations computed elsewhere, in memory or on disk"),
)


@hookimpl
def probekit_register(registry: Registry) -> None:
    """Register all of them."""
    for name, target, summary in TASKS:
        registry.task(name, target, summary=summary)
    for name, target, summary in ESTIMATORS:
        registry.estimator(name, f"probekit.estimators.{target}", summary=summary)
    for name, summary in EXTRACTORS:
        registry.extractor(name, f"probekit.extractors.from_{name}:{name}", summary=summary)
