"""The contract of an estimator: options, declared variables, a statistic, and a readout of it."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol, Self

import jax
import numpy as np

from probekit.statistics import Statistic
from probekit.variables import Variable

Kind = Literal["encoding", "decoding", "similarity", "geometry"]


class Pairing(Protocol):
    """A way to compare L layers with L others in L preparations each and a cheap step a pair.

    Implementations are frozen, hashable dataclasses, as estimators are.

    Attributes
    ----------
    statistic : Statistic
        What must be remembered of one layer; it is given features ``y`` without columns.
    """

    statistic: Statistic[Any]

    def prepare(self, state: Any) -> Any:
        """Return a pytree of arrays: all that is needed of one layer. Called on concrete states.

        Parameters
        ----------
        state : state
            What `statistic` remembers of all examples of one layer that are scored.
        """
        ...

    def pair(self, a: Any, b: Any) -> dict[str, jax.Array]:
        """Return what `Estimator.compute` would of two layers; works under ``jit``.

        Parameters
        ----------
        a, b : pytree
            What `prepare` returned, of layers that need not have as many units.
        """
        ...

    def pair_all(self, a: list[Any], b: list[Any]) -> dict[str, jax.Array] | None:
        """Return the same of all pairs, ``(layer_a, layer_b)``, if that is faster than one by one.

        Parameters
        ----------
        a, b : list of pytree
            What `prepare` returned of each layer; `b` is `a` itself where a model is compared with
            itself.

        Returns
        -------
        dict of str to array (layer_a, layer_b, …), or None
            None, as here: pair by pair.
        """
        del a, b
        return None


class Weighing(Protocol):
    """A way to score many resamples of examples in memory, that does what is dear only once.

    L preparations of the layers of either side, or of features, and a cheap step a pair, in place
    of a statistic of each pair and resample. All on the host, in NumPy arrays.
    """

    def prepare(self, x: Any, weights: np.ndarray) -> Any:
        """Return all that is needed of one representation ``(example, unit)``.

        Parameters
        ----------
        x : array (example, unit)
            Or a feature.
        weights : array (resample, example)
            How often each example counts: 0, 1, 2, …
        """
        ...

    def pair(self, a: Any, b: Any, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Return what `Estimator.compute` would for each row of weights.

        Parameters
        ----------
        a, b : object
            What `prepare` returned, of these weights.
        weights : array (resample, example)

        Returns
        -------
        dict of str to array (resample,)
            Undefined scores, and the status of each resample, included.
        """
        ...

    def reorder(self, x: Any, y: Any, orders: np.ndarray) -> dict[str, np.ndarray]:
        """Return what `Estimator.compute` would for each order of the examples of `y`.

        Parameters
        ----------
        x : array (example, unit)
        y : array (example, k)
            As they are given to `prepare`.
        orders : array (shuffle, example)
            Numbers of the examples of `y`, from 0, that stand beside those of `x`.

        Returns
        -------
        dict of str to array (shuffle,)
        """
        ...


