"""Messages of errors, in pieces, and in other processes."""

import pickle

import pytest

from probekit import errors
from probekit.errors import Argument, MissingExtraError, ProbekitError, UnknownNameError

PIECES = ("output: ", Argument("seeds", 0), " and ", Argument("epochs", -1), ".")
OF_A_MESSAGE = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type)
    and issubclass(kind, ProbekitError)
    and not issubclass(kind, errors._Worded)
]


@pytest.mark.parametrize("kind", OF_A_MESSAGE)
def test_pieces_are_one_message(kind):
    """Whatever the built-in exceptions that it is take several arguments for."""
    assert str(kind(*PIECES)) == "output: seeds=0 and epochs=-1."
    assert str(kind("one")) == "one"
    assert str(kind()) == ""


@pytest.mark.parametrize(
    "error",
    [
        *(kind(*PIECES) for kind in OF_A_MESSAGE),
        UnknownNameError("task", "referenc", ["reference"]),
        MissingExtraError("matplotlib", extra="plot", needed_for="figures"),
    ],
)
def test_other_processes_are_told_the_same(error):
    """An exception that cannot be pickled would leave a pool of processes waiting."""
    error.add_note("[of a task]")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (str(copy), copy.__notes__) == (str(error), error.__notes__)
