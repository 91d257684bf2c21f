"""How ``probekit compare`` tests two histories against each other."""

import dataclasses
from typing import TYPE_CHECKING, Any

from probekit.errors import OptionError

if TYPE_CHECKING:
    import xarray as xr

TESTS = {
    "welch": "Welch's t of the means, seeds of a and of b as independent",
    "t": "t of the differences, seeds with the same number as pairs",
    "signs": "signs of the differences changed, seeds with the same number as pairs",
    "bootstrap": "resamples of the examples that both keep",
}
CORRECTIONS = ("holm", "bonferroni", "fdr_bh", "fdr_by", "none")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Comparison:
    """How two histories are compared."""

    confidence: float = 0.95
    test: str | None = None
    bootstrap: int | None = None
    permutations: int | None = None
    correction: str = "holm"

    def __post_init__(self) -> None:
        """Say at once what would only be said after seconds of imports."""
        if not 0 < self.confidence < 1:
            raise OptionError(f"--confidence {self.confidence}: must lie between 0 and 1.")
        given = {
            "--test": self.test,
            "--bootstrap": self.bootstrap,
            "--permutations": self.permutations,
        }
        asked = [option for option, value in given.items() if value is not None]
        if len(asked) > 1:
            raise OptionError(f"{', '.join(asked)}: give one of them.")
        for option in ("--bootstrap", "--permutations"):
            count = given[option]
            if isinstance(count, int) and count < 2:
                raise OptionError(f"{option} {count}: must be at least 2.")

    def table(self, a: "xr.Dataset", b: "xr.Dataset") -> "xr.Dataset":
        """Return the scores with the axis ``comparison``."""
        from probekit.history import compare_histories

        if self.test not in (None, "welch"):
            return self._paired(a, b)
        import probekit as pk

        correction: Any = self.correction
        uncertainty: pk.Bootstrap | pk.Permutation | None = None
        if self.bootstrap is not None:
            uncertainty = pk.Bootstrap(resamples=self.bootstrap, confidence=self.confidence)
        if self.permutations is not None:
            uncertainty = pk.Permutation(resamples=self.permutations, correction=correction)
        return compare_histories(
            a, b, self.confidence, uncertainty=uncertainty, correction=correction
        )

    def _paired(self, a: "xr.Dataset", b: "xr.Dataset") -> "xr.Dataset":
        from probekit.history import register_accessor

        register_accessor()
        test, correction = self.test, self.correction
        try:
            found: xr.Dataset = a.probekit.compare(
                {}, b, test=test, confidence=self.confidence, correction=correction
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
        if "no seed in common" in text:
            return OptionError(
                f"--test {self.test}: a and b have no seed in common. "
                "Give --test welch, which takes them as independent."
            )
        return error

    def described(self) -> str:
        """Say what tells how far apart the histories are."""
        if self.bootstrap is not None:
            how = f"{self.bootstrap} resamples of the seeds of a and of b, as independent"
        elif self.permutations is not None:
            how = f"p from {self.permutations} shuffles of seeds between a and b, interval of Welch"
        else:
            how = TESTS[self.test or "welch"]
        return how if self.correction == "none" else f"{how}; p corrected ({self.correction})"
