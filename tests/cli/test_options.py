"""Options of a task are the fields of its config, whoever wrote the task."""

import dataclasses
import enum
import inspect
import re
from pathlib import Path
from typing import Literal

import pytest
import typer
from typer.testing import CliRunner

from probekit.errors import PluginError
from probekit.history.schema import config_text
from probekit.inference import INTERVALS
from probekit.plugins import get_manager
from probekit.tasks import option
from probekit_cli import _resampling
from probekit_cli._estimators import parse
from probekit_cli._options import command_of, parameters_of
from probekit_cli.run import RunOptions

RUN = ("run", "my-task")


def test_help_lists_every_field_with_its_default(probekit, fake_run):
    done = probekit(*RUN, "--help")
    assert done.code == 0
    text = " ".join(done.out.split())
    for part in (
        "--width INTEGER Units of the layer. [default: 8]",
        "--rate NUMBER How fast. In steps. [default: 0.5]",
        "--names TEXT,… Some names. [default: a,b]",
        "--sizes INTEGER,… Some sizes.",
        "--depth INTEGER How deep; found out if not given.",
        "--tied / --no-tied Whether weights are tied. [default: no-tied]",
        "--kind plain|residual Which kind. [default: plain]",
        "--optimizer adam|sgd The optimiser. [default: adam]",
        "--seeds INTEGER How many seeds to run. [default: 5]",
        "--first-seed INTEGER",
    ):
        assert part in text


def test_every_option_of_the_reference_task_is_shown(probekit):
    from probekit.tasks.complexity import ComplexityConfig

    text = " ".join(probekit("run", "reference-complexity", "--help").out.split())
    for field in dataclasses.fields(ComplexityConfig):
        assert f"--{field.name.replace('_', '-')} " in text
        assert field.metadata["help"] in text
    assert "[default: linear,xor_xor_xor]" in text
    assert "[default: 256,128,64,64]" in text


@pytest.mark.parametrize("words", [("run", "reference-complexity"), ("probe",)])
def test_the_estimator_that_help_gives_as_an_example_is_one(probekit, words):
    text = " ".join(probekit(*words, "--help").out.split())
    example = re.search(r'with options as in "([^"]*)"', text)[1]
    registry = get_manager().registry
    (named,) = parse([example], registry)
    assert named.build(registry).comparison == "kendall"


def test_values_get_to_the_run_with_their_types(probekit, fake_run):
    words = "--width 3 --rate 1e-2 --names x,y --sizes 4,5 --sizes 6 --depth 2 --tied"
    done = probekit(*RUN, *words.split(), "--kind", "residual", "--optimizer", "sgd", "--seeds", 2)
    assert done.code == 0
    given = {name: fake_run.arguments[name] for name in ("width", "rate", "names", "sizes")}
    assert given == {"width": 3, "rate": 0.01, "names": ("x", "y"), "sizes": (4, 5, 6)}
    given = {name: fake_run.arguments[name] for name in ("depth", "tied", "kind", "optimizer")}
    assert given == {"depth": 2, "tied": True, "kind": "residual", "optimizer": "sgd"}
    assert fake_run.arguments["seeds"] == 2


def test_defaults_are_those_of_the_config(probekit, fake_run):
    probekit(*RUN)
    from task_plugin import Config

    names = {field.name for field in dataclasses.fields(Config)}
    given = {name: value for name, value in fake_run.arguments.items() if name in names}
    assert Config(**given) == Config()


def test_a_flag_can_be_switched_off(probekit, fake_run):
    probekit(*RUN, "--tied", "--no-tied")
    assert fake_run.arguments["tied"] is False


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--width", "three"), "--width: 'three' is not an integer."),
        (("--width", "1.5"), "--width: '1.5' is not an integer."),
        (("--width", ""), "--width: '' is not an integer."),
        (("--rate", "fast"), "--rate: 'fast' is not a number."),
        (("--depth", "x"), "--depth: 'x' is not an integer."),
        (("--sizes", "1,x"), "--sizes: 'x' is not an integer."),
        (("--sizes", "1,,2"), "--sizes: '' is not an integer."),
        (("--names", "a,"), "--names: '' is empty; give a text."),
        (
            ("--optimizer", "adm"),
            "--optimizer: 'adm' is not a choice; did you mean 'adam'?",
        ),
        (
            ("--kind", "other"),
            "--kind: 'other' is not a choice; there are: plain, residual.",
        ),
        (("--every", "x"), "--every: 'x' is not an integer."),
        (("--widht", "3"), "--widht: no such option"),
    ],
)
def test_a_value_that_cannot_be_is_a_usage_error(probekit, fake_run, words, message):
    done = probekit(*RUN, *words)
    assert done.code == 2
    assert done.complaint.startswith(f"probekit: {message}")
    assert done.out == ""
    assert fake_run.arguments is None


def test_an_unknown_option_gets_near_matches(probekit, fake_run):
    assert "--width" in probekit(*RUN, "--widht", "3").err


