"""What to say when a run does not fit into memory."""

import contextlib
import re
from collections.abc import Iterator

import jax

from probekit.errors import OutOfMemoryError, one_line


@contextlib.contextmanager
def told_of_memory() -> Iterator[None]:
    """Say in one line that memory does not suffice, whoever found out: NumPy or XLA."""
    try:
        yield
    except (MemoryError, jax.errors.JaxRuntimeError) as error:
        text = one_line(error)
        if not isinstance(error, MemoryError) and "out of memory" not in text.lower():
            raise
        amount = re.search(r"(?<=allocat)(?:e|ing) ([\d.]*\d)\.? (\w+)", text)
        of = f" for {amount[1]} {amount[2]} at once" if amount else ""
        raise OutOfMemoryError(
            f"the memory is too small{of}: run with fewer examples, units or narrower layers."
        ) from error
