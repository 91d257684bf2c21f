"""The pause of the garbage collector ends with the first rows, or with the run."""

import gc

import pytest

from probekit_cli._garbage import GarbagePause


def test_it_ends_with_the_first_rows():
    with GarbagePause() as pause:
        assert not gc.isenabled()
        pause.probekit_chunk_finished()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        gc.unfreeze()
        pause.probekit_chunk_finished()  # no second time
        assert gc.get_freeze_count() == 0
    assert gc.isenabled()


def test_it_ends_with_a_run_that_came_to_nothing():
    with pytest.raises(KeyboardInterrupt), GarbagePause():
        raise KeyboardInterrupt
    assert gc.isenabled()
