"""Errors name what was typed."""

import dataclasses
from typing import Annotated

import pytest
import typer

from probekit.errors import IN_ESTIMATOR, OptionError, UnknownNameError
from probekit.tasks.complexity import ReferenceComplexity
from probekit_cli._declared import declared
from probekit_cli._options import command_of, parameters_of
from probekit_cli._probe_options import ProbeOptions
from probekit_cli._spelling import as_typed, flags_of, retold
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
        assert retold(f"{name}=3: must be less.", flags) == f"{flag} 3: must be less."
        assert flag == f"--{name.removeprefix('as_').replace('_', '-')}"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("width=-1: must be at least 0.", "--width -1: must be at least 0."),
        ("learning_rate=-1.0: must be", "--learning-rate -1: must be"),
        ("learning_rate=nan: must be", "--learning-rate nan: must be"),
        ("learning_rate=1e-05: must be", "--learning-rate 1e-05: must be"),
        ("names='a': no such", "--names a: no such"),
        ("names='a b, c=1: d': no such", "--names 'a b, c=1: d': no such"),
        ('names="it\'s": no such', "--names 'it'\"'\"'s': no such"),
        ("names=(): give one", "--names '': give one"),
        ("names=('a', 'b'): give one", "--names a,b: give one"),
        ("begun with names=['A(x=1)'], not", "begun with names=['A(x=1)'], not"),
        ("residual=True: is wide", "--residual: is wide"),
        ("residual=False: is wide", "--no-residual: is wide"),
        ("deep=False: is wide", "no --deep: is wide"),
        (
            "was begun with names=('a', 'b'), not with names=('a',).",
            "was begun with --names a,b, not with --names a.",
        ),
        ("was begun with width=None, not with", "was begun with no --width, not with"),
        ("was begun with deep=True, not without", "was begun with --deep, not without"),
        ("was begun without deep=True.", "was begun without --deep."),
        (
            "keep_bits=40: 1 to 23, or None for all.",
            "--keep-bits 40: 1 to 23, or left out for all.",
        ),
        ("a.py:3: small: width=0: must be", "a.py:3: small: --width 0: must be"),
        ("Mine(width=3, names=1): odd", "Mine(width=3, names=1): odd"),
        ("Mine(a=2, width=3), width=1: odd", "Mine(a=2, width=3), --width 1: odd"),
        ("width=3, keep_bits=4: odd", "--width 3, --keep-bits 4: odd"),
        ("my_width=3: odd", "my_width=3: odd"),
        ("unknown layer 'width'", "unknown layer 'width'"),
        ("width=3: odd (in estimator Mine()).", "width=3: odd (in estimator Mine())."),
    ],
)
def test_messages(text, wanted):
    assert retold(text, FLAGS) == wanted


def test_a_command_renames_what_its_function_raises_and_keeps_the_kind():
    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Options:
        width: Annotated[int, typer.Option("--wide", "-w")] = 3

    def refuse(width):
        raise OptionError(f"width={width}: must be more.")

    with pytest.raises(OptionError, match=r"^--wide 3: must be more\.$"):
        command_of(refuse, declared(Options))(width=3)
    with pytest.raises(UnknownNameError, match=r"^unknown layer 'x'"), as_typed(FLAGS):
        raise UnknownNameError("layer", "x", ["y"])


def test_what_an_estimator_says_is_of_its_own_options():
    error = OptionError("width=3: must be less.")
    error.add_note(f"{IN_ESTIMATOR}Mine(width=3)")
    with pytest.raises(OptionError, match=r"^width=3"), as_typed(FLAGS):
        raise error