def test_what_the_config_refuses_is_one_line_and_a_usage_error(probekit, fake_run):
    done = probekit(*RUN, "--width", "0")
    assert (done.code, done.complaint) == (2, "probekit: --width 0: must be at least 1.")
    assert fake_run.arguments is None


def test_a_field_without_default_has_to_be_given(probekit, plugin, monkeypatch):
    plugin(
        "strict_plugin",
        """
import dataclasses
from probekit.plugins import hookimpl

@dataclasses.dataclass(frozen=True, kw_only=True)
class Config:
    must: int

class Strict:
    Config = Config

@hookimpl
def probekit_register(registry):
    registry.task("strict", Strict)
""",
    )
    done = probekit("-p", "strict_plugin", "run", "strict")
    assert done.code == 2
    assert done.complaint.startswith("probekit: --must: is missing")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (int, "its Config is <class 'int'>; give a dataclass"),
        (
            dataclasses.make_dataclass("C", [("a", "Nope", 3)]),
            r"cannot be read \(NameError: .*Nope",
        ),
    ],
)
def test_a_config_without_types(config, message):
    with pytest.raises(PluginError, match=f"^task 'mine': .*{message}"):
        parameters_of(config, task="mine", shared=[])


@pytest.mark.parametrize("hint", [dict, list[int], tuple[int, str], tuple[dict, ...], int | str])
def test_a_field_of_another_type(hint):
    config = dataclasses.make_dataclass("Config", [("odd", hint, None)])
    message = r"^task 'mine': its option 'odd' has the type .*; use int, float, str, bool, Path"
    with pytest.raises(PluginError, match=message):
        parameters_of(config, task="mine", shared=[])


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("durable", "'probekit run' itself"),
        ("help", "'probekit run' itself"),
        ("storage", "'probekit run' itself"),
        ("one_by_one", "'probekit run' itself"),
        ("no_tied", "'tied' already"),
    ],
)
def test_a_field_with_a_name_that_is_taken(name, whose):
    shared = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, annotation=f.type)
        for f in dataclasses.fields(RunOptions)
    ]
    config = dataclasses.make_dataclass("Config", [("tied", bool, True), (name, bool, True)])
    message = rf"option '{name}' is one of {whose}; rename the field\.$"
    with pytest.raises(PluginError, match=message):
        parameters_of(config, task="mine", shared=shared)


class Speed(enum.Enum):
    FAST = "fast"
    SLOW = "slow"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@pytest.mark.parametrize(
    ("hint", "default", "text", "value", "wrong"),
    [
        (Speed, Speed.FAST, "slow", Speed.SLOW, "fats"),
        (Level, Level.LOW, "high", Level.HIGH, "2"),
        (Literal[1, 2], 1, "2", 2, "3"),
        (Path, Path("a"), "~/b", Path("~/b").expanduser(), ""),
        (Path | None, None, "b", Path("b"), None),
        (tuple[int, int], (1, 2), "3,4", (3, 4), "3"),
        (tuple[float, ...] | None, None, "3,4", (3.0, 4.0), "x"),
    ],
)
def test_fields_of_many_types(hint, default, text, value, wrong):
    config = dataclasses.make_dataclass("Config", [("odd_", hint, default)])
    given = {}
    (parameter,) = parameters_of(config, task="mine", shared=[])
    app = typer.Typer()
    app.command()(command_of(lambda **values: given.update(values), [parameter]))
    runner = CliRunner()
    assert runner.invoke(app, ["--odd", text]).exit_code == 0
    assert given == {"odd_": value}
    assert type(given["odd_"]) is type(value)
    if isinstance(value, enum.Enum):  # a history and lines of JSON tell what was typed
        assert config_text(given) == f'{{"odd_": "{text}"}}'
    assert runner.invoke(app, []).exit_code == 0
    assert given == {"odd_": default}
    if wrong is not None:
        assert runner.invoke(app, ["--odd", wrong]).exit_code == 2


def test_help_names_the_choices_of_the_values_of_a_tuple():
    gates = option(("and",), "Gates.", choices=("and", "or"))
    config = dataclasses.make_dataclass("Config", [("gates", tuple[str, ...], gates)])
    (parameter,) = parameters_of(config, task="mine", shared=[])
    assert parameter.annotation.__metadata__[0].metavar == "and|or,…"


def test_a_flag_that_may_be_left_open():
    config = dataclasses.make_dataclass("Config", [("tied", bool | None, None)])
    given = {}
    app = typer.Typer()
    parameters = parameters_of(config, task="mine", shared=[])
    app.command()(command_of(lambda **values: given.update(values), parameters))
    for words, value in ((["--tied"], True), (["--no-tied"], False), ([], None)):
        assert CliRunner().invoke(app, words).exit_code == 0
        assert given == {"tied": value}


def test_a_default_that_is_made():
    config = dataclasses.make_dataclass(
        "Config", [("sizes", tuple[int, ...], dataclasses.field(default_factory=lambda: (1, 2)))]
    )
    (parameter,) = parameters_of(config, task="mine", shared=[])
    assert parameter.default == ["1,2"]


def test_kinds_of_intervals_are_those_of_the_library():
    assert sorted(_resampling.INTERVALS) == sorted(INTERVALS)
