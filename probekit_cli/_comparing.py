"""How ``probekit compare`` tests two histories against each other."""

import dataclasses
from typing import TYPE_CHECKING, Any

from probekit.errors import OptionError
from probekit_cli._resampling import Resampling, checked_confidence

if TYPE_CHECKING:
    import xarray as xr

TESTS = {
    "welch": "Welch's t of the means, seeds of a and of b as independent",
    "t": "t of the differences, seeds with the same number as pairs",
    "signs": "signs of the differences changed, seeds with the same number as pairs",
    "wilcoxon": "signed ranks of the differences, seeds with the same number as pairs",
    "bootstrap": "resamples of the examples that both keep",
}


@dataclasses.dataclass(frozen=True)
class Comparison:
    """How two histories are compared."""

    resampling: Resampling
    _: dataclasses.KW_ONLY
    test: str | None = None
    correction: str = "holm"

    def __post_init__(self) -> None:
        """Say at once what would only be said after seconds of imports."""
        self.resampling.check(test=self.test)
        if self.resampling.interval is not None and self._drawn() is None:
            raise OptionError(
                f"--interval {self.resampling.interval}: is of a bootstrap; "
                "give --bootstrap N or --test bootstrap too."
            )

    def _drawn(self) -> str | None:
        """Return what is resampled, if anything is."""
        if self.resampling.bootstrap is not None:
            return "seeds"
        return "examples" if self.test == "bootstrap" else None

    @property
    def confidence(self) -> float:
        """Of the intervals."""
        return checked_confidence(self.resampling.confidence)

    @property
    def alternative(self) -> Any:
        """What p speaks for."""
        return self.resampling.alternative or "two-sided"

    def table(self, a: "xr.Dataset", b: "xr.Dataset") -> "xr.Dataset":
        """Return the scores with the axis ``comparison``."""
        from probekit.history import compare_histories

        if self.test not in (None, "welch"):
            return self._paired(a, b)
        correction: Any = self.correction
        return compare_histories(
            a,
            b,
            self.confidence,
            uncertainty=self.resampling.uncertainty(correction=correction),
            correction=correction,
            alternative=self.alternative,
        )

    def _paired(self, a: "xr.Dataset", b: "xr.Dataset") -> "xr.Dataset":
        from probekit.history import register_accessor

        register_accessor()
        test, correction = self.test, self.correction
        try:
            found: xr.Dataset = a.probekit.compare(
                {},
                b,
                test=test,
                confidence=self.confidence,
                correction=correction,
                interval=self.resampling.interval,
                alternative=self.alternative,
            )
        except OptionError as error:
            raise self._in_words(error) from None
        return found

    def _in_words(self, error: OptionError) -> OptionError:
        """Name options instead of arguments."""
        text = str(error)
        if text.startswith("test="):
            needed = (
                "keeps resamples. Probe both with --bootstrap N --keep-resamples"
                if self.test == "bootstrap"
                else "has the axis 'seed'. Give histories of several seeds"
            )
            return OptionError(f"--test {self.test}: no score of both {needed}.")
        if text.startswith("interval="):
            return OptionError(
                f"--interval {self.resampling.interval or 'bca'}: the histories keep too little "
                "for it. Probe both with --bootstrap N --interval bca --keep-resamples, "
                "or give --interval percentile."
            )
        if "no seed in common" in text:
            return OptionError(
                f"--test {self.test}: a and b have no seed in common. "
                "Give --test welch, which takes them as independent."
            )
        return error

    def described(self) -> str:
        """Say what tells how far apart the histories are."""
        given = self.resampling
        if given.bootstrap is not None:
            how = f"{given.bootstrap} resamples of the seeds of a and of b, as independent"
        elif given.permutations is not None:
            how = (
                f"p from {given.permutations} shuffles of seeds between a and b, interval of Welch"
            )
        else:
            how = TESTS[self.test or "welch"]
        if given.interval is not None:
            how += f", interval {given.interval}"
        if self.alternative != "two-sided":
            how += f"; one-sided p, for b {'above' if self.alternative == 'greater' else 'below'} a"
        return how if self.correction == "none" else f"{how}; p corrected ({self.correction})"
