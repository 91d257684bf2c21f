"""The two decorators of pluggy, under probekit's name."""

import pluggy

PROJECT = "probekit"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
