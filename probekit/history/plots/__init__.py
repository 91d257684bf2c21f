"""Figures of a history: `ds.probekit.plot`. One figure a file; matplotlib is imported in functions.

Each returns a `matplotlib.figure.Figure` of its own: no pyplot, hence no global state and no
display.
"""

from typing import TYPE_CHECKING, Any

from probekit.history.plots.style import save

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

__all__ = ["Plots", "save"]


class Plots:
    """The figures of `ds.probekit.plot`; each is documented where it is defined."""

    def __init__(self, dataset: "xr.Dataset") -> None:
        self._dataset = dataset

    def trajectories(self, variables: Any = None, **options: Any) -> "Figure":
        """Draw scores over training: see `probekit.history.plots.trajectories.trajectories`."""
        from probekit.history.plots.trajectories import trajectories

        return trajectories(self._dataset, variables, **options)

    def layers(self, variable: str | None = None, **options: Any) -> "Figure":
        """Draw a layer × feature heat map: see `probekit.history.plots.layers.layers`."""
        from probekit.history.plots.layers import layers

        return layers(self._dataset, variable, **options)

    def similarity(self, variable: str | None = None, **options: Any) -> "Figure":
        """Draw a layer × layer matrix: see `probekit.history.plots.similarity.similarity`."""
        from probekit.history.plots.similarity import similarity

        return similarity(self._dataset, variable, **options)

    def rdm(self, layers: Any = None, **options: Any) -> "Figure":
        """Draw dissimilarity matrices: see `probekit.history.plots.rdm.rdm`."""
        from probekit.history.plots.rdm import rdm

        return rdm(self._dataset, layers, **options)

    def embedding(self, layer: str | None = None, **options: Any) -> "Figure":
        """Draw representations over training: see `probekit.history.plots.embedding.embedding`."""
        from probekit.history.plots.embedding import embedding

        return embedding(self._dataset, layer, **options)

    def selectivity(self, variable: str | None = None, **options: Any) -> "Figure":
        """Draw scores unit by unit: see `probekit.history.plots.selectivity.selectivity`."""
        from probekit.history.plots.selectivity import selectivity

        return selectivity(self._dataset, variable, **options)

    def __repr__(self) -> str:
        names = [name for name in vars(type(self)) if not name.startswith("_")]
        return f"figures: {', '.join(names)}"
