"""What the measures are called in other packages, and what these have that is not here.

Each module is the part of one package: rows of its name, of ours, and of what differs.
"""

from typing import NamedTuple

from probekit.estimators.elsewhere import (
    himalaya,
    netrep,
    others,
    rsatoolbox,
    scikit_dimension,
    scikit_learn,
    similarity_repository,
    zadu,
)
from probekit.estimators.elsewhere.not_here import NOT_HERE


class Elsewhere(NamedTuple):
    """One name of another package.

    Attributes
    ----------
    package : str
    there : str
        Its name there.
    here : str
        The same by the functions of `probekit.measures`: an expression in `x` and `y`
        ``(example, unit)``, their dissimilarity matrices `a` and `b` (squared euclidean), those of
        the columns of `y` (`parts`), the conditions `labels`, the `runs` that examples were
        measured in, and the `precision` of the noise.
    differs : str
        In what the numbers differ, and nothing if they are equal.
    """

    package: str
    there: str
    here: str
    differs: str = ""


_NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "rsatoolbox": rsatoolbox.NAMES,
    "netrep": netrep.NAMES,
    "similarity-repository": similarity_repository.NAMES,
    "himalaya": himalaya.NAMES,
    "scikit-learn": scikit_learn.NAMES,
    "scikit-dimension": scikit_dimension.NAMES,
    "ZADU": zadu.NAMES,
    **others.NAMES,
}

ELSEWHERE = tuple(Elsewhere(package, *row) for package, rows in _NAMES.items() for row in rows)


def table() -> str:
    """Return the tables in Markdown."""
    rows = [f"| {row.package} | {row.there} | `{row.here}` | {row.differs} |" for row in ELSEWHERE]
    head = [
        "## Names elsewhere\n",
        "What other packages call it, and the functions of `probekit.measures` for the same, with",
        '`a` and `b` for `rdm(x, metric="squared_euclidean")` and that of `y`, `parts` for those',
        "of the columns of `y`, `labels` for conditions, `runs` for what examples were measured",
        "in, and `precision` for the inverse of the covariance of the noise.\n",
        "| package | there | here | where the numbers differ |",
        "| --- | --- | --- | --- |",
    ]
    missing = [f"| {package} | {there} | {why} |" for package, there, why in NOT_HERE]
    second = [
        "\n## Elsewhere, and not here\n",
        "What other packages measure of representations that this one does not, and why.\n",
        "| package | there | why not |",
        "| --- | --- | --- |",
    ]
    return "\n".join([*head, *rows, *second, *missing, ""])
