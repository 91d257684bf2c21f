"""What is said about a reported array before it exists: its name, axes, units, range, source.

One `Variable` is the netCDF attributes, the row of the documentation table and the head of a
printed table, so that each fact about a score is written once.
"""

from typing import Any, NamedTuple

AT_LEAST_0 = (0.0, float("inf"))
"""The range of lengths, distances, counts and losses."""

AT_MOST_1 = (-float("inf"), 1.0)
"""The range of R² on other examples than those that were fitted."""

UNBOUNDED = (-float("inf"), float("inf"))
"""The range of differences of such R²."""

LOWER_IS_BETTER = "lower_is_better"
"""The attribute of variables that are distances or losses."""

TOLD_OF_SCORES = ("status", "ci", "resamples", "left_out", "p", "p_corrected", "cv", "folds")
"""What may stand beside a score ``NAME``, as ``NAME_<one of these>``; no score is called so."""


WITHOUT_DIRECTION = "an example without direction (its units are all 0)"
"""Why an angle is undefined."""

WITHOUT_PATTERN = "an example without direction (its units are all equal)"
"""Why a correlation between examples is undefined."""


ALL_DIFFER = "a feature of which no value, that is no class, occurs twice"
"""Why nothing is known of the examples of one class."""


def reason_of_distance(metric: str) -> str:
    """Return why distances between examples can be undefined; nothing if they never are.

    Parameters
    ----------
    metric : str
        Of which kind the distances are; of an unknown one they never are.
    """
    if metric.startswith("correlation"):
        return WITHOUT_PATTERN
    return WITHOUT_DIRECTION if metric == "cosine" else ""


class Variable(NamedTuple):
    """The schema of one reported array.

    Parameters
    ----------
    name : str
        In snake_case; the name in the Dataset.
    dims : tuple of str
        The variable's own axes, which trail; the axes of the library (``seed``, ``epoch``,
        ``layer``, ``feature``) lead and are not named here.
    long_name : str
        For axis labels and table heads.
    units : str
        ``"1"`` for ratios.
    valid_range : tuple of float, optional
        Smallest and largest possible value; infinite where unbounded.
    references : str
        The source paper.
    lower_is_better : bool
        Whether small values mean much of what is looked for: of distances and losses.
    also_constant : str
        What else than a constant unit the status ``constant_unit`` stands for, e.g.
        `WITHOUT_DIRECTION`.
    also_few : str
        What else than few examples the status ``too_few_examples`` stands for, e.g. `ALL_DIFFER`.
    """

    name: str
    dims: tuple[str, ...] = ()
    long_name: str = ""
    units: str = "1"
    valid_range: tuple[float, float] | None = None
    references: str = ""
    lower_is_better: bool = False
    also_constant: str = ""
    also_few: str = ""

    def attributes(self) -> dict[str, Any]:
        """Attributes of the variable in a netCDF file."""
        attributes: dict[str, Any] = {"long_name": self.long_name or self.name, "units": self.units}
        if self.valid_range is not None:
            attributes["valid_range"] = list(map(float, self.valid_range))
        if self.references:
            attributes["references"] = self.references
        if self.lower_is_better:
            attributes[LOWER_IS_BETTER] = 1
        return attributes
