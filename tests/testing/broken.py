"""Estimators that break one law each, for the checks to find."""

import dataclasses
import warnings

import jax
import jax.numpy as jnp
import numpy as np

from probekit.estimators import CKA, RSA, DecodingR2, Estimator, LinearR2, Pairing, UniqueR2
from probekit.estimators._weighing import OfGrams
from probekit.statistics import Moments, Statistic
from probekit.variables import Variable

INFINITE = float("inf")


def options(cls):
    return dataclasses.dataclass(frozen=True, kw_only=True)(cls)


@options
class Diagonal(Moments):
    """The moments that a variance needs."""

    xx: str = "diagonal"
    xy: bool = False
    yy: str = "none"


@options
class Variance(Estimator):
    """The mean variance of a unit; sound, unless `broken` says what is not."""

    name: str = "variance"
    broken: str = ""
    kind = "geometry"
    invariances = frozenset({"translation"})
    statistic = Diagonal()

    @property
    def variables(self):
        return (Variable(self.name, valid_range=(0, INFINITE)),)

    def compute(self, fit, held_out):
        value = self.value(held_out)
        if self.broken == "nan":
            value = jnp.nan_to_num(value)
        if self.broken == "name":
            return {"varians": value}
        if self.broken == "list":
            return [value]
        if self.broken == "half":
            value = value.astype(jnp.float16)
        if self.broken == "warns":
            warnings.warn("hm", stacklevel=2)
        if self.broken == "if" and value > 0:
            value = -value
        if self.broken == "status":
            status = jnp.where(jnp.isfinite(value), 0, 9).astype(jnp.int8)
            return {self.name: value, f"{self.name}_status": status}
        if self.broken == "axes":
            return {self.name: value[None]}
        return {self.name: value}

    def labels(self, features):
        return {"labels": {"unit": [*features]}}.get(self.broken, {})

    def value(self, state):
        return state.x_squares.mean() / state.count


class Thawed(Variance):
    """Neither frozen options nor a repr that rebuilds it."""

    __setattr__ = object.__setattr__


@options
class OfNoKind(Variance):
    kind = "geometric"


@options
class OutOfRange(Variance):
    @property
    def variables(self):
        return (Variable(self.name, valid_range=(1e6, INFINITE)),)


@options
class LastBatch(Diagonal):
    """Moments of the last batch alone."""

    def update(self, state, x, y, *, weight, index):
        return super().update(self.init(x, y), x, y, weight=weight, index=index)


@options
class Drifting(Diagonal):
    """Moments of which merging makes something more each time."""

    def merge(self, a, b):
        merged = Moments.merge(self, a, b)
        return dataclasses.replace(merged, xx=merged.xx * 1.1)


@options
class Partial(Diagonal):
    """Moments that prefer those that come first."""

    def merge(self, a, b):
        merged = Moments.merge(self, a, b)
        return dataclasses.replace(merged, xx=merged.xx + 0.1 * a.xx)


@options
class Unweighted(Diagonal):
    """Moments that see the absent."""

    def update(self, state, x, y, *, weight, index):
        return super().update(state, x, y, weight=jnp.ones_like(weight), index=index)


@options
class PresentOrNot(Diagonal):
    """Moments that count every example once."""

    def update(self, state, x, y, *, weight, index):
        return super().update(state, x, y, weight=jnp.sign(weight), index=index)


@options
class Sums(Statistic):
    """Count, sum and sum of squares: simple, and wrong far from the origin."""

    rounded: bool = False

    def init(self, x, y):
        return jnp.zeros(()), jnp.zeros(x.shape[1]), jnp.zeros(x.shape[1])

    def update(self, state, x, y, *, weight, index):
        x = x if self.rounded else x.astype(jnp.float32)
        present = (weight > 0)[:, None]
        squares = jnp.where(present, (x * x).astype(jnp.float32), 0) * weight[:, None]
        x = jnp.where(present, x.astype(jnp.float32), 0) * weight[:, None]
        return self.merge(state, (weight.sum(), x.sum(axis=0), squares.sum(axis=0)))

    def merge(self, a, b):
        return tuple(first + second for first, second in zip(a, b, strict=True))


