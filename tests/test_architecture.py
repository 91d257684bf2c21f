"""The house is kept in order: who imports whom, and what starting up loads."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Each part may import those named here, and itself; imports go downwards only. Parts that are in
# no other's list are imported by nobody. "probekit" stands for the public names. `inference` knows
# nothing of scores, layers or JAX: measures draw conditions and subjects by it, histories seeds.
BASE = {"_checks", "errors", "variables", "naming", "status"}
WITH_JAX = BASE | {"_compiling", "_shapes", "_sums", "_rounding"}
MAY_IMPORT = {
    "errors": set(),
    "_checks": {"errors"},
    "variables": set(),
    "naming": {"errors"},
    "status": set(),
    "_compiling": set(),
    "_shapes": set(),
    "_sums": {"_checks", "errors"},
    "_rounding": set(),
    "_coordinates": {"_checks"},
    "_identity": set(),
    "plugins": {"errors", "_checks"},
    "statistics": WITH_JAX,
    "measures": WITH_JAX | {"_coordinates", "statistics", "inference"},
    "estimators": WITH_JAX | {"statistics", "measures", "plugins"},
    "extractors": WITH_JAX | {"_identity"},
    "history": BASE | {"inference"},
    "tasks": WITH_JAX | {"extractors"},
    "inference": BASE,
    "probing": WITH_JAX
    | {"_coordinates", "statistics", "estimators", "extractors", "history", "inference"},
    "recording": WITH_JAX
    | {"probing", "estimators", "extractors", "history", "inference", "plugins"},
    "running": WITH_JAX
    | {"probing", "recording", "estimators", "extractors", "history", "plugins", "tasks"},
    "collecting": BASE | {"probing", "running", "history", "plugins"},
}
ANYTHING_PUBLIC = {"testing", "pytest_plugin", "__main__"}


def modules(package):
    return sorted((ROOT / package).rglob("*.py"))


def name_of(path):
    """Dotted name of a module, from its file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def imports_of(path):
    """Names of modules imported anywhere in a file, but for type checking alone."""
    return tuple(_imports(path))


def _imports(path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            yield module
            if module in {"probekit", "probekit_cli"}:
                yield from (f"{module}.{alias.name}" for alias in node.names)


def part_of(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


@pytest.mark.parametrize("path", modules("probekit"), ids=name_of)
def test_imports_go_downwards(path):
    part = part_of(name_of(path))
    for module in imports_of(path):
        package = module.split(".")[0]
        assert package != "probekit_cli" or part in ANYTHING_PUBLIC, (
            f"{name_of(path)} imports {module}"
        )
        if package != "probekit" or part in {"", *ANYTHING_PUBLIC}:
            continue
        other = part_of(module)
        if other in {"", part}:
            continue
        assert other in MAY_IMPORT[part], f"{name_of(path)} imports {module}"


@pytest.mark.parametrize("path", modules("probekit"), ids=name_of)
def test_private_modules_are_for_their_own_package(path):
    """Those right under probekit are for all; what else several packages need is not private."""
    for module in imports_of(path):
        owner, is_private, _ = module.partition("._")
        if is_private and owner != "probekit":
            assert f"{name_of(path)}.".startswith(f"{owner}."), f"imports {module}"


def test_every_part_is_in_the_table():
    parts = {part_of(name_of(path)) for path in modules("probekit")} - {""}
    assert parts <= set(MAY_IMPORT) | ANYTHING_PUBLIC


def test_the_table_has_no_cycles():
    reached = {}

    def below(part):
        if part not in reached:
            reached[part] = None  # being visited
            reached[part] = set().union(*({p} | below(p) for p in MAY_IMPORT[part]))
        assert reached[part] is not None, f"{part} imports itself, by way of others"
        return reached[part]

    for part in MAY_IMPORT:
        below(part)


@pytest.mark.parametrize("path", modules("probekit_cli"), ids=name_of)
def test_the_command_line_knows_public_names_only(path):
    for module in imports_of(path):
        parts = module.split(".")
        if parts[0] == "probekit":
            assert not any(part.startswith("_") for part in parts[1:]), module


@pytest.mark.parametrize("path", modules("probekit"), ids=name_of)
def test_rich_and_typer_live_in_the_command_line_alone(path):
    assert not {"rich", "typer"} & {module.split(".")[0] for module in imports_of(path)}


def lines_of(function, text):
    """How many lines of code there are beside the docstring and the arguments."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    rows = text[body[0].lineno - 1 : function.end_lineno] if body else []
    return sum(bool(row.strip()) and not row.strip().startswith("#") for row in rows)


@pytest.mark.parametrize("package", ["probekit", "probekit_cli"])
def test_functions_are_short(package):
    for path in modules(package):
        code = path.read_text()
        text = code.splitlines()
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.FunctionDef):
                assert lines_of(node, text) <= 40, f"{name_of(path)}.{node.name}"


def test_histories_are_opened_in_one_file_alone():
    opening = {
        name_of(path) for path in modules("probekit") if "netCDF4.Dataset(" in path.read_text()
    }
    assert opening == {"probekit.history.file"}


HEAVY = ("jax", "flax", "optax", "xarray", "sklearn", "scipy", "matplotlib", "netCDF4", "numpy")


def loaded_by(code):
    """Return which heavy packages a fresh interpreter has loaded after running this."""
    report = f"import sys; print([n for n in {HEAVY} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return ast.literal_eval(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "code",
    [
        "import probekit",
        "import probekit; probekit.plugins.get_manager().registry.names('estimator')",
        "import probekit; dir(probekit); probekit.errors; probekit.__version__",
        "import probekit; probekit.task, probekit.fixture, probekit.parametrize",
    ],
)
def test_importing_probekit_is_light(code):
    assert loaded_by(code) == []


def test_opening_a_history_needs_no_jax():
    assert "jax" not in loaded_by("import probekit.history; probekit.history.open_history")


def test_the_settings_of_the_reference_task_need_no_jax():
    code = "from probekit.tasks.complexity import ReferenceComplexity; ReferenceComplexity.Config()"
    assert set(loaded_by(code)) <= {"numpy"}


def test_everything_registered_can_be_imported():
    """And a listing by name stays what it was, whatever has been imported."""
    import probekit

    registry = probekit.plugins.get_manager().registry
    for kind in ("task", "estimator", "extractor"):
        for name in registry.names(kind):
            assert callable(registry.load(kind, name)), name
    assert callable(probekit.extractors.arrays)


def test_public_names_are_there():
    import probekit

    for name in probekit.__all__:
        assert getattr(probekit, name) is not None, name
    with pytest.raises(AttributeError, match="no attribute 'prob'"):
        probekit.prob  # noqa: B018
