"""Cross-validation: what is asked for, and which examples are left out of each fit."""

import dataclasses

import numpy as np

from probekit._checks import check_count, check_flag
from probekit.errors import Argument, OptionError
from probekit.inference.options import Uncertainty


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class CrossValidation(Uncertainty):
    """Scores on folds that the probe was not fitted on.

    Parameters
    ----------
    folds : int
    shuffle : bool
        Without it, and without groups, folds are blocks of examples that follow each other.
    groups : array (example,), optional
        Examples of one group are kept in one fold (as scikit-learn's `GroupKFold`).
    seed : int
        Of the shuffle.

    Notes
    -----
    Adds ``<name>_cv``, the mean over folds, and ``<name>_folds (…, fold)``; of encoding and
    decoding estimators alone, as only these fit something, and of none that scores what it was
    fitted on, as the length of a code does. NaN in one fold is NaN in the mean. Folds share
    examples to fit on: their spread is no standard error of the mean.

    Within the examples that are fitted, estimators such as ``ridge_r2`` choose a penalty on folds
    of their own, which know nothing of these groups; give them ``folds=cv.assigned(examples)``.

    References
    ----------
    Stone 1974, Cross-validatory choice and assessment of statistical predictions; Bengio and
    Grandvalet 2004, No unbiased estimator of the variance of k-fold cross-validation.

    Examples
    --------
    >>> CrossValidation(folds=2, shuffle=False).weights(4).tolist()
    [[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]]
    """

    folds: int = 5
    shuffle: bool = True

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        check_count("folds", self.folds, 2)
        check_flag("shuffle", self.shuffle)

    def check(self, examples: int) -> None:  # noqa: D102
        there = self.drawn(examples)
        if there < self.folds:
            raise OptionError(
                Argument("folds", self.folds), f": more than the {there} {self._things()}."
            )

    def weights(self, examples: int) -> np.ndarray:
        """Return 1 for the examples of each fold and 0 for others, ``(fold, example)`` float32.

        Parameters
        ----------
        examples : int
            Each of them is in one fold.

        Raises
        ------
        OptionError
            As `check` does.
        """
        from sklearn.model_selection import GroupKFold, KFold

        self.check(examples)
        place = self.places(examples)
        seed = self._of_32_bits() if self.shuffle else None
        if self.groups is None:
            splits = KFold(self.folds, shuffle=self.shuffle, random_state=seed).split(place)
        else:
            grouped = GroupKFold(self.folds, shuffle=self.shuffle, random_state=seed)
            splits = grouped.split(place, groups=place)
        weights = np.zeros((self.folds, examples), np.float32)
        for fold, (_, rows) in enumerate(splits):
            weights[fold, rows] = 1
        return weights

    def assigned(self, examples: int) -> tuple[int, ...]:
        """Return the number of the fold of each example, from 0.

        It is the option `folds` of estimators that choose a penalty, or score, on folds of their
        own: of these, too, examples of one group then stay together.

        Parameters
        ----------
        examples : int

        Raises
        ------
        OptionError
            As `check` does.

        Examples
        --------
        >>> CrossValidation(folds=2, groups=["a", "b", "a", "c"]).assigned(4)
        (1, 0, 1, 0)
        """
        return tuple(self.weights(examples).argmax(axis=0).tolist())

    def _of_32_bits(self) -> int:
        """Return the seed as scikit-learn takes it, which knows no longer ones."""
        if self.seed < 1 << 32:
            return int(self.seed)
        return int(np.random.SeedSequence(self.seed).generate_state(1)[0])
