"""Extractors: models in, `{layer: representation}` out; one framework a file."""

from probekit.extractors._paths import match
from probekit.extractors._protocol import Extractor

__all__ = ["Extractor", "match"]
