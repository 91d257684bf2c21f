"""An estimator with a statistic of its own."""

import dataclasses

import jax.numpy as jnp

from probekit.estimators import Estimator
from probekit.statistics import Statistic
from probekit.variables import Variable


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeadUnits(Estimator, Statistic):
    """Fraction of units that are 0 for every example, as ReLU leaves some behind.

    Its statistic is the largest magnitude of each unit. An estimator that brings `init`, `update`
    and `merge` is its own statistic.
    """

    name: str = "dead_units"
    kind = "geometry"
    invariances = frozenset({"scaling", "permutation"})

    @property
    def variables(self):
        """One number a layer."""
        return (Variable(self.name, long_name="dead units", valid_range=(0.0, 1.0)),)

    @property
    def statistic(self):
        """This very object."""
        return self

    def init(self, x, y):
        """No example has been seen, and no unit to be anything but 0."""
        return {"count": jnp.zeros(()), "largest": jnp.zeros(x.shape[1])}

    def update(self, state, x, y, *, weight, index):
        """Look at a batch; an example of weight 0 is absent, whatever it holds."""
        present = weight > 0
        seen = jnp.where(present[:, None], jnp.abs(x.astype(jnp.float32)), 0)
        return self.merge(state, {"count": present.sum() * 1.0, "largest": seen.max(axis=0)})

    def merge(self, a, b):
        """Take both together; NaN stays."""
        return {
            "count": a["count"] + b["count"],
            "largest": jnp.maximum(a["largest"], b["largest"]),
        }

    def compute(self, fit, held_out):
        """Read off the score; NaN is reported as undefined."""
        known = (held_out["count"] > 0) & jnp.isfinite(held_out["largest"]).all()
        return {self.name: jnp.where(known, (held_out["largest"] == 0).mean(), jnp.nan)}
