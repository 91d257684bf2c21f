"""Compilation makes the first example of a property slow; that is no reason to fail it."""

from hypothesis import settings

settings.register_profile("probekit", deadline=None, print_blob=True)
settings.load_profile("probekit")
