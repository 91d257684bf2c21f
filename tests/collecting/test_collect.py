"""Finding task files, reading them, selecting tasks; nothing is run."""

import dataclasses
import re

import pytest

from probekit.collecting import collect, names_task_file
from probekit.collecting.selecting import matcher
from probekit.errors import OptionError, UnknownNameError

TASK = """
    import probekit as pk

    @pk.task
    def {name}():
        '''{name} it is.'''
"""


def nodes(*arguments, **options):
    collection = collect(*arguments, **options)
    assert not collection.errors, collection.errors
    return [item.nodeid for item in collection.items]


def error_of(path="."):
    (error,) = collect(path).errors
    return str(error)


def test_files_are_found_below_a_folder_in_order(project):
    names = ["probe_b.py", "probe_a.py", "sub/probe_c.py", "sub/.hidden/probe_d.py"]
    names += ["build/probe_e.py", "venv/lib/probe_f.py", "other.py", "probefile.py"]
    project({name: TASK.format(name="small") for name in names})
    project({"venv/pyvenv.cfg": ""})
    assert nodes(".") == ["probe_a.py::small", "probe_b.py::small", "sub/probe_c.py::small"]
    assert nodes("sub") == ["sub/probe_c.py::small"]
    assert nodes("other.py") == ["other.py::small"]
    assert nodes(["sub", "sub/probe_c.py::small", "probe_a.py"]) == [
        "sub/probe_c.py::small",
        "probe_a.py::small",
    ]


def test_a_folder_without_task_files_and_a_missing_one_are_errors(project):
    project({"empty/other.py": "", "data.txt": ""})
    with pytest.raises(OptionError, match=r"empty: no task file in it; .* probe_\*\.py"):
        collect("empty")
    with pytest.raises(OptionError, match="nowhere: there is no such file or folder"):
        collect("nowhere")
    with pytest.raises(OptionError, match=r"^empt: there is no .*; did you mean 'empty'\?$"):
        collect("empt")
    with pytest.raises(OptionError, match=r"oter\.py: there is no .*; did you mean 'other\.py'\?$"):
        collect("empty/oter.py::small")
    with pytest.raises(OptionError, match=r"a/b\.py: .* or folder; a is none either\.$"):
        collect("a/b.py")
    with pytest.raises(OptionError, match=r"data\.txt: is no task file"):
        collect("data.txt")


def test_everything_that_is_a_task_is_one_and_nothing_else(project):
    project(
        {
            "probe_a.py": """
            import probekit as pk
            from probekit.tasks.complexity import ReferenceComplexity
            from elsewhere import imported

            variant = pk.task("reference-complexity", epochs=3)
            _private = pk.task("reference-complexity")

            class Abstract(ReferenceComplexity):
                pass

            class Mine(Abstract):
                name = "mine"
                summary = "mine it is"

            def helper():
                pass

            @pk.task
            def last():
                '''The last one.

                And more.
                '''
            """,
            "elsewhere.py": TASK.format(name="imported"),
        }
    )
    items = collect("probe_a.py").items
    assert [(item.name, item.line) for item in items] == [
        ("variant", 6),
        ("mine", 12),
        ("last", 19),
    ]
    assert [item.summary for item in items[1:]] == ["mine it is", "The last one."]
    assert items[0].summary.startswith("simple and hard")
    assert items[2].place == "probe_a.py:19: last"


def test_a_task_can_be_named_and_a_wrong_name_gets_near_matches(project):
    project({"probe_a.py": TASK.format(name="small") + TASK.format(name="large")})
    assert nodes("probe_a.py::large") == ["probe_a.py::large"]
    with pytest.raises(
        UnknownNameError, match=r"task in probe_a\.py: 'smal'; did you mean 'small'"
    ):
        collect("probe_a.py::smal")


