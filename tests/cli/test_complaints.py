"""What cannot be done with a command line is told in one line, with what to do about it."""

import os
import subprocess
import sys

import pytest

ALL = "'probekit {} --help' shows"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("shwo", "unknown command 'shwo'; did you mean 'show'? 'probekit --help' shows all."),
        (
            "show a.nc --jsn",
            f"--jsn: no such option; did you mean --json? {ALL.format('show')} all.",
        ),
        ("show a.nc -x", f"-x: no such option. {ALL.format('show')} all."),
        (
            "plot a.nc --feat x",
            f"--feat: no such option; did you mean --feature? {ALL.format('plot')} all.",
        ),
        ("show", f"FILE: is missing; {ALL.format('show')} what it is."),
        ("list --kind", "--kind: no value was given; give one after it."),
        ("list --json=3", "--json: takes no value; leave out what follows it."),
        (
            "list --kind encodng",
            "--kind: 'encodng' is not a choice; did you mean 'encoding' or 'decoding'?",
        ),
        (
            "list estimator",
            "'estimator' is not a choice; did you mean 'estimators' or 'extractors'?",
        ),
        (
            "config x",
            f"'x': more than 'probekit config' takes; leave it out. {ALL.format('config')} "
            "what it takes.",
        ),
    ],
)
def test_in_one_line(probekit, words, message):
    done = probekit(*words.split())
    assert (done.code, done.out, done.complaint) == (2, "", f"probekit: {message}")


@pytest.mark.parametrize("words", [(), ("run",)])
def test_a_command_alone_shows_its_help(probekit, words):
    done = probekit(*words)
    assert done.code == 2
    assert done.err.startswith("Usage: probekit")


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("run", "reference-complexity", "-l", ""), "--layers"),
        (("run", "reference-complexity", "--store-activations", ""), "--store-activations"),
        (("probe", "model.py:f", "-l", ""), "--layers"),
        (("probe", "model.py:f", "--steps", ""), "--steps"),
        (("layers", "model.py:f", "-l", ""), "--layers"),
        (("compare", "a.nc", "b.nc", "--variables", ""), "--variables"),
        (("plot", "a.nc", "--feature", ""), "--feature"),
    ],
)
def test_an_option_that_names_nothing_does_not_mean_all(probekit, words, option):
    done = probekit(*words)
    assert done.code == 2
    assert done.complaint == (
        f"probekit: {option}: '' names nothing; give a name, or leave it out."
    )


def in_process(*words, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "probekit", *words],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_python_m_probekit_is_the_command_line_and_a_closed_pipe_no_failure(tmp_path):
    """More than a pipe holds, so that writing goes on after the reader has left."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    script = (
        "import sys; from probekit_cli._terminal import Terminal\n"
        "from probekit.plugins import hookimpl\n"
        "@hookimpl\n"
        "def probekit_add_commands(app):\n"
        "    @app.command()\n"
        "    def much():\n"
        "        for _ in range(100_000):\n"
        "            Terminal().line('much to read')\n"
    )
    (tmp_path / "much_plugin.py").write_text(script)
    path = os.pathsep.join([str(tmp_path), root])
    process = in_process("-p", "much_plugin", "much", PYTHONPATH=path)
    assert process.stdout.readline() == b"much to read\n"
    process.stdout.close()
    assert (process.stderr.read(), process.wait()) == (b"", 0)
    process.stderr.close()


@pytest.mark.slow
def test_a_terminal_that_knows_ascii_alone(history):
    process = in_process(
        "show", str(history()), PYTHONIOENCODING="ascii", PYTHONPATH=os.pathsep.join(sys.path)
    )
    out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    shown = out.decode("ascii")
    assert "0.110 ? 0.025" in shown
    assert "hidden_0  33333\n" in shown


@pytest.mark.slow
def test_what_is_exported_is_utf8_whatever_the_terminal(history):
    import xarray as xr

    dataset = xr.load_dataset(history())
    dataset.assign_coords(feature=["é", "漢字"]).to_netcdf("odd.nc")
    process = in_process(
        "export", "odd.nc", PYTHONIOENCODING="ascii", PYTHONPATH=os.pathsep.join(sys.path)
    )
    out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert ",漢字,linear_r2," in out.decode()
