"""Extractors: models in, `{layer: representation}` out; one framework a file.

The functions are loaded when first used, so that a framework is imported by those who have it.
"""

import importlib
from typing import TYPE_CHECKING, Any

from probekit.extractors._paths import match
from probekit.extractors._protocol import Extractor
from probekit.extractors.describing import LayerInfo, describe

if TYPE_CHECKING:
    from probekit.extractors.from_arrays import arrays
    from probekit.extractors.from_equinox import equinox
    from probekit.extractors.from_function import function
    from probekit.extractors.from_linen import linen
    from probekit.extractors.from_nnx import nnx
    from probekit.extractors.from_torch import torch

__all__ = [
    "Extractor",
    "LayerInfo",
    "arrays",
    "describe",
    "equinox",
    "function",
    "linen",
    "match",
    "nnx",
    "torch",
]

# The modules bear other names than the functions: importing a module puts it into its package
# under its own name, where it would hide a function of that name.
_FUNCTIONS = ("arrays", "equinox", "function", "linen", "nnx", "torch")


def __getattr__(name: str) -> Any:
    if name not in _FUNCTIONS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.from_{name}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