def test_a_file_that_cannot_be_imported_names_the_line_and_stops_no_other(project):
    project({"probe_a.py": "x = 1\n\ny = x / 0\n", "probe_b.py": TASK.format(name="small")})
    collection = collect(".")
    assert [item.nodeid for item in collection.items] == ["probe_b.py::small"]
    assert list(map(str, collection.errors)) == [
        "probe_a.py:3: ZeroDivisionError: division by zero"
    ]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = (\n", r"probe_a\.py:1: SyntaxError: '\(' was never closed"),
        ("import probekit as pk\npk.parametrize('a', [])\n", r"probe_a\.py:2: parametrize\('a'\)"),
        ("raise SystemExit(3)\n", r"probe_a\.py:1: SystemExit: 3"),
        (
            "import probekit as pk\nsmall = pk.task('reference-complexity', epoch=3)\n",
            r"probe_a\.py:2: small: unknown option of task 'small': 'epoch'; did you mean 'epochs'",
        ),
        (
            "import probekit as pk\nsmall = pk.task('reference-complex')\n",
            r"probe_a\.py:2: small: unknown task 'reference-complex'; did you mean",
        ),
        (
            "import probekit as pk\n\n@pk.task\nclass Mine:\n    name = 'mine'\n",
            r"probe_a\.py:3: Mine: is no task, it has no Config, data, step",
        ),
        (
            "import probekit as pk\n\n@pk.task\ndef a(modle):\n    pass\n"
            "@pk.fixture\ndef model():\n    pass\n",
            r"probe_a\.py:3: a: unknown fixture 'modle'; did you mean 'model'",
        ),
        (
            "import probekit as pk\n\n@pk.task\ndef a(model):\n    pass\n"
            "@pk.fixture\ndef model(run):\n    pass\n",
            r"probe_a\.py:6: fixture 'model': asks for 'run', which only tasks have",
        ),
        (
            "import probekit as pk\n@pk.task\ndef a(x): pass\n"
            "@pk.fixture\ndef x(y): pass\n@pk.fixture\ndef y(x): pass\n",
            r"probe_a\.py:6: fixture 'y': x and y need each other",
        ),
        (
            "import probekit as pk\n@pk.parametrize('width', [1])\n@pk.task\ndef a(): pass\n",
            r"probe_a\.py:2: a: is parametrized by 'width', but neither it nor a fixture",
        ),
        (
            "import probekit as pk\n@pk.task\ndef a(): pass\n@pk.task\ndef b(): pass\n"
            "a2 = pk.task('reference-complexity')\nb.__name__ = 'a'\n",
            r"probe_a\.py:4: a: a task of this name is in line 2 too",
        ),
    ],
)
def test_mistakes_in_a_file_name_file_and_line(project, source, message):
    project({"probe_a.py": source})
    assert re.match(message, error_of()), error_of()


def test_a_mistake_in_a_shared_file_names_that_file(project):
    project(
        {"probes/probe_a.py": TASK.format(name="a"), "probefile.py": "\nimport nowhere_at_all\n"}
    )
    assert error_of() == ("probefile.py:2: ModuleNotFoundError: No module named 'nowhere_at_all'")


@pytest.mark.parametrize("mark", ["pyproject.toml", ".git"])
def test_what_lies_above_the_project_is_not_shared(project, mark):
    files = {"inner/probes/probe_a.py": TASK.format(name="a"), f"inner/{mark}": ""}
    project({"probefile.py": "\nimport nowhere_at_all\n", **files})
    assert nodes("inner/probes") == ["inner/probes/probe_a.py::a"]


def test_a_changed_file_is_read_anew_and_an_unchanged_one_is_not(project):
    path = project({"probe_a.py": TASK.format(name="small")}) / "probe_a.py"
    first = collect("probe_a.py").items[0].target
    assert collect("probe_a.py").items[0].target is first
    path.write_text(path.read_text().replace("small", "larger"))
    assert nodes("probe_a.py") == ["probe_a.py::larger"]


