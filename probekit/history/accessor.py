"""`ds.probekit`: what users of a history would otherwise write again and again."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from probekit._checks import check_confidence
from probekit.errors import OptionError, UnknownNameError
from probekit.history.contents import called, scores
from probekit.history.intervals import interval, resampled_interval
from probekit.history.schema import DIMS, ROW_DIMS, UNCERTAINTY

if TYPE_CHECKING:
    import xarray as xr

    from probekit.history.differences import Test
    from probekit.history.plots import Plots
    from probekit.inference import Alternative, Bootstrap, Correction, Interval

NAME = "probekit"


def register_accessor() -> None:
    """Register `ds.probekit` with xarray; once is enough, and more does no harm."""
    import xarray as xr

    if not hasattr(xr.Dataset, NAME):
        xr.register_dataset_accessor(NAME)(HistoryAccessor)  # type: ignore[no-untyped-call]


class HistoryAccessor:
    """What `ds.probekit` offers on a history: derived scores, summaries over seeds, figures.

    Attributes
    ----------
    time : str
        The axis along which the network learns: ``"epoch"``, ``"step"``, or another.
    """

    def __init__(self, dataset: "xr.Dataset") -> None:
        self._dataset = dataset

    @property
    def time(self) -> str:
        """The axis along which the network learns."""
        rows = str(self._dataset.attrs.get(ROW_DIMS, "")).split()
        for dim in (*rows[-1:], "epoch", "step"):
            if dim in self._dataset.dims:
                return dim
        raise OptionError(
            f"dims {tuple(self._dataset.dims)}: neither 'epoch' nor 'step' is among them; "
            "this needs a whole history, not one row of it."
        )

    @property
    def plot(self) -> "Plots":
        """Figures: ``ds.probekit.plot.trajectories()`` and others. Needs the extra ``plot``."""
        from probekit.history.plots import Plots

        return Plots(self._dataset)

    def recorded(self) -> "xr.DataArray":
        """Tell which rows were recorded: boolean, dims ``seed`` and ``epoch`` (or ``step``).

        A seed that stopped early has no rows after that. A row counts as recorded if any score in
        it is a number. The axes of a sweep are kept too: each of its combinations has its own rows.
        """
        time, rows = self.time, None
        arrays = [self._dataset[name] for name in scores(self._dataset)]
        arrays = [array for array in arrays if time in array.dims]
        kept = {time, "seed", *_swept(arrays, time)}
        for array in arrays:
            filled = array.notnull().any([dim for dim in array.dims if dim not in kept])
            rows = filled if rows is None else rows | filled
        if rows is None:
            raise OptionError(f"{called(self._dataset)}: no score has the axis {time!r}.")
        return rows

    def final(self) -> "xr.Dataset":
        """Return each seed's last recorded row; its ``epoch`` (or ``step``) becomes a label of it.

        In a sweep it is the last row of each seed of each combination.

        Examples
        --------
        >>> import numpy as np, xarray as xr
        >>> register_accessor()
        >>> r2 = [[0.1, 0.2, 0.3], [0.4, 0.5, np.nan]]
        >>> ds = xr.Dataset({"r2": (("seed", "epoch"), r2)}, {"seed": [0, 1], "epoch": [0, 1, 2]})
        >>> final = ds.probekit.final()
        >>> final.r2.values.tolist(), final.epoch.values.tolist()
        ([0.3, 0.5], [2, 1])
        """
        time = self.time
        rows = self.recorded()
        last = rows.sizes[time] - 1 - rows.isel({time: slice(None, None, -1)}).argmax(time)
        return self._dataset.isel({time: last.drop_vars(time, errors="ignore")})

    def normalized_r2(self, variable: str = "linear_r2") -> "xr.DataArray":
        """R² in units of the final total variance, so that epochs can be compared.

        R²(t) · TV(t) / TV(final), where TV is the total variance of the layer's representation and
        final is each seed's last recorded row. A share of the final variance, strictly speaking,
        only for ``LinearR2(multioutput="variance_weighted")``.

        Parameters
        ----------
        variable : str
            An R² per layer.

        Raises
        ------
        UnknownNameError
            If the history does not have it.
        OptionError
            If the history has no ``total_variance``.

        References
        ----------
        Lampinen, Chan and Hermann 2024, arXiv 2405.05847, Fig. 2.
        """
        ds = self._dataset
        if variable not in ds.data_vars:
            raise UnknownNameError("variable", variable, map(str, ds.data_vars))
        if "total_variance" not in ds.data_vars:
            raise OptionError(
                "total_variance: not in this history, and R² is normalized by it. "
                "Record it: estimators=['linear_r2', 'total_variance']."
            )
        final = self.final()["total_variance"].drop_vars(self.time, errors="ignore")
        normalized = ds[variable] * (ds["total_variance"] / final.where(final > 0))
        return normalized.transpose(*ds[variable].dims).assign_attrs(
            long_name="R² × total variance / final total variance", units="1"
        )

    def summary(
        self, confidence: float = 0.95, *, uncertainty: "Bootstrap | None" = None
    ) -> "xr.Dataset":
        """Mean over seeds, its confidence interval, and the number of seeds.

        The interval is mean ± t · s / √n, with Student's t of n − 1 degrees of freedom and s the
        standard deviation of the n seeds that have a value. It supposes that seeds are drawn at
        random and scores roughly normal; it can reach beyond the range of a score, and is NaN for
        one seed, or if one is infinite.

        Parameters
        ----------
        confidence : float
            Of the interval, between 0 and 1.
        uncertainty : Bootstrap, optional
            Of `probekit`: take the interval, and its confidence, from means of resampled seeds
            instead. It stays in the range of a score, but of few seeds it holds the true mean less
            often than it says: of normal scores, 95 % intervals in 84 % of the cases with 5 seeds,
            90 with 10 and 93 with 30; of exponential ones in 78, 86 and 92 % (the t interval in 89,
            90 and 93 %).

        Returns
        -------
        xarray.Dataset
            The scores, with ``seed`` replaced by ``statistic``: ``mean``, ``lower``, ``upper``,
            ``n``. The attributes ``confidence`` and, of a bootstrap, ``uncertainty`` say of what
            kind the interval is.

        Raises
        ------
        OptionError
            If no score has seeds, the confidence is not between 0 and 1, or `uncertainty` is no
            `Bootstrap`, or one with groups.

        Warns
        -----
        ProbekitWarning
            If a bootstrap has fewer than 10 seeds, or too few resamples for its interval, or
            another confidence than the one that is given beside it.

        Examples
        --------
        >>> import xarray as xr
        >>> register_accessor()
        >>> ds = xr.Dataset({"r2": ("seed", [0.4, 0.5, 0.6])}, {"seed": [0, 1, 2]})
        >>> ds.probekit.summary().r2.values.round(3).tolist()
        [0.5, 0.252, 0.748, 3.0]
        """
        import xarray as xr

        ds = self._dataset
        check_confidence(confidence)
        about: dict[str, Any] = {"confidence": confidence}
        names = [name for name in scores(ds) if "seed" in ds[name].dims]
        if not names:
            raise OptionError(
                f"{called(ds)}: no score has the axis 'seed' to summarize over. Record with seed=, "
                "or join histories: xarray.concat([a, b], 'seed')."
            )
        if uncertainty is not None:
            from probekit.history.seeds import (
                check_of_seeds,
                warn_of_few_seeds,
                warn_of_other_confidence,
            )
            from probekit.inference import Bootstrap, warn_of_few_resamples

            check_of_seeds(uncertainty, (Bootstrap,))
            warn_of_other_confidence(confidence, uncertainty)
            warn_of_few_resamples(uncertainty)
            counts = [ds[name].count("seed").values.ravel() for name in names]
            warn_of_few_seeds(np.concatenate(counts))
            about = {"confidence": uncertainty.confidence, UNCERTAINTY: uncertainty.text()}
        summaries = {}
        for name in names:
            mean, lower, upper, count = (
                interval(ds[name], confidence)
                if uncertainty is None
                else resampled_interval(ds[name], uncertainty)
            )
            parts = xr.concat([mean, lower, upper, count], "statistic")
            summaries[name] = parts.assign_attrs(ds[name].attrs)
        labels = {"statistic": ["mean", "lower", "upper", "n"]}
        return xr.Dataset(summaries, attrs={**ds.attrs, **about}).assign_coords(labels)

    def compare(
        self,
        a: "Mapping[Hashable, Any] | xr.Dataset",
        b: "Mapping[Hashable, Any] | xr.Dataset",
        *,
        test: "Test | None" = None,
        confidence: float = 0.95,
        correction: "Correction" = "holm",
        interval: "Interval | None" = None,
        alternative: "Alternative" = "two-sided",
        seed: int = 0,
    ) -> "xr.Dataset":
        """Test two layers, features or runs against each other, score by score.

        Scores of one and the same seed, or of one and the same resample, are compared: what both
        sides share, such as an easy set of examples, cancels.

        Parameters
        ----------
        a, b : mapping or xarray.Dataset
            Each a selection of this Dataset, such as ``{"layer": "hidden_0"}``, or another Dataset,
            taken as it is. Of a history each seed's last recorded row counts, unless ``epoch`` (or
            ``step``) is selected.
        test : {"t", "signs", "wilcoxon", "bootstrap"}, optional
            ``t``: paired over seeds, mean difference ± t · s / √n; supposes that differences are
            roughly normal. ``signs``: paired over seeds, by changing signs of the differences;
            ``wilcoxon``: by the sum of the ranks of the positive ones, with the interval of their
            pseudomedian. Both suppose that these are as often so far above their centre as below.
            With n seeds p is at least 2 / 2ⁿ, and the interval is infinite where p cannot reach
            1 − `confidence`: 6 seeds are needed for 95 %. ``bootstrap``: over examples, from the
            differences of the resamples that ``probe(…, uncertainty=Bootstrap(keep=True))`` left.
            Unless given it is ``t`` if there are seeds, else ``bootstrap``.
        confidence : float
            Of the interval, between 0 and 1.
        correction : {"holm", "bonferroni", "fdr_bh", "fdr_by", "none"}
            For the tests of one score over the axes that are left; see `probekit.inference`.
        interval : {"percentile", "bca", "basic"}, optional
            Of ``bootstrap``: what is made of the differences. Unless given that of the `Bootstrap`
            that drew the resamples; ``"bca"`` needs one that had it. p is that of their quantiles.
        alternative : {"two-sided", "greater", "less"}
            What p speaks against no difference for; ``greater``: that b is above a. Intervals are
            two-sided.
        seed : int
            Of the signs, where there are too many to change them in every way (over 12 seeds).

        Returns
        -------
        xarray.Dataset
            The scores that have the selected axes. In place of ``seed`` and ``epoch`` the axis
            ``comparison``: ``a`` and ``b`` (means over the n seeds), ``difference`` (b − a),
            ``lower`` and ``upper`` (ends of its interval), ``p``, ``p_corrected``, and ``n``
            (seeds, or resamples). NaN where fewer than 2 seeds have both, or one is infinite, where
            all differences are equal but not 0 (``t``; equal but for the rounding of the scores, as
            float32 or what they are, is equal), or where too many resamples are undefined.
            Attributes: ``test``, ``alternative``, ``confidence``, ``correction``, and of a
            bootstrap ``resamples`` and ``interval``, of signs ``seed``.

        Raises
        ------
        OptionError
            If there are neither seeds nor resamples, or nothing in common, or a label twice.
        UnknownNameError
            If an axis or a label that is selected is not there.

        Warns
        -----
        ProbekitWarning
            If of so few seeds p cannot be 0.05, there are too few resamples for the interval, or
            `interval` is given for another test than ``bootstrap``.

        References
        ----------
        Student 1908; Fisher 1935, The design of experiments, section 21 (signs); Hartigan 1969,
        Using subsample values as typical values (its interval); Wilcoxon 1945; Efron and
        Tibshirani 1993. `probekit.inference.paired_test` has the tests over seeds of any
        differences.

        Examples
        --------
        >>> import xarray as xr
        >>> register_accessor()
        >>> r2 = [[0.1, 0.5], [0.2, 0.7], [0.1, 0.6]]
        >>> ds = xr.Dataset({"r2": (("seed", "layer"), r2)}, {"seed": [0, 1, 2], "layer": [0, 1]})
        >>> table = ds.probekit.compare({"layer": 0}, {"layer": 1}).r2
        >>> table.sel(comparison=["difference", "p", "n"]).values.round(3).tolist()
        [0.467, 0.005, 3.0]
        """
        from probekit.history.differences import compare_selections

        return compare_selections(
            self._dataset,
            a,
            b,
            test=test,
            confidence=confidence,
            correction=correction,
            interval=interval,
            alternative=alternative,
            seed=seed,
        )

    def __repr__(self) -> str:
        return (
            f"probekit history of {', '.join(scores(self._dataset)) or 'nothing'}\n"
            "  .final(), .normalized_r2(), .summary(), .compare(), .recorded(), .plot"
        )


def _swept(arrays: "Sequence[xr.DataArray]", time: str) -> set[str]:
    """Axes of a sweep: they lead, in every score, while an estimator's own axes trail."""
    leading = [{*map(str, array.dims[: array.dims.index(time)])} for array in arrays]
    return set.intersection(*leading).difference(DIMS) if leading else set()
