"""Which estimators there are for features, and which for representations alone."""

from collections.abc import Iterable

from probekit.errors import OptionError
from probekit.estimators._protocol import Estimator
from probekit.estimators._resolve import resolve

WITH_FEATURES = ("linear_r2",)
"""What is estimated unless something is asked for."""

WITHOUT_FEATURES = ("total_variance", "participation_ratio", "effective_rank")
"""What is estimated if there are no features either: numbers of geometry, one a layer.

Those that cost next to nothing, and of which there is every kind of uncertainty."""


def needs_features(estimator: Estimator) -> bool:
    """Whether an estimator looks at features: geometry does not, unless it is of all features."""
    return estimator.kind != "geometry" or estimator.joint


def resolve_for(
    estimators: str | Estimator | Iterable[str | Estimator] | None, *, features: bool
) -> tuple[Estimator, ...]:
    """Return the estimators that are meant, as `resolve` does; None for the usual ones.

    Parameters
    ----------
    estimators : names or instances, or None
    features : bool
        Whether there are any to look at.

    Raises
    ------
    OptionError
        If there are no features, and one of the estimators needs some.

    Examples
    --------
    >>> [estimator.name for estimator in resolve_for(None, features=True)]
    ['linear_r2']
    >>> resolve_for(None, features=False)[1].name
    'participation_ratio'
    """
    if estimators is None:
        estimators = WITH_FEATURES if features else WITHOUT_FEATURES
    chosen = resolve(estimators)
    for estimator in chosen:
        if not features and needs_features(estimator):
            raise OptionError(
                f"estimators: {estimator.name!r} needs features, and there are none. Give features "
                "(name -> a label of each input), or estimators of geometry alone, e.g. "
                f"{WITHOUT_FEATURES[1]!r}."
            )
    return chosen
