"""Where the command begins: Ctrl-C is told in one line from the first import on."""

import signal
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and exit."""
    try:
        from probekit_cli.main import main as run
    except KeyboardInterrupt:
        sys.stderr.write("probekit: stopped.\n")
        sys.exit(128 + signal.SIGINT)
    run()