@options
class LastExample(Sums):
    """Remembers whatever came last in the batch."""

    def update(self, state, x, y, *, weight, index):
        return state[0] + weight.sum(), x[-1].astype(jnp.float32), state[2]


@options
class Hoarding(Sums):
    """Keeps every batch beside its sums."""

    def init(self, x, y):
        return *super().init(x, y), jnp.zeros((0, x.shape[1]))

    def update(self, state, x, y, *, weight, index):
        sums = Sums.update(self, state[:3], x, y, weight=weight, index=index)
        return *sums[:3], jnp.concatenate([state[3], x.astype(jnp.float32)])

    def merge(self, a, b):
        kept = jnp.concatenate([a[3], b[3]]) if len(a) > 3 else ()
        return *Sums.merge(self, a[:3], b[:3]), kept


@options
class Tripling(Diagonal):
    """Whoever shares it with others gets three times as much."""

    def union(self, other):
        return Tripled() if isinstance(other, Moments) else None


@options
class Tripled(Moments):
    def update(self, state, x, y, *, weight, index):
        return super().update(state, 3 * x, y, weight=weight, index=index)


@options
class Forgetful(Diagonal):
    """Moments of which one merged has the count alone; an update, which merges, has none at all."""

    of_first: bool = False

    def merge(self, a, b):
        count = a.count if self.of_first else b.count
        return dataclasses.replace(Moments.merge(self, a, b), count=count)


@options
class Numbered(Diagonal):
    """Moments in which examples of an even number count twice."""

    def update(self, state, x, y, *, weight, index):
        weight = weight * (2 - index % 2).astype(weight.dtype)
        return super().update(state, x, y, weight=weight, index=index)


class Unequal(Diagonal):
    """Never the same as another, so that everything is compiled again for it."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


@options
class Remembering(Variance):
    """The variance, from another statistic."""

    statistic: Statistic = Diagonal()


@options
class OfSums(Variance):
    """The variance as mean of squares minus square of mean."""

    statistic: Statistic = Sums()

    def value(self, state):
        count, total, squares = state
        return (squares / count - (total / count) ** 2).mean()


@options
class MeanSquare(OfSums):
    """About the origin."""

    def value(self, state):
        count, _, squares = state
        return (squares / count).mean()


@options
class OfHoarded(OfSums):
    statistic: Statistic = Hoarding()

    def value(self, state):
        return super().value(state[:3])


@options
class OfTheOtherSplit(Variance):
    def compute(self, fit, held_out):
        return super().compute(held_out, fit)


@options
class LastValue(OfSums):
    statistic: Statistic = LastExample()

    def value(self, state):
        return jnp.abs(state[1]).mean()


@options
class OtherwiseTraced(Variance):
    def value(self, state):
        factor = 2 if isinstance(state.count, jax.core.Tracer) else 1
        return factor * super().value(state)


@options
class AcrossTheBatch(Variance):
    """Under `vmap` each row is given the mean of all rows."""

    def value(self, state):
        value = super().value(state)
        shape = jax.ShapeDtypeStruct((), value.dtype)
        mean = jax.pure_callback(_mean_of_all, shape, value, vmap_method="broadcast_all")
        return jnp.asarray(mean)


def _mean_of_all(rows):
    rows = np.asarray(rows)
    return np.broadcast_to(rows.mean(), rows.shape)


@options
class Compiling(Variance):
    """Brings a new statistic each time it is asked."""

    @property
    def statistic(self):
        return Unequal()


@options
class LogVariance(Variance):
    """Minus infinity for a unit that never changes."""

    @property
    def variables(self):
        return (Variable(self.name, valid_range=(-50, 50)),)

    def value(self, state):
        return jnp.log(state.x_squares / state.count).mean()


@options
class OneMoreExample(Variance):
    """Zero of no examples."""

    def value(self, state):
        return state.x_squares.mean() / (state.count + 1)


@options
class SpreadOfUnits(Variance):
    """The variance of the units' variances, with one degree of freedom less; always fine."""

    def compute(self, fit, held_out):
        variances = held_out.x_squares / held_out.count
        spread = jnp.square(variances - variances.mean()).sum() / (len(variances) - 1)
        known = jnp.isfinite(held_out.x_mean).all() & (held_out.count > 1)
        return {self.name: spread, f"{self.name}_status": jnp.where(known, 0, 1).astype(jnp.int8)}


