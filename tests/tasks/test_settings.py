"""What the settings of any task are held to, those of a stranger's included."""

import dataclasses

import pytest

from probekit.errors import OptionError
from probekit.tasks import TaskConfig, option


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(TaskConfig):
    kind: str = option("small", "Which one.", choices=("small", "large"))
    layers: tuple[str, ...] = option(("small",), "Which ones.", choices=("small", "large"))
    width: int | None = option(None, "Units.", choices=(8, 16))


def test_what_is_among_the_choices_is_taken():
    config = Config(kind="large", layers=("large", "small"), width=16)
    assert (config.kind, config.layers, config.width) == ("large", ("large", "small"), 16)
    assert Config(width=None, layers=()).width is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "larg"}, "kind='larg': not a choice; did you mean 'large'?"),
        ({"layers": ("small", "wide")}, "layers='wide': not a choice; there are: small, large."),
        ({"width": 12}, "width=12: not a choice; there are: 8, 16."),
    ],
)
def test_what_is_not_among_the_choices_is_refused(settings, message):
    with pytest.raises(OptionError) as caught:
        Config(**settings)
    assert str(caught.value) == message
