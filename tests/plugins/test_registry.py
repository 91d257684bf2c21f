import importlib.util
import os

import pytest

from probekit.errors import MissingExtraError, PluginError, UnknownNameError
from probekit.plugins import Manager, Origin, Registry


class Sparsity:
    """Share of units that are zero."""


@pytest.fixture
def registry():
    return Registry()


def test_kinds_do_not_share_names(registry):
    registry.estimator("same", "math:sqrt")
    registry.task("same", "math:cos")
    registry.extractor("same", "math:sin")
    assert [registry.load(kind, "same")(0.0) for kind in ("estimator", "task", "extractor")] == [
        0.0,
        1.0,
        0.0,
    ]


def test_entries_are_in_alphabetical_order(registry):
    registry.estimator("b", "math:sqrt", summary="second")
    registry.estimator("a", "math:sqrt", summary="first")
    assert registry.names("estimator") == ("a", "b")
    assert [entry.summary for entry in registry.entries("estimator")] == ["first", "second"]


def test_an_entry_tells_where_it_is_from(registry):
    with registry.registering(Origin("mine", "my-dist", "2.1")):
        registry.estimator("one", "math:sqrt")
    entry = registry.entry("estimator", "one")
    assert (entry.plugin, entry.distribution, entry.version) == ("mine", "my-dist", "2.1")


def test_targets_are_imported_on_use_and_not_before(registry):
    registry.estimator("late", "no_such_module:Thing")
    assert registry.names("estimator") == ("late",)
    with pytest.raises(PluginError, match=r"estimator 'late' of plugin '__main__': cannot import "):
        registry.load("estimator", "late")


def test_an_attribute_that_is_not_there(registry):
    registry.task("late", "math:no_such_function")
    with pytest.raises(PluginError, match=r"'math:no_such_function' \(AttributeError: .*\)\."):
        registry.load("task", "late")


def test_a_target_may_lie_deeper(registry):
    registry.extractor("deep", "os:path.join")
    assert registry.load("extractor", "deep")("a", "b") == "a/b"


def test_an_object_is_its_own_target(registry):
    registry.estimator("sparsity", Sparsity)
    assert registry.load("estimator", "sparsity") is Sparsity


