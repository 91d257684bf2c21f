"""What importing a module loads, seen in a process of its own."""

import importlib.util
import subprocess
import sys
from collections.abc import Sequence


def can_be_imported(module: str) -> bool:
    """Return whether another process finds a module: not that of a notebook or a test."""
    return module != "__main__" and importlib.util.find_spec(module.partition(".")[0]) is not None


def loaded_by(module: str, heavy: Sequence[str]) -> list[str]:
    """Return which of these modules are loaded by importing one."""
    program = f"import sys, {module}; print(*(m for m in {tuple(heavy)!r} if m in sys.modules))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.returncode == 0, f"importing {module} fails: {found.stderr}"
    return found.stdout.split()
