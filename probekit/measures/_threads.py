"""Threads of the libraries that NumPy, SciPy and scikit-learn compute with."""

import sys
from functools import cache
from typing import Any


def one_thread() -> Any:
    """Return a context in which BLAS and OpenMP use one thread each.

    On few numbers, their threads wait for each other and for XLA's longer than they work.
    """
    return _controller("sklearn" in sys.modules).limit(limits=1)


@cache
def _controller(with_sklearn: bool) -> Any:
    """Return what sets the threads of the libraries that are loaded; scikit-learn brings more."""
    import scipy.linalg  # a BLAS of its own, which is loaded now and not when it is first used
    from threadpoolctl import ThreadpoolController

    del with_sklearn, scipy
    return ThreadpoolController()
