"""The options of resampling, which several commands have: said, checked and carried out once."""

import dataclasses
from typing import TYPE_CHECKING, Any

from probekit.errors import OptionError
from probekit_cli._options import choice, integer, number

if TYPE_CHECKING:
    from probekit import Bootstrap, Permutation

INTERVALS = ("percentile", "basic", "bca")
ALTERNATIVES = ("two-sided", "greater", "less")
CORRECTIONS = ("holm", "bonferroni", "fdr_bh", "fdr_by", "none")
DEFAULT_CONFIDENCE = 0.95


def bootstrap_option(text: str) -> Any:
    """Return ``--bootstrap N``; the text says what is resampled."""
    return integer("--bootstrap", help=text, show_default=False)


def permutations_option(text: str) -> Any:
    """Return ``--permutations N``; the text says what is shuffled."""
    return integer("--permutations", help=text, show_default=False)


def folds_option(text: str) -> Any:
    """Return ``--folds N``; the text says what is left out."""
    return integer("--folds", help=text, show_default=False)


def interval_option(default: str) -> Any:
    """Return ``--interval``; the text says which it is unless given."""
    return choice(
        INTERVALS,
        "--interval",
        help="Of a bootstrap: quantiles of the resamples; these mirrored at the score; or such "
        f"that allow for bias and skewness. {default} unless given.",
        show_default=False,
    )


def alternative_option(text: str) -> Any:
    """Return ``--alternative``; the text says what greater is, and which it is unless given."""
    return choice(ALTERNATIVES, "--alternative", help=text, show_default=False)


def correction_option(*more: str, text: str, **settings: Any) -> Any:
    """Return ``--correction``, of `CORRECTIONS` and `more`; the text says what p is of."""
    return choice((*CORRECTIONS, *more), "--correction", help=text, **settings)


def confidence_option(text: str) -> Any:
    """Return ``--confidence``; the text says of which intervals."""
    return number(
        "--confidence", help=f"{text} {DEFAULT_CONFIDENCE} unless given.", show_default=False
    )


def checked_confidence(confidence: float | None) -> float:
    """Return the confidence that was asked for."""
    if confidence is None:
        return DEFAULT_CONFIDENCE
    if not 0 < confidence < 1:
        meant = f", e.g. {confidence / 100:g}" if 50 <= confidence < 100 else ""
        raise OptionError(f"--confidence {confidence:g}: must lie between 0 and 1{meant}.")
    return confidence


@dataclasses.dataclass(frozen=True, kw_only=True)
class Resampling:
    """What was given of these options."""

    bootstrap: int | None = None
    permutations: int | None = None
    folds: int | None = None
    interval: str | None = None
    confidence: float | None = None
    alternative: str | None = None

    @classmethod
    def of(cls, options: Any) -> "Resampling":
        """Return what was given to a command that has some of these options."""
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(**{name: getattr(options, name, None) for name in names})

    def check(self, **others: Any) -> None:
        """Say at once what would only be said after seconds of imports.

        `others` are options that exclude these, too.
        """
        counts = self._counts()
        given = {f"--{name}": value for name, value in others.items()} | counts
        asked = [option for option, value in given.items() if value is not None]
        if len(asked) > 1:
            raise OptionError(f"{', '.join(asked)}: give one of them.")
        for option, count in counts.items():
            if count is not None and count < 2:
                raise OptionError(f"{option} {count}: must be at least 2.")
        checked_confidence(self.confidence)

    def _counts(self) -> dict[str, int | None]:
        counts = ("bootstrap", "permutations", "folds")
        return {f"--{name}": getattr(self, name) for name in counts}

    def uncertainty(
        self,
        *,
        correction: Any = "holm",
        keep: bool = False,
        groups: Any = None,
        whole: bool = False,
    ) -> "Bootstrap | Permutation | None":
        """Return what was asked for but folds, or None.

        `groups` are those of the examples, if there are any; `whole` as a `Permutation` takes it.
        """
        import probekit as pk

        if self.bootstrap is not None:
            interval: Any = self.interval or INTERVALS[0]
            return pk.Bootstrap(
                resamples=self.bootstrap,
                interval=interval,
                confidence=checked_confidence(self.confidence),
                keep=keep,
                groups=groups,
            )
        if self.permutations is not None:
            alternative: Any = self.alternative
            return pk.Permutation(
                resamples=self.permutations,
                correction=correction,
                alternative=alternative,
                groups=groups,
                whole=whole,
            )
        return None
