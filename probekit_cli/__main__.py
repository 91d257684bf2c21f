"""``python -m probekit_cli``: the command line where there is no script on the path."""

from probekit_cli.entry import main

main()
