"""A run that does not fit into memory ends with one line."""

import jax
import pytest

import probekit as pk
from probekit.errors import OutOfMemoryError
from probekit.running.memory import told_of_memory
from probekit.tasks.complexity import ReferenceComplexity


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            MemoryError("Unable to allocate 477. GiB for an array with shape (9,)"),
            "the memory is too small for 477 GiB at once: run with fewer",
        ),
        (MemoryError(), "the memory is too small: run with fewer"),
        (
            jax.errors.JaxRuntimeError("INTERNAL: Out of memory allocating 640000 bytes."),
            "the memory is too small for 640000 bytes at once: run with fewer",
        ),
    ],
)
def test_whoever_found_out(error, message):
    with pytest.raises(OutOfMemoryError, match=message), told_of_memory():
        raise error


def test_other_errors_are_left_alone():
    with pytest.raises(jax.errors.JaxRuntimeError, match="INTERNAL"), told_of_memory():
        raise jax.errors.JaxRuntimeError("INTERNAL: something else")


class TooLarge(ReferenceComplexity):
    def data(self, config, seed):
        raise MemoryError("Unable to allocate 9 TiB")


@pytest.mark.parametrize("estimators", ["linear_r2", "condition_rdm"])  # which looks at features
def test_a_run_says_so(estimators):
    with pytest.raises(OutOfMemoryError, match=r"too small for 9 TiB at once"):
        pk.run(TooLarge, estimators=estimators, hidden=(4,), seeds=1, epochs=1)