class Reweighting(Protocol):
    """What an estimator may have that keeps examples, to score many resamples of those it kept.

    Each of the two methods is optional, for encoding, decoding and similarity: without it every
    resample has a state of its own, with copies of the examples that were drawn twice. Neither is
    asked for of an estimator that is `distinct`. All on the host, in NumPy arrays.
    """

    def reweighted(
        self, held_out: Any, weights: np.ndarray, *, groups: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Return what `Estimator.compute` would for each row of weights.

        Parameters
        ----------
        held_out : state
            Of all examples that are kept, numbered from 0, and the columns of one feature.
        weights : array (resample, example)
            How often each of them counts, by its number: 0, 1, 2, … Weights that are all alike have
            the score itself.
        groups : array (example,), optional
            The number of the group that each is drawn with. What is made of pairs leaves out those
            of two copies of one example, and of two copies of one group.

        Returns
        -------
        dict of str to array (resample,)
            Undefined scores, and the status of each resample, included.
        """
        ...

    def reordered(self, held_out: Any, orders: np.ndarray) -> dict[str, np.ndarray]:
        """Return what `Estimator.compute` would for each order of the examples of `y`.

        Parameters
        ----------
        held_out : state
            As of `reweighted`.
        orders : array (shuffle, example)
            Numbers of the examples of `y` that stand beside those of `x`.

        Returns
        -------
        dict of str to array (shuffle,)
        """
        ...


class Estimator(Protocol):
    """Computes scores from what a statistic remembers of representations `x` and features `y`.

    A subclass is a frozen dataclass with keyword-only options (so it is hashable, a static argument
    of ``jit``, and its repr rebuilds it), one of which is `name`:

    >>> import dataclasses
    >>> from probekit.statistics import Moments
    >>> @dataclasses.dataclass(frozen=True, kw_only=True)
    ... class UnitVariance(Estimator):
    ...     '''Mean variance of a unit.'''
    ...     name: str = "unit_variance"
    ...     kind = "geometry"
    ...     statistic = Moments()
    ...     @property
    ...     def variables(self):
    ...         return (Variable(self.name, long_name="mean variance of a unit"),)
    ...     def compute(self, fit, held_out):
    ...         return {self.name: held_out.xx.diagonal().mean() / held_out.count}
    >>> UnitVariance()
    UnitVariance(name='unit_variance')

    An estimator that brings its own `init`, `update` and `merge` returns itself as its statistic.
    What else a `probekit.statistics.Statistic` has it may inherit from that.

    Attributes
    ----------
    name : str
        Name of the main variable. Two configurations of one class in one call need two names.
    kind : str
        ``"encoding"`` and ``"decoding"`` relate a representation to one feature at a time: their
        variables get the axes ``(layer, feature)``. So does ``"similarity"`` in `probekit.probe`
        (representation against feature); in `probekit.compare` it gets ``(layer_a, layer_b)``.
        ``"geometry"`` looks at the representation alone: ``(layer,)``.
    variables : tuple of Variable
        What `compute` returns, known before anything runs; `Variable.dims` are only the estimator's
        own axes (for example ``("unit",)``).
    statistic : Statistic
        What must be remembered.
    joint : bool
        Whether `compute` takes all features at once, with the keyword `columns`: for each feature
        the tuple of its columns in `y`. Its variables then name ``"feature"`` among their own dims
        where they have one.
    traceable : bool
        Whether `compute` works under ``jit``. If not, it runs on the host with NumPy arrays.
    symmetric : bool
        For similarity: whether exchanging the two representations changes nothing.
    fitted : bool
        For similarity and geometry: whether `compute` looks at `fit` too, as where an alignment is
        that of other examples. Decoding always does, and encoding unless it describes what is there
        without fitting anything.
    of_fit : bool
        For encoding and decoding: whether the score is of the examples that are fitted, and others
        are not looked at, as the length of a code of them.
    distinct : bool
        Whether `compute` supposes that no example is there twice, so that a bootstrap with
        replacement is not valid: where duplicates are each other's neighbours, say.
    invariances : frozenset of str
        Among ``"translation"``, ``"scaling"`` (isotropic), ``"rotation"`` (orthogonal maps),
        ``"permutation"`` (of units), ``"linear"`` (invertible linear maps), ``"embedding"``
        (isometric maps into more units, if there were more of them than examples already): maps of
        the representation that leave every score as it is. With rotation and embedding, what is
        looked at of far more units than examples are coordinates of the examples.
    """

    name: str
    kind: ClassVar[Kind]
    joint: ClassVar[bool] = False

    @property
    def symmetric(self) -> bool:
        """Whether exchanging the representations changes nothing; an attribute, as `traceable`."""
        return False

    @property
    def fitted(self) -> bool:
        """Whether a similarity is fitted on other examples; an attribute, as `traceable`."""
        return False

    @property
    def of_fit(self) -> bool:
        """Whether the score is of the fitted examples; an attribute, as `traceable`."""
        return False

    @property
    def traceable(self) -> bool:
        """Whether `compute` works under ``jit``; a class attribute unless options decide."""
        return True

    @property
    def distinct(self) -> bool:
        """Whether no example may be there twice; an attribute, as `traceable`."""
        return False

    @property
    def invariances(self) -> frozenset[str]:
        """Maps that change no score; a class attribute unless options decide."""
        return frozenset()

    @property
    def variables(self) -> tuple[Variable, ...]:
        """What `compute` returns."""
        ...

    @property
    def statistic(self) -> Statistic[Any]:
        """What must be remembered of the examples."""
        ...

    def adapted(self, features: Mapping[str, np.ndarray]) -> Self:
        """Return the estimator with what it makes of the features that it is to look at.

        For options that are not given; `probekit.probe`, the Recorder and `probekit.run`, which has
        those of its first seed, ask before anything else. An estimator that is adapted already
        stays what it is.

        Parameters
        ----------
        features : mapping of array (example, k)
            Those that are fitted, by their names.
        """
        del features
        return self

    def labels(self, features: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """Return the labels of own axes that follow from the names of the features, if any do.

        Parameters
        ----------
        features : sequence of str
            Their names, in the order of `columns`.

        Returns
        -------
        mapping
            ``{axis: one label a place}``, of axes that `variables` name. None may be there twice.
        """
        del features
        return {}

    def narrowed(self, *, units: int, to: int) -> "Estimator | None":
        """Return what gives the same scores of coordinates of the examples, or None.

        Asked where there are more units than examples. `probekit.probe` and `probekit.compare` then
        need memory for the examples and not for the square of the units.

        Parameters
        ----------
        units : int
        to : int
            How many coordinates take their place. Distances and angles are the same, and so is the
            mean if the estimator is not invariant to translation.

        Returns
        -------
        Estimator or None
            By default this one, if it is invariant to rotation and embedding. Another, of the same
            variables, where an option is relative to the number of units.
        """
        del units, to
        return self if {"rotation", "embedding"} <= self.invariances else None

    def predictors(self, *, units: int, columns: Mapping[str, int]) -> int:
        """Return how many predictors are fitted to each thing that is predicted; 0 if none are.

        `probekit.probe` warns where these are many for the examples, and the same examples are
        scored.

        Parameters
        ----------
        units : int
            Of the layer; 1 at least.
        columns : mapping of str to int
            How many each feature has.

        Returns
        -------
        int
            By default those of a linear probe: the units if it decodes, unless it is `of_fit`. An
            encoding that fits something says so itself.
        """
        del columns
        return units if self.kind == "decoding" and not self.of_fit else 0

    def check_sizes(
        self, *, examples: int, layer: str, units: int, columns: Mapping[str, int]
    ) -> None:
        """Raise `ShapeError` where any data of these sizes would have the same score; optional.

        Asked for every layer before anything is computed, by `probekit.probe`, the Recorder and
        `probekit.run`. What is refused of some examples must be refused of fewer. Similarities have
        a status for it, ``too_few_examples``: in a matrix of layers others have a score.

        Parameters
        ----------
        examples : int
            To fit on.
        layer : str
        units : int
        columns : mapping of str to int
            How many each feature has.
        """
        del examples, layer, units, columns

    def check_examples(self, *, fitted: int, scored: int) -> None:
        """Raise `ShapeError` where an option names something of each example, of others; optional.

        Asked before anything is computed.

        Parameters
        ----------
        fitted, scored : int
            How many examples there are to fit on, and to score on.
        """
        del fitted, scored

    def pairing(self, *, examples: int, units: tuple[int, ...], pairs: int) -> Pairing | None:
        """Return how `probekit.compare` may score pairs of layers with less work, or None.

        For similarity alone, and optional: without it every pair of layers has a state of its own.

        Parameters
        ----------
        examples : int
        units : tuple of int
            Of each layer that would be prepared.
        pairs : int
            How many pairs of layers are to be scored.
        """
        del examples, units, pairs
        return None

    def weighing(self, *, examples: int, units: tuple[int, ...]) -> Weighing | None:
        """Return how a bootstrap or a permutation may score many resamples with less work, or None.

        For similarity alone that looks at nothing but the examples that are scored, and optional:
        without it a statistic is taken of each resample. Asked where all examples are in memory and
        count once; an estimator whose statistic keeps examples may have what `Reweighting` has
        instead.

        Parameters
        ----------
        examples : int
        units : tuple of int
            Of each representation that would be prepared, the features included.
        """
        del examples, units
        return None

    def compute(self, fit: Any, held_out: Any) -> dict[str, jax.Array]:
        """Return ``{variable name: array}`` from the states of the two splits.

        Parameters
        ----------
        fit : state
            What the examples left that a probe is fitted on.
        held_out : state
            What the examples left that it is scored on; equal to `fit` when there are no others.
            Geometry and similarity look at these alone, unless they are `fitted`.

        Returns
        -------
        dict
            Each of `variables`, as float with the axes of `Variable.dims`; and for each, if it can
            be undefined, ``<name>_status``: a code of `probekit.history.Status`, int8, of the same
            shape, which for NaN says why and is not ``OK``.
        """
        ...
