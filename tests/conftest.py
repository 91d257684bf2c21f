"""What tests of several parts share."""

import contextlib
import itertools
import logging
import os
from pathlib import Path

import jax
import pytest
from threadpoolctl import threadpool_limits

pytest_plugins = ["pytester"]  # must stand in the outermost conftest


def pytest_configure(config):
    """Let the default tests compile with less care: most of their time is compiling.

    Numbers differ in the last digit of float32 at most. Slow tests and benchmarks compile as users
    do.
    """
    asked = [Path(argument.split("::")[0]).resolve() for argument in config.args]
    timed = any("benchmarks" in path.parts for path in asked)
    if config.option.markexpr == "not slow" and not timed:
        less_care = (
            "--xla_backend_optimization_level=0",
            "--xla_cpu_use_fusion_emitters=false",
            "--xla_cpu_parallel_codegen_split_count=1",
        )
        os.environ.setdefault("XLA_FLAGS", " ".join(less_care))
    if not timed:
        _let_blas_use_one_thread()


def _let_blas_use_one_thread():
    """Matrices of tests are small: more threads take turns at waiting, and twenty times as long.

    The environment is for libraries that are not loaded yet, and for other processes.
    """
    for library in ("OPENBLAS", "MKL", "OMP"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    threadpool_limits(1, user_api="blas")


_tests = itertools.count(1)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown():
    """Forget compiled programs from time to time, when they have become many.

    Each takes up memory maps, of which Linux gives a process 65,530; XLA crashes when it gets none.
    """
    maps = Path("/proc/self/maps")
    if next(_tests) % 20 == 0 and maps.exists() and maps.read_text().count("\n") > 10_000:
        jax.clear_caches()


class _Compilations(logging.Handler):
    def __init__(self, names):
        super().__init__()
        self.names = names

    def emit(self, record):
        message = record.getMessage()
        if message.startswith("Compiling "):
            self.names.append(message.split(" with ")[0])


@pytest.fixture
def compilations():
    """Note what JAX compiles within a ``with`` block."""

    @contextlib.contextmanager
    def noting():
        names = []
        handler, logger = _Compilations(names), logging.getLogger("jax")
        logger.addHandler(handler)
        try:
            with jax.log_compiles():
                yield names
        finally:
            logger.removeHandler(handler)

    return noting
