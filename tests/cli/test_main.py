"""What every command has in common: plugins, exit codes, completion, start-up."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from probekit.errors import OptionError
from probekit_cli.main import main, plugin_requests


def test_help_shows_the_commands(probekit):
    done = probekit("--help")
    assert done.code == 0
    for command in ("run", "list", "show", "plot", "export", "plugins"):
        assert f"  {command} " in done.out


def test_the_short_form_of_help(probekit):
    assert probekit("-h").out == probekit("--help").out


def test_version(probekit):
    from importlib.metadata import version

    assert probekit("--version").out == f"probekit {version('probekit')}\n"


def test_an_unknown_command_gets_near_matches(probekit):
    done = probekit("lst")
    assert done.code == 2
    assert done.complaint.startswith("probekit: unknown command 'lst'; did you mean 'list'?")


def test_an_unknown_task_gets_near_matches(probekit):
    done = probekit("run", "refrence-complexity", "--epochs", "3")
    assert done.code == 2
    assert done.complaint == (
        "probekit: unknown task 'refrence-complexity'; did you mean 'reference-complexity'? "
        "'probekit list tasks' shows all."
    )


def test_run_lists_the_tasks(probekit):
    done = probekit("run", "--help")
    assert done.code == 0
    assert "reference-complexity" in done.out


# ---------------------------------------------------------------------------- plugins

COMMAND = """
from probekit.plugins import hookimpl

@hookimpl
def probekit_add_commands(app):
    @app.command()
    def greet():
        print("hello")
