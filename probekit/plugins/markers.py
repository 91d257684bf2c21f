"""The decorators that mark hook specifications and implementations."""

import pluggy

PROJECT = "probekit"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
