"""Errors name what was typed."""

import dataclasses
import math
from typing import Annotated

import pytest
import typer

from probekit.errors import IN_ESTIMATOR, Argument, OptionError, UnknownNameError
from probekit.tasks.complexity import ReferenceComplexity
from probekit_cli._declared import declared
from probekit_cli._options import command_of, parameters_of
from probekit_cli._probe_options import ProbeOptions
from probekit_cli._spelling import as_typed, flags_of, typed
from probekit_cli.compare import CompareOptions
from probekit_cli.plot import PlotOptions
from probekit_cli.run import RunOptions

FLAGS = {
    "width": ("--width",),
    "learning_rate": ("--learning-rate",),
    "names": ("--names",),
    "residual": ("--residual", "--no-residual"),
    "deep": ("--deep",),
    "keep_bits": ("--keep-bits",),
}


def _task_options():
    shared = declared(RunOptions)
    return [*parameters_of(ReferenceComplexity.Config, task="any", shared=shared), *shared]


@pytest.mark.parametrize(
    "parameters",
    [_task_options(), *map(declared, (ProbeOptions, CompareOptions, PlotOptions))],
    ids=["run", "probe", "compare", "plot"],
)
def test_every_option_of_a_command_is_named_as_it_is_typed(parameters):
    flags = flags_of(parameters)
    arguments = {"source", "a", "b", "file"}
    assert {*flags} == {parameter.name for parameter in parameters} - arguments
    for name, (flag, *_) in flags.items():
        assert typed(3, flags[name]) == f"{flag} 3"
        assert flag == f"--{name.removeprefix('as_').replace('_', '-')}"


@pytest.mark.parametrize(
    ("pieces", "wanted"),
    [
        ([Argument("width", -1), ": must be at least 0."], "--width -1: must be at least 0."),
        ([Argument("learning_rate", -1.0), ": must be"], "--learning-rate -1: must be"),
        ([Argument("learning_rate", math.nan), ": must be"], "--learning-rate nan: must be"),
        ([Argument("learning_rate", 1e-5), ": must be"], "--learning-rate 1e-05: must be"),
        ([Argument("names", "a"), ": no such"], "--names a: no such"),
        ([Argument("names", "a b, c=1: d"), ": no such"], "--names 'a b, c=1: d': no such"),
        ([Argument("names", "it's"), ": no such"], """--names 'it'"'"'s': no such"""),
        ([Argument("names", ()), ": give one"], "--names '': give one"),
        ([Argument("names", ("a", "b")), ": give one"], "--names a,b: give one"),
        ([Argument("residual", True), ": is wide"], "--residual: is wide"),
        ([Argument("residual", False), ": is wide"], "--no-residual: is wide"),
        ([Argument("deep", False), ": is wide"], "no --deep: is wide"),
        (
            ["was begun with ", Argument("names", ("a", "b")), ", not with ", Argument("width", 2)],
            "was begun with --names a,b, not with --width 2",
        ),
        (["was begun with ", Argument("width", None)], "was begun with no --width"),
        ([Argument("width", 3), ", ", Argument("keep_bits", 4)], "--width 3, --keep-bits 4"),
        ([Argument("depth", 3), ": no option"], "depth=3: no option"),
        (["width=3: as Python has it"], "width=3: as Python has it"),
    ],
)
def test_messages(pieces, wanted):
    with pytest.raises(OptionError) as caught, as_typed(FLAGS):
        raise OptionError(*pieces)
    assert str(caught.value) == wanted


def test_a_command_renames_what_its_function_raises_and_keeps_the_kind():
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Options:
        width: Annotated[int, typer.Option("--wide", "-w")] = 3

    def refuse(width):
        raise OptionError(Argument("width", width), ": must be more.")

    with pytest.raises(OptionError, match=r"^--wide 3: must be more\.$"):
        command_of(refuse, declared(Options))(width=3)
    with pytest.raises(UnknownNameError, match=r"^unknown layer 'x'"), as_typed(FLAGS):
        raise UnknownNameError("layer", "x", ["y"])


def test_what_an_estimator_says_is_of_its_own_options():
    error = OptionError(Argument("width", 3), ": must be less.")
    error.add_note(f"{IN_ESTIMATOR}Mine(width=3)")
    with pytest.raises(OptionError, match=r"^width=3"), as_typed(FLAGS):
        raise error