def test_an_error_of_ours_goes_through_as_it_is(registry, tmp_path, monkeypatch):
    source = "from probekit.errors import MissingExtraError\n"
    source += "raise MissingExtraError('lasagne', extra='pasta', needed_for='layers')\n"
    (tmp_path / "needs_an_extra.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    registry.extractor("lasagne", "needs_an_extra:lasagne")
    with pytest.raises(MissingExtraError, match=r"pip install 'probekit\[pasta\]'"):
        registry.load("extractor", "lasagne")


def test_an_unknown_name_gets_near_matches(registry):
    registry.estimator("linear_r2", "math:sqrt")
    message = (
        r"^unknown estimator 'liner_r2'; did you mean 'linear_r2'\? "
        r"'probekit list estimators' shows all\.$"
    )
    for look_up in (registry.entry, registry.load):
        with pytest.raises(UnknownNameError, match=message):
            look_up("estimator", "liner_r2")


def test_an_unknown_kind(registry):
    for look_up in (registry.names, registry.entries):
        with pytest.raises(UnknownNameError, match="unknown kind 'estimators'; did you mean 'est"):
            look_up("estimators")


def test_two_plugins_cannot_have_one_name(registry):
    with registry.registering(Origin("first", "dist-a", "1.0")):
        registry.task("same", "math:sqrt")
    message = (
        r"^task 'same' is registered by plugin 'first' \(dist-a 1\.0\) and by plugin 'second' "
        r"\(dist-b 2\.0\); rename it, or switch one plugin off with '-p no:NAME'\.$"
    )
    with (
        pytest.raises(PluginError, match=message),
        registry.registering(Origin("second", "dist-b", "2.0")),
    ):
        registry.task("same", "math:cos")
    assert registry.entry("task", "same").target == "math:sqrt"


def test_one_class_of_two_plugins_is_no_cell_that_was_run_again(registry):
    class Probe: ...

    for plugin in ("first", "first"):
        with registry.registering(Origin(plugin)):
            registry.estimator("same", Probe)
    with (
        pytest.raises(PluginError, match="is registered by plugin 'first' and by plugin 'second'"),
        registry.registering(Origin("second")),
    ):
        registry.estimator("same", Probe)


def test_one_plugin_cannot_register_a_name_twice(registry):
    registry.task("same", "math:sqrt")
    with pytest.raises(PluginError, match="'same' is registered twice by plugin '__main__'; ren"):
        registry.task("same", "math:sqrt")


def test_what_was_registered_before_an_error_is_undone(registry):
    def register():
        with registry.registering(Origin("broken")):
            registry.task("first", "math:sqrt")
            registry.task("Second", "math:sqrt")

    with pytest.raises(PluginError, match="name='Second'"):
        register()
    assert registry.names("task") == ()
    assert registry.current is None


def test_a_plugin_that_loads_another_goes_on_registering(registry):
    with registry.registering(Origin("outer")):
        with registry.registering(Origin("inner")):
            registry.task("first", "math:sqrt")
        registry.task("second", "math:sqrt")
    assert [entry.plugin for entry in registry.entries("task")] == ["inner", "outer"]


def test_removing_a_plugin_leaves_the_others(registry):
    for plugin in ("mine", "yours"):
        with registry.registering(Origin(plugin)):
            registry.task(plugin, "math:sqrt")
    registry.remove("mine")
    assert registry.names("task") == ("yours",)


@pytest.mark.parametrize("name", ["Linear", "", "two words", "2nn", "a__b", "-a", 3, None])
def test_a_name_that_cannot_be(registry, name):
    with pytest.raises(PluginError, match=r"must be lower-case words joined by '_' or '-'\."):
        registry.estimator(name, "math:sqrt")


@pytest.mark.parametrize(
    "target", ["math", "math:", ":sqrt", "math.sqrt", "my-module:a", "math:a b"]
)
def test_a_target_that_cannot_be(registry, target):
    with pytest.raises(PluginError, match=r"; it must read 'package\.module:attribute'\."):
        registry.estimator("name", target)


def test_a_target_that_is_no_class(registry):
    with pytest.raises(PluginError, match=r"target=3; it must be 'package\.module:attribute', a c"):
        registry.estimator("name", 3)


def test_the_kind_of_an_estimator_is_said_or_read_off_the_class(registry):
    class Probe:
        kind = "decoding"

    class Odd:
        kind = "of its own"

    registry.estimator("said", "math:sqrt", kind="geometry")
    registry.estimator("read", Probe)
    registry.estimator("unknown", "math:sqrt")
    registry.estimator("odd", Odd)
    kinds = {entry.name: entry.estimator_kind for entry in registry.entries("estimator")}
    assert kinds == {"said": "geometry", "read": "decoding", "unknown": "", "odd": ""}
    message = "kind='geometric'; did you mean 'geometry'"
    with pytest.raises(PluginError, match=message):
        registry.estimator("name", "math:sqrt", kind="geometric")


def test_a_summary_is_one_line(registry):
    with pytest.raises(PluginError, match=r"summary='two\\nlines'; it must be one line of text"):
        registry.estimator("name", "math:sqrt", summary="two\nlines")


BUILT_IN = [
    entry
    for kind in ("task", "estimator", "extractor")
    for entry in Manager().registry.entries(kind)
]


@pytest.mark.parametrize("entry", BUILT_IN, ids=lambda entry: entry.name)
def test_every_built_in_target_is_there(entry):
    extra = {"equinox": "equinox", "torch": "torch"}.get(entry.name)
    required = "PROBEKIT_REQUIRE_ALL_EXTRAS" in os.environ
    if extra and importlib.util.find_spec(extra) is None and not required:
        pytest.skip(f"{extra} is not installed")
    assert callable(Manager().registry.load(entry.kind, entry.name))
    assert entry.summary


@pytest.mark.parametrize(
    "entry", [e for e in BUILT_IN if e.kind != "extractor"], ids=lambda entry: entry.name
)
def test_a_built_in_class_has_the_name_it_is_registered_under(entry):
    assert Manager().registry.load(entry.kind, entry.name).name == entry.name