@options
class Claiming(Variance):
    """Claims that a map changes nothing."""

    claim: str = "scaling"

    @property
    def invariances(self):
        return frozenset({self.claim})


@options
class Narrowing(Variance):
    """Takes the mean over coordinates for that over units."""

    share: float = 1.0
    invariances = frozenset({"translation", "rotation"})

    def narrowed(self, *, units, to):
        return dataclasses.replace(self, share=to / units)


@options
class OfFirstUnit(Claiming):
    def value(self, state):
        return state.x_squares[0] / state.count


@options
class Unselective(Moments):
    """Whatever columns are asked for, the first are given."""

    def select(self, state, *, x=None, y=None):
        return super().select(state, x=x, y=None if y is None else jnp.arange(len(y)))


@options
class OfFirstColumns(LinearR2):
    statistic = Unselective()


@options
class Alike(Estimator):
    """Linear CKA, times a factor; blind to what is constant if `floor` is above 0."""

    factor: float = 1.0
    floor: float = 0.0
    lopsided: bool = False
    always: bool = False
    name: str = "alike"
    kind = "similarity"
    symmetric = True
    statistic = Moments()

    @property
    def variables(self):
        return (Variable(self.name, valid_range=(0, 1)),)

    def compute(self, fit, held_out):
        xx, yy = (jnp.square(square).sum() for square in (held_out.xx, held_out.yy))
        length = xx if self.lopsided else jnp.sqrt(xx * yy)
        value = self.factor * jnp.square(held_out.xy).sum() / (length + self.floor)
        rounding = 1e-11 * held_out.count * jnp.square(held_out.x_mean).sum()
        constant = (held_out.x_squares.sum() <= rounding) & (self.floor == 0)
        value = jnp.where(constant, jnp.nan, value)
        return {self.name: jnp.where(self.always, jnp.where(jnp.isnan(value), value, 1), value)}


@options
class DebiasedCKA(CKA):
    """Without the pairs of an example with itself, and says nothing of it."""

    debiased: bool = True
    distinct = False


@options
class Reweighted(RSA):
    """Weights are taken as parts of one."""

    def reweighted(self, held_out, weights, *, groups=None):
        found = super().reweighted(held_out, weights, groups=groups)
        return {**found, self.name: found[self.name] * weights.mean(axis=1)}


@options
class Reordered(RSA):
    """Takes orders for those of places in memory."""

    def reordered(self, held_out, orders):
        return super().reordered(held_out, orders[:, ::-1])


@dataclasses.dataclass(frozen=True)
class NotInARow(Variance):
    power: float = 2.0


@options
class Demanding(Variance):
    power: float


@options
class Listed(Variance):
    which: list


class Reworded(Variance):
    def __repr__(self):
        return "a variance"


@options
class Declaring(Variance):
    """Says of its variables whatever it is told."""

    declared: tuple | list = ()

    @property
    def variables(self):
        return self.declared


@options
class Settled(Variance):
    """The same name whatever it is given."""

    @property
    def variables(self):
        return (Variable("variance", valid_range=(0, INFINITE)),)


@options
class Growing(Variance):
    """Adapts itself again and again."""

    times: int = 0

    def adapted(self, features):
        return dataclasses.replace(self, times=self.times + 1)


@options
class OfTheDefined(Variance):
    """The mean over the units that are numbers."""

    def value(self, state):
        return jnp.nanmean(state.x_squares) / state.count