def test_files_beside_a_task_file_can_be_imported(project):
    project(
        {"sub/probe_a.py": "from my_model_there import small", "sub/my_model_there.py": "small = 1"}
    )
    assert nodes("sub") == []


def test_options_are_those_of_the_task_with_defaults_of_the_file(project):
    project(
        {
            "probe_a.py": """
            import probekit as pk

            variant = pk.task("reference-complexity", epochs=3, hidden=[8, 8])

            @pk.parametrize("hidden", [(16,), [16, 8]])
            @pk.parametrize("decay", [0, 0.1])
            @pk.parametrize("name", ["x", "y"])
            @pk.task
            def function(run, hidden, decay, name="x", width=1, rates: tuple[float, ...] = (0.1,)):
                pass
            """
        }
    )
    variant, function = collect("probe_a.py").items
    config = variant.Config()
    assert (config.epochs, config.hidden, config.seeds) == (3, (8, 8), 5)
    fields = {field.name: field for field in dataclasses.fields(variant.Config)}
    assert fields["epochs"].metadata["help"].startswith("Epochs of training")
    with pytest.raises(OptionError, match="learning_rate"):
        variant.Config(learning_rate=-1)
    fields = {field.name: field for field in dataclasses.fields(function.Config)}
    assert {name: field.type for name, field in fields.items()} == {
        "name": str | None,
        "width": int,
        "rates": tuple[float, ...],
        "hidden": tuple[int, ...] | None,
        "decay": float | None,
    }
    assert fields["hidden"].metadata["help"] == "Swept over 16, 16,8 unless given."
    assert dataclasses.asdict(function.Config()) == {
        **{"name": None, "hidden": None, "decay": None},
        **{"width": 1, "rates": (0.1,)},
    }


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ("", "abc"),
        ("small", "ab"),
        ("SMALL and not xor", "b"),
        ("large or xor", "ac"),
        ("not (small or large)", ""),
        ("not not small", "ab"),
        ("probes/probe_and", "bc"),
    ],
)
def test_expressions_select_by_node_id(expression, selected):
    ids = {"a": "probes/probe_xor.py::small", "b": "probes/probe_and.py::small"}
    ids["c"] = "probes/probe_and.py::Large"
    selects = matcher(expression)
    assert "".join(name for name, node in ids.items() if selects(node)) == selected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("a and", "-k 'a and': the end where a word should be"),
        ("(a", r"the end where '\)' should be"),
        ("a b", "'b' where 'and' or 'or' should be"),
        ("or a", "'or' where a word should be"),
        ("a)", r"'\)' where 'and' or 'or' should be"),
    ],
)
def test_expressions_that_cannot_be_read(expression, message):
    with pytest.raises(OptionError, match=message):
        matcher(expression)


def test_what_is_left_out_is_counted(project):
    project({"probe_a.py": TASK.format(name="small") + TASK.format(name="large")})
    collection = collect(".", keyword="small")
    assert ([item.name for item in collection.items], collection.deselected) == (["small"], 1)


@pytest.mark.parametrize(
    ("word", "is_file"),
    [
        ("reference-complexity", False),
        ("probes", True),
        ("probes/", True),
        ("nowhere/probes", True),
        ("x.py", True),
        ("x.py::small", True),
        ("x.py:small", True),
        ("x.py:", True),
        ("--epochs", False),
    ],
)
def test_words_that_mean_task_files(project, word, is_file):
    project({"probes/probe_a.py": ""})
    assert names_task_file(word) is is_file


def test_a_class_that_changes_another_is_a_task_if_it_is_marked(project):
    project(
        {
            "probe_a.py": """
            import probekit as pk
            from probekit.tasks.complexity import ReferenceComplexity

            @pk.task
            class Mine(ReferenceComplexity):
                def layers(self, config):
                    return ("block", "head")

            class Abstract(ReferenceComplexity):
                pass
"""
        }
    )
    (item,) = collect("probe_a.py").items
    assert item.nodeid == "probe_a.py::Mine"
    assert item.Config().epochs == 100
