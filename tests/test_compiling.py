"""Options for XLA are for a version that knows them."""

from probekit import _compiling


def test_options_that_xla_does_not_know_are_left_out():
    assert _compiling._accepted({"xla_cpu_no_such_option": True}) == {}
