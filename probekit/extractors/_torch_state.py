"""A PyTorch model after a call as it was before.

Models keep things when they are called: a mask of this length, a count of calls, a list of what was
seen, the weight that was made of two others. What was computed without gradients, or from tensors
that have a shape and nothing else, must not be there when the model is trained on.
"""

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch.nn import Module


@contextlib.contextmanager
def evaluating(model: "Module") -> Iterator[None]:
    """Set evaluation mode for a while, and then each module back to its own.

    Modules may do more than to note their mode, such as to add up weights: they are asked to go
    back, and not only told that they are.
    """
    modes = [(module, module.training) for module in model.modules()]
    try:
        if any(training for _, training in modes):
            model.eval()
        yield
    finally:
        for module, training in modes:
            if module.training != training:
                module.train(training)  # and all within, whose turn comes after
        for module, training in modes:
            module.training = training


@contextlib.contextmanager
def as_it_was(model: "Module") -> Iterator[None]:
    """Undo what calls change in the modules and in the state of random numbers."""
    import torch as framework

    attributes = [(vars(module), dict(vars(module))) for module in model.modules()]
    contents = [
        (value, value.copy())
        for _, before in attributes
        for value in before.values()
        if isinstance(value, list | dict)
    ]
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    devices = {part.device for part in model.parameters() if part.device.type == "cuda"}
    try:
        with framework.random.fork_rng(list(devices)), _not_compiled():
            yield
    finally:
        for now, before in attributes:
            _set_back(now, before)
        for container, content in contents:
            if isinstance(container, dict):
                _set_back(container, dict(content))
            elif not _same(container, list(content)):
                container[:] = list(content)
        for buffer, numbers in buffers:
            if not framework.equal(buffer, numbers):
                buffer.copy_(numbers)


def _set_back(now: dict[Any, Any], before: dict[Any, Any]) -> None:
    """Make a dict what it was; nothing is touched that is so, as another thread may look."""
    if list(now) == list(before) and _same(list(now.values()), list(before.values())):
        return
    for key in [key for key in now if key not in before]:
        del now[key]
    now.update(before)


def _same(values: list[Any], others: list[Any]) -> bool:
    return len(values) == len(others) and all(map(lambda a, b: a is b, values, others))


@contextlib.contextmanager
def _not_compiled() -> Iterator[None]:
    """Run what ``torch.compile`` has compiled as it was written: hooks would be compiled too."""
    if "torch._dynamo" not in sys.modules:  # nothing is
        yield
        return
    import torch as framework

    with framework.compiler.set_stance("force_eager"):
        yield


def empty_out(model: "Module") -> None:
    """Replace parameters and buffers by such as have a shape and nothing else.

    One that belongs to several modules stays one; `as_it_was` brings them back.

    Raises
    ------
    TypeError
        If a module is one of TorchScript, which does not keep them in Python.
    """
    import torch as framework

    modules = list(model.modules())
    if any(isinstance(module, framework.jit.ScriptModule) for module in modules):
        raise TypeError("a module of TorchScript")
    tensors = {
        id(tensor): tensor for part in (model.parameters(), model.buffers()) for tensor in part
    }
    empty = {key: _without_data(tensor) for key, tensor in tensors.items()}
    for module in modules:
        for named in (module._parameters, module._buffers):
            named.update({name: empty.get(id(tensor), tensor) for name, tensor in named.items()})
        for value in vars(module).values():
            if isinstance(value, list):  # as recurrent modules have of their parameters
                value[:] = [empty.get(id(part), part) for part in value]


def _without_data(tensor: Any) -> Any:
    import torch as framework

    without = tensor.detach().to("meta")
    is_parameter = isinstance(tensor, framework.nn.Parameter)
    return framework.nn.Parameter(without, requires_grad=False) if is_parameter else without
