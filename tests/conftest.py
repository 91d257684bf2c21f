"""What tests of several parts share."""

import contextlib
import logging

import jax
import pytest

pytest_plugins = ["pytester"]  # must stand in the outermost conftest


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
