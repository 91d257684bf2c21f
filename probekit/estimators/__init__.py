"""Estimators: options, declared variables, a statistic, and a readout of it; one family a file."""

from probekit.estimators._protocol import Estimator, Kind

__all__ = ["Estimator", "Kind"]