"""


@pytest.mark.parametrize("words", [("-p", "greeter", "greet"), ("greet", "-pgreeter")])
def test_a_plugin_adds_a_command(probekit, plugin, words):
    plugin("greeter", COMMAND)
    done = probekit(*words)
    assert (done.code, done.out, done.err) == (0, "hello\n", "")


def test_what_a_command_of_a_plugin_returns_is_no_exit_code(probekit, plugin):
    plugin("greeter", COMMAND.replace('print("hello")', "return 3"))
    assert probekit("-p", "greeter", "greet").code == 0


def test_a_command_of_a_plugin_chooses_its_exit_code(probekit, plugin):
    exit_ = "import typer; raise typer.Exit(3)"
    plugin("greeter", COMMAND.replace('print("hello")', exit_))
    assert probekit("-p", "greeter", "greet").code == 3


@pytest.mark.parametrize("command", ["show", "list", "probe", "compare"])
def test_the_help_calls_arguments_by_their_names_alone(probekit, command):
    assert "<" not in probekit(command, "--help").out


def test_a_command_whose_name_is_taken_is_left_out(probekit, plugin):
    plugin("greeter", COMMAND.replace("greet()", "list()"))
    done = probekit("-p", "greeter", "list", "tasks")
    assert "reference-complexity" in done.out
    assert done.complaint == (
        "probekit: warning: command 'list' of greeter: there is one already; it is left out."
    )


def test_a_plugin_that_fails_to_add_a_command(probekit, plugin):
    plugin("greeter", COMMAND.replace("@app.command()", "1 / 0"))
    done = probekit("-p", "greeter", "list", "tasks")
    assert done.code == 0
    assert done.complaint.startswith(
        "probekit: warning: plugin 'greeter': probekit_add_commands raised ZeroDivisionError"
    )


def test_a_plugin_that_is_not_there(probekit):
    done = probekit("-p", "no_such_plugin", "list")
    assert done.code == 2
    assert done.complaint.startswith("probekit: plugin 'no_such_plugin': cannot be loaded")


def test_a_plugin_can_be_switched_off(probekit, plugin, monkeypatch):
    plugin("greeter", COMMAND)
    monkeypatch.setenv("PROBEKIT_PLUGINS", "greeter")
    assert probekit("greet").code == 0
    assert probekit("-p", "no:greeter", "greet").code == 2


@pytest.mark.parametrize(
    ("words", "requests", "rest"),
    [
        ("list", (), ["list"]),
        ("-p a list -p no:b", ("a", "no:b"), ["list"]),
        ("list -pa", ("a",), ["list"]),
        ("run -- -p a", (), ["run", "--", "-p", "a"]),
        ("plot --png", (), ["plot", "--png"]),
    ],
)
def test_requests_for_plugins(words, requests, rest):
    assert plugin_requests(words.split()) == (requests, rest)


def test_a_request_without_a_name(probekit):
    done = probekit("list", "-p")
    assert done.code == 2
    assert done.complaint == "probekit: -p: no name; give a plugin, or no:NAME to leave one out."
    with pytest.raises(OptionError, match="-p: no name"):
        plugin_requests(["-p"])


# --------------------------------------------------------------------------- start-up

HEAVY = ("jax", "flax", "optax", "xarray", "sklearn", "scipy", "matplotlib", "netCDF4", "rich")


@pytest.mark.parametrize(
    ("words", "allowed"),
    [
        (["--help"], set()),
        (["list"], set()),
        (["plugins"], set()),
        (["run", "--help"], set()),
        (["run", "reference-complexity", "--help"], {"numpy"}),
        (["run", "reference-complexity", "--epochs", "-1"], {"numpy"}),
        (["run", "reference-complexity", "--estimators", "cak"], {"numpy"}),
        (["show", "--help"], set()),
    ],
    ids=" ".join,
)
def test_nothing_heavy_is_imported(words, allowed):
    code = (
        "import sys\n"
        "from probekit_cli.main import main\n"
        "try:\n"
        f"    main({words})\n"
        "finally:\n"
        f"    print([n for n in {(*HEAVY, 'numpy')} if n in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert set(ast.literal_eval(done.stdout.splitlines()[-1])) <= allowed


def completions(monkeypatch, probekit, text, *, shell="bash"):
    words = text.split(" ")
    monkeypatch.setenv("_PROBEKIT_COMPLETE", f"complete_{shell}")
    if shell == "bash":
        monkeypatch.setenv("COMP_WORDS", "\n".join(words))
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    else:
        monkeypatch.delenv("COMP_WORDS", raising=False)
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", text)
        monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    return [line.partition("\t")[0] for line in probekit().out.splitlines() if line]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("probekit ru", "run"),
        ("probekit run ref", "reference-complexity"),
        ("probekit run reference-complexity --ep", "--epochs"),
        ("probekit run reference-complexity --optimizer mom", "momentum"),
        ("probekit list est", "estimators"),
        ("probekit probe model.py:f -e cka,decoding_a", "cka,decoding_accuracy"),
        ("probekit run reference-complexity -l logi", "logits"),
    ],
)
@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_completion(monkeypatch, probekit, text, found, shell):
    assert completions(monkeypatch, probekit, text, shell=shell) == [found]


def test_completion_of_what_is_in_files(monkeypatch, probekit, history):
    file = history()
    Path("model.py").write_text("def make(): pass\ndef other(): pass\n")
    np.savez("acts.npz", hidden=np.zeros(3), out=np.zeros(3))
    for text, found in [
        (f"probekit plot {file} --layer log", ["logits"]),
        (f"probekit plot {file} --feature linear,x", ["linear,xor"]),
        (f"probekit compare {file} {file} --variables lin", ["linear_r2"]),
        ("probekit probe acts.npz -l o", ["out"]),
        ("probekit plot model.py --layer x", []),
        ("probekit probe model.py:m -l x", []),
    ]:
        assert completions(monkeypatch, probekit, text) == found
    # Bash makes three words of one with a colon, and puts in place of the last what it is told.
    assert completions(monkeypatch, probekit, "probekit probe model.py : ma") == ["make"]
    text = "probekit probe model.py : make -e line"
    assert "linear_r2" in completions(monkeypatch, probekit, text)
    found = completions(monkeypatch, probekit, "probekit layers model.py:", shell="fish")
    assert found == ["model.py:make", "model.py:other"]


def test_completion_of_layers_of_the_user_s_own(monkeypatch, probekit):
    Path("own.py").write_text(
        "import numpy as np\nimport probekit as pk\n\n"
        "def make():\n    print('hello')\n"
        "    return pk.extractors.arrays({'one': np.zeros((3, 2)), 'two': np.zeros((3, 2))})\n"
    )
    Path("probe_a.py").write_text(
        "import probekit as pk\n"
        "from probekit.tasks.complexity import ReferenceComplexity\nprint('hello')\n\n"
        "@pk.task\nclass Mine(ReferenceComplexity):\n    def layers(self, config):\n"
        "        return ('block', 'head')\n"
    )
    for shell in ("bash", "fish"):
        for text, found in [
            ("probekit probe own.py:make -l tw", ["two"]),
            ("probekit layers own.py:make -l one,t", ["one,two"]),
            ("probekit run probe_a.py -l he", ["head"]),
            ("probekit run probe_a.py::Mine --store-activations b", ["block"]),
            ("probekit run probe_a.py --see", ["--seeds"]),
            ("probekit run probe_nothing.py --see", []),
        ]:
            if shell == "bash" and ":" in text:
                text = text.replace(":", " : ").replace(" :  : ", " :: ")
            assert completions(monkeypatch, probekit, text, shell=shell) == found, text


def test_completion_for_a_shell_that_is_named(monkeypatch, probekit):
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "")
    for shell, said in [("zsh", "#compdef probekit"), ("fish", "complete --command probekit")]:
        assert probekit("--show-completion", shell).out.startswith(said)


def test_rich_is_for_live_displays_alone():
    import probekit_cli

    files = Path(probekit_cli.__file__).parent.glob("*.py")
    using = {file.name for file in files if re.search(r"(import|from) rich\b", file.read_text())}
    assert using == {"_progress.py"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk to write to")
@pytest.mark.parametrize("words", [("list", "tasks"), ("plugins", "--json")])
def test_output_that_nobody_has_room_for(words):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "probekit_cli", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr == ("probekit: the output could not be written: No space left on device.\n")


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_closed_output_is_no_bug(probekit, history, monkeypatch, name):
    path = history()
    monkeypatch.setattr(sys, name, None)
    with pytest.raises(SystemExit) as done:
        main(["export", str(path)])
    getattr(sys, name).close()
    assert done.value.code == 0


PRESSED_TWICE = """
import os, signal, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from probekit_cli.main import main

signal.signal(signal.SIGINT, signal.default_int_handler)

def press():
    while threading.main_thread().is_alive() and not ended.is_set():
        time.sleep(0.01)
    time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGINT)

ended = threading.Event()
ThreadPoolExecutor(1).submit(time.sleep, 60)  # as XLA, which compiles
threading.Thread(target=press, daemon=True).start()
try:
    main(["--version"])
finally:
    ended.set()
"""


def test_ctrl_c_while_the_interpreter_waits_for_a_thread_ends_it_at_once():
    """It aborted, after a traceback."""
    command = [sys.executable, "-c", PRESSED_TWICE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=40)
    assert (done.returncode, done.stderr) == (130, "")
