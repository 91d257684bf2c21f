"""Estimators: options, declared variables, a statistic, and a readout of it; one family a file."""

from probekit.estimators._protocol import Estimator, Kind, Pairing
from probekit.estimators._resolve import resolve
from probekit.estimators.decoding import DecodingAccuracy, DecodingR2
from probekit.estimators.encoding import LinearR2
from probekit.estimators.geometry import ParticipationRatio, TotalVariance
from probekit.estimators.similarity import CKA, RSA

__all__ = [
    "CKA",
    "RSA",
    "DecodingAccuracy",
    "DecodingR2",
    "Estimator",
    "Kind",
    "LinearR2",
    "Pairing",
    "ParticipationRatio",
    "TotalVariance",
    "resolve",
]