@options
class OfLength(Diagonal):
    """Weighs a batch by its length."""

    def update(self, state, x, y, *, weight, index):
        return super().update(state, x, y, weight=weight / len(x), index=index)


@options
class OfBatches(Variance):
    statistic: Statistic = OfLength()


@options
class Whole(Diagonal):
    """Weights to the next whole number."""

    def update(self, state, x, y, *, weight, index):
        return super().update(state, x, y, weight=jnp.round(weight), index=index)


@options
class OfWholeWeights(Variance):
    statistic: Statistic = Whole()


@options
class Relative(Diagonal):
    """Weights as parts of the largest of the batch."""

    def update(self, state, x, y, *, weight, index):
        largest = jnp.maximum(weight.max(), 1e-6)
        return super().update(state, x, y, weight=weight / largest, index=index)


@options
class OfLargestWeight(Variance):
    statistic: Statistic = Relative()


@options
class OfVolume(Variance):
    """Says of a volume that no linear map changes it; those of determinant 1 do not."""

    invariances = frozenset({"translation", "linear"})
    statistic: Statistic = Moments()

    def value(self, state):
        return _volume(state.xx / state.count)


def _volume(square):
    """Determinant, by elimination."""
    value = 1.0
    for place in range(len(square)):
        pivot = square[place, place]
        value = value * pivot
        square = square - jnp.outer(square[:, place], square[place]) / pivot
    return value


@options
class EquallyNarrow(Variance):
    """Takes itself for the same of coordinates, which its invariances do not say."""

    def narrowed(self, *, units, to):
        return self


@options
class Explained(Estimator):
    """R² of the units by one column of features, in one go; sound, unless options say otherwise."""

    name: str = "explained"
    looks_at: str = ""
    exchanged: bool = False
    first: bool = False
    kind = "encoding"
    statistic = Moments()

    @property
    def variables(self):
        return (Variable(self.name, valid_range=(-INFINITE, 1)),)

    def compute(self, fit, held_out):
        if self.looks_at == "fit":
            held_out = fit
        if self.exchanged:
            fit, held_out = held_out, fit
        slope = fit.xy[:, 0] / fit.yy[0, 0]
        x_step, y_step = fit.steps(held_out)
        off = held_out.count * jnp.square(x_step - slope * y_step[0])
        explained = 2 * slope * held_out.xy[:, 0] - jnp.square(slope) * held_out.yy[0, 0] - off
        value = explained.sum() / held_out.x_squares.sum()
        alone = self.first or held_out.yy.shape[0] == 1
        return {self.name: value if alone else jnp.full_like(value, jnp.nan)}


@options
class Exchanged(DecodingR2):
    def compute(self, fit, held_out):
        return super().compute(held_out, fit)


@options
class Unfitted(DecodingR2):
    def compute(self, fit, held_out):
        return super().compute(held_out, held_out)


@options
class InOrder(UniqueR2):
    """Supposes that the first feature is the first column."""

    def compute(self, fit, held_out, *, columns):
        return super().compute(fit, held_out, columns=((0,), (1,)))


@options
class Halved(CKA):
    """Half of the score, where it is of preparations."""

    kernel: str = "rbf"

    def pairing(self, *, examples, units, pairs):
        return HalfPairing(super().pairing(examples=examples, units=units, pairs=pairs))


@dataclasses.dataclass(frozen=True)
class HalfPairing(Pairing):
    whole: Pairing

    @property
    def statistic(self):
        return self.whole.statistic

    def prepare(self, state):
        return self.whole.prepare(state)

    def pair(self, a, b):
        found = self.whole.pair(a, b)
        return {**found, "cka": found["cka"] / 2}


@options
class Weighing(CKA):
    """Weighs the examples of one side alone."""

    def weighing(self, *, examples, units):
        way = super().weighing(examples=examples, units=units)
        return Lopsided(way.estimator, way.reading, way.debiased, way.hold)


