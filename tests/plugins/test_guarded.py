import pytest

from probekit.errors import PluginError, PluginWarning
from probekit.plugins import hookimpl, hookspec


def listener(function, **options):
    """Return a plugin whose `probekit_report_sections` is this function of the dataset."""

    class Plugin:
        @hookimpl(**options)
        def probekit_report_sections(self, dataset):
            return function(dataset)

    return Plugin()


def wrapper(function):
    class Plugin:
        @hookimpl(wrapper=True)
        def probekit_report_sections(self, dataset):
            return (yield from function(dataset))

    return Plugin()


def fail(dataset):
    raise ValueError("no such thing")


def call(manager):
    return manager.hook.probekit_report_sections(dataset=1)


def test_the_last_one_registered_is_called_first(manager):
    manager.register(listener(lambda dataset: "first"), "a")
    manager.register(listener(lambda dataset: "second"), "b")
    assert call(manager) == ["second", "first"]


def test_order_can_be_asked_for(manager):
    manager.register(listener(lambda dataset: "early", tryfirst=True), "a")
    manager.register(listener(lambda dataset: "middle"), "b")
    manager.register(listener(lambda dataset: "late", trylast=True), "c")
    assert call(manager) == ["early", "middle", "late"]


def test_none_is_no_result(manager):
    manager.register(listener(lambda dataset: None), "a")
    assert call(manager) == []


def test_an_exception_is_reported_and_the_others_are_called(manager):
    manager.register(listener(lambda dataset: "fine"), "a")
    manager.register(listener(fail), "broken")
    message = (
        r"^plugin 'broken': probekit_report_sections raised ValueError: no such thing "
        r"\(.*test_guarded\.py:\d+\); probekit goes on without it\.$"
    )
    with pytest.warns(PluginWarning, match=message):
        assert call(manager) == ["fine"]


@pytest.mark.parametrize("exception", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_process_goes_through(manager, exception):
    def stop(dataset):
        raise exception

    manager.register(listener(stop), "a")
    with pytest.raises(exception):
        call(manager)


def test_a_wrapper_sees_and_replaces_the_results(manager):
    def upper(dataset):
        results = yield
        return [result.upper() for result in results]

    manager.register(wrapper(upper), "w")
    manager.register(listener(lambda dataset: "a"), "a")
    assert call(manager) == ["A"]


def test_the_wrapper_that_begins_first_ends_last(manager):
    def outer(dataset):
        result = yield
        return [*result, "outer"]

    def inner(dataset):
        result = yield
        return [*result, "inner"]

    manager.register(wrapper(inner), "inner")
    manager.register(wrapper(outer), "outer")  # registered last, so it begins first
    assert call(manager) == ["inner", "outer"]


@pytest.mark.parametrize("returned", [None, "no list"])
def test_a_wrapper_that_returns_no_list_replaces_nothing(manager, returned):
    def look(dataset):
        yield
        return returned

    manager.register(wrapper(look), "w")
    manager.register(listener(lambda dataset: "a"), "a")
    assert call(manager) == ["a"]


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_wrapper_that_fails_costs_no_result(manager, place):
    def broken(dataset):
        if place == "before":
            fail(dataset)
        yield
        fail(dataset)

    manager.register(wrapper(broken), "w")
    manager.register(listener(lambda dataset: "a"), "a")
    with pytest.warns(PluginWarning, match="plugin 'w': probekit_report_sections raised ValueErr"):
        assert call(manager) == ["a"]


def test_a_wrapper_that_yields_twice(manager):
    def twice(dataset):
        yield
        yield

    manager.register(wrapper(twice), "w")
    with pytest.warns(PluginWarning, match="a wrapper must yield exactly once"):
        assert call(manager) == []


class Specifications:
    """Hooks that a plugin brings for other plugins."""

    @hookspec(firstresult=True)
    def probekit_pick(self, number):
        """Pick one."""


def picking(function, **options):
    class Plugin:
        @hookimpl(**options)
        def probekit_pick(self, number):
            return function(number)

    return Plugin()


def test_the_first_result_alone_where_the_specification_says_so(manager):
    manager.pluggy.add_hookspecs(Specifications)
    assert manager.hook.probekit_pick(number=1) is None
    called = []
    manager.register(picking(called.append), "a")  # not reached: b has a result
    manager.register(picking(lambda number: number + 1), "b")
    manager.register(picking(lambda number: None), "c")
    assert manager.hook.probekit_pick(number=1) == 2
    assert called == []

    def doubled(number):
        return 2 * (yield)

    class Wrapper:
        @hookimpl(wrapper=True)
        def probekit_pick(self, number):
            return (yield from doubled(number))

    manager.register(Wrapper(), "w")
    assert manager.hook.probekit_pick(number=1) == 4


def test_a_first_result_that_raises_leaves_it_to_the_next(manager):
    manager.pluggy.add_hookspecs(Specifications)
    manager.register(picking(lambda number: "fine"), "a")
    manager.register(picking(fail), "b")
    with pytest.warns(PluginWarning, match="'b': probekit_pick raised ValueError"):
        assert manager.hook.probekit_pick(number=1) == "fine"


def test_an_old_style_wrapper_is_refused(manager):
    class Old:
        @hookimpl(hookwrapper=True)
        def probekit_report_sections(self, dataset):
            yield

    with pytest.raises(PluginError, match=r"'Old': probekit_report_sections: .*wrapper=True"):
        manager.register(Old())


def test_an_unknown_hook(manager):
    with pytest.raises(AttributeError, match="unknown hook 'probekit_run_start'; did you mean 'pr"):
        manager.hook.probekit_run_start(run=1)


def test_a_missing_argument_is_the_callers_mistake(manager):
    manager.register(listener(lambda dataset: "a"), "a")
    with pytest.raises(TypeError, match="probekit_report_sections: missing argument 'dataset'"):
        manager.hook.probekit_report_sections()
