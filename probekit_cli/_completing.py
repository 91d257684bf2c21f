"""What a shell is told when Tab is pressed: names of estimators, scores, layers, functions."""

import contextlib
import io
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import typer

_SHELL = "_PROBEKIT_COMPLETE"
_DETECTION = "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"

Names = Callable[[typer.Context], Iterable[str]]
Completion = Callable[[typer.Context, str], list[str]]


def words_so_far() -> list[str]:
    """Return what follows ``probekit`` in a shell that asks for completions."""
    if not is_asked():
        return []
    _join_addresses()
    text = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    return text.split()[1:]


def is_asked() -> bool:
    """Whether a shell asks for completions: then nobody wants to read errors."""
    return _SHELL in os.environ


@contextlib.contextmanager
def last_word_alone() -> Iterator[None]:
    """Tell Bash only what follows a colon: it takes that for a word of its own."""
    words, _ = _words_of_bash()
    place = os.environ.get("COMP_CWORD", "")
    in_bash = os.environ.get(_SHELL, "").endswith("bash") and place.isdigit()
    word = words[int(place)] if in_bash and int(place) < len(words) else ""
    if ":" not in word:
        yield
        return
    written = io.StringIO()
    try:
        with contextlib.redirect_stdout(written):
            yield
    finally:
        before = word[: word.rindex(":") + 1]
        for line in written.getvalue().splitlines():
            print(line.removeprefix(before))


def let_shell_be_named(words: list[str]) -> None:
    """Let a shell follow ``--show-completion``, in place of the one that is found out."""
    if len(words) == 2 and words[0] in ("--show-completion", "--install-completion"):
        os.environ[_DETECTION] = "1"


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Keep back what users' own code prints: the shell would take it for completions."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def names_of(found: Names) -> Completion:
    """Return what completes one of some names, or the last of several that commas separate.

    A failure to find them is none of the shell's business.
    """

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        before, comma, begun = incomplete.rpartition(",")
        given = before.split(",")
        try:
            with silence():
                known = [str(name) for name in found(ctx)]
        except Exception:
            return []
        return [
            f"{before}{comma}{name}"
            for name in known
            if name.startswith(begun) and name not in given
        ]

    return complete


def estimators(ctx: typer.Context) -> Iterable[str]:
    """Return the names of the registered estimators."""
    del ctx
    from probekit.plugins import get_manager

    return get_manager().registry.names("estimator")


def scores(ctx: typer.Context) -> Iterable[str]:
    """Return the scores of the history that is named before."""
    from probekit.history.contents import scores as scores_in

    return scores_in(_history(ctx))


def labels(dim: str) -> Names:
    """Return what finds the labels of an axis of the history that is named before."""
    return lambda ctx: _history(ctx)[dim].values.tolist()


def layers(ctx: typer.Context) -> Iterable[str]:
    """Return the layers of activations or a model of the user's, or those of a task by default.

    A model is traced for that, not run.
    """
    if "source" in ctx.params:
        return _layers_of_source(str(_first(ctx, "source")))
    found = [task.layers(config()) for task, config in _tasks(str(ctx.info_name))]
    return dict.fromkeys(name for names in found for name in names)


def _layers_of_source(source: str) -> Iterable[str]:
    if source.endswith(".npz"):  # which are read without the arrays
        return [name.removesuffix(".npy") for name in zipfile.ZipFile(source).namelist()]
    from probekit_cli._data import source_of

    model = source_of(source, []).model()
    found: Iterable[str] = model.extractor.layers(model.inputs)
    return found


def _tasks(name: str) -> Iterator[tuple[Any, Callable[[], Any]]]:
    """Yield the tasks that a word of the command line means, with what makes their defaults."""
    from probekit.collecting import collect
    from probekit.plugins import get_manager

    registry = get_manager().registry
    if name in registry.names("task"):
        task: Any = registry.load("task", name)
        yield task() if isinstance(task, type) else task, task.Config
        return
    from probekit.running import task_of

    for item in collect(name).items:
        if not item.is_function:  # which layers a function will have, it alone knows
            yield task_of(item.task), item.Config


def functions(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the functions of a Python file, after its colon; files are the shell's own affair."""
    del ctx
    file, colon, begun = incomplete.partition(":")
    if not colon:
        return []
    from probekit_cli._models import functions_of

    names = [name for name in functions_of(Path(file)) if name.startswith(begun)]
    return [f"{file}:{name}" for name in names]


def _history(ctx: typer.Context) -> Any:
    from probekit.history import open_history

    return open_history(_first(ctx, "file", "a"))


def _first(ctx: typer.Context, *names: str) -> Any:
    """Return the first argument; while an option has no value yet, it is not told from others."""
    given = [ctx.params[name] for name in names if ctx.params.get(name) is not None]
    return [*given, *ctx.args][0]


def _join_addresses() -> None:
    """Make one word again of ``FILE.py : NAME``, of which Bash makes three."""
    words, between = _words_of_bash()
    if ":" not in words or not os.environ.get("COMP_CWORD", "").isdigit():
        return
    place = int(os.environ["COMP_CWORD"])
    while ":" in words[1:]:
        colon = words.index(":", 1)
        words[colon - 1 : colon + 2] = ["".join(words[colon - 1 : colon + 2])]
        place -= (place >= colon) + (place > colon)
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = between.join(words), str(place)


def _words_of_bash() -> tuple[list[str], str]:
    """Return the words of its command line, and what stands between them."""
    text = os.environ.get("COMP_WORDS", "")
    between = "\n" if "\n" in text else " "
    return text.split(between), between