class Lopsided(OfGrams):
    def pair(self, a, b, weights):
        return super().pair(a, self.prepare(b.side.given, np.ones_like(weights)), weights)


BROKEN = {
    "check_options": (Thawed(), "an option can be set"),
    "check_declarations": (OfNoKind(), "kind 'geometric' is none of"),
    "check_reports_what_it_declares": (OutOfRange(), "its range is 1000000"),
    "check_name": (Settled(), r"\['variance'\] under the name 'variance_2', too"),
    "check_adapted": (Growing(), "times=1.*and once more .*times=2"),
    "check_batches": (Remembering(statistic=LastBatch()), "instead of"),
    "check_identity": (Remembering(statistic=Drifting()), "instead of"),
    "check_merge_commutative": (Remembering(statistic=Partial()), "instead of"),
    "check_merge_associative": (Remembering(statistic=Drifting()), "instead of"),
    "check_weight_zero": (Remembering(statistic=Unweighted()), "instead of"),
    "check_weights_are_copies": (Remembering(statistic=PresentOrNot()), "instead of"),
    "check_order": (LastValue(), "instead of"),
    "check_numbers": (Remembering(statistic=Numbered()), "instead of"),
    "check_select": (OfFirstColumns(), "instead of"),
    "check_shared_statistic": (Remembering(statistic=Tripling()), "instead of"),
    "check_jit": (OtherwiseTraced(), "instead of"),
    "check_vmap": (AcrossTheBatch(), "instead of"),
    "check_no_recompilation": (Compiling(), "functions were traced again"),
    "check_half_precision": (OfSums(statistic=Sums(rounded=True)), "instead of"),
    "check_large_offset": (OfSums(), "instead of"),
    "check_not_finite": (Variance(broken="nan"), "x with nan: variance is 0"),
    "check_one_not_finite": (OfTheDefined(), "with NaN in one unit variance is"),
    "check_constant_unit": (LogVariance(), "variance is -inf; its range is -50 to 50"),
    "check_constant_representation": (Alike(floor=1e-3), "the score is "),
    "check_few_examples": (OneMoreExample(), "of no examples at all the score is 0"),
    "check_one_unit": (SpreadOfUnits(), "variance is NaN, but its status is 0"),
    "check_translation_invariance": (MeanSquare(), "instead of"),
    "check_scaling_invariance": (Claiming(claim="scaling"), "instead of"),
    "check_rotation_invariance": (OfFirstUnit(claim="rotation"), "instead of"),
    "check_embedding_invariance": (Claiming(claim="embedding"), "instead of"),
    "check_narrowed": (Narrowing(), "instead of"),
    "check_permutation_invariance": (OfFirstUnit(claim="permutation"), "instead of"),
    "check_linear_invariance": (Claiming(claim="linear"), "instead of"),
    "check_symmetry": (Alike(lopsided=True), "instead of"),
    "check_itself": (Alike(factor=0.5), r"the score is 0.5\S* instead of 1"),
    "check_state_keeps_its_shape": (OfHoarded(), r"update returns shape \(48, 4\).*has \(0, 4\)"),
    "check_pairing": (Halved(), "instead of"),
    "check_looks_at_held_out": (Explained(looks_at="fit"), "with NaN in held_out alone"),
    "check_looks_at_fit": (Unfitted(), "with NaN in fit alone decoding_r2 is"),
    "check_learns_from_fit": (Exchanged(), "are fit and held_out exchanged?"),
    "check_encodes_from_fit": (Explained(exchanged=True), "are fit and held_out exchanged?"),
    "check_named_columns": (InOrder(), "instead of"),
    "check_all_columns": (Explained(first=True), "other columns than the first change nothing"),
    "check_held_out_alone": (OfTheOtherSplit(), "instead of"),
    "check_copies": (DebiasedCKA(), "of copies, and"),
    "check_reweighted": (Reweighted(), "instead of"),
    "check_reordered": (Reordered(), "instead of"),
    "check_weighing": (Weighing(), "instead of"),
}
"""For each check an estimator that it finds, and what it says of it."""
