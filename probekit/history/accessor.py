"""`ds.probekit`: what users of a history would otherwise write again and again."""


def register_accessor() -> None:
    """Register the accessor with xarray, once."""
