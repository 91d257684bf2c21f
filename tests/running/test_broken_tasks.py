"""Tasks of others that do not give what they name: one line, before anything is compiled."""

import pytest

import probekit as pk
from probekit.errors import OptionError
from probekit.tasks import Split
from probekit.tasks.complexity import ReferenceComplexity

SMALL = {"seeds": 1, "epochs": 1, "train_examples": 32, "fit_examples": 16, "test_examples": 16}


class WithoutASplit(ReferenceComplexity):
    def data(self, config, seed):
        splits = super().data(config, seed)
        return {name: splits[name] for name in ("train", "test")}


class WithAFeatureTooFew(ReferenceComplexity):
    def data(self, config, seed):
        splits = super().data(config, seed).items()
        return {name: Split(inputs, features[:, :1]) for name, (inputs, features) in splits}


class WithFeaturesInARow(ReferenceComplexity):
    def data(self, config, seed):
        splits = super().data(config, seed).items()
        return {name: Split(inputs, features[:, 0]) for name, (inputs, features) in splits}


class WithALayerTooMany(ReferenceComplexity):
    def layers(self, config):
        return (*super().layers(config), "attention")


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (WithoutASplit, "makes the splits train, fit, test; this one made train, test"),
        (WithAFeatureTooFew, r"have the shape \(64, 1\); its features\(\) names 2, a column each"),
        (WithFeaturesInARow, r"have the shape \(64,\); its features\(\) names 2, a column each"),
        (WithALayerTooMany, r"hidden_3, logits, and not 'attention', which its layers\(\) names"),
    ],
)
def test_what_a_task_names_and_does_not_give_is_told(task, message):
    with pytest.raises(OptionError, match=message):
        pk.run(task, batch_size=16, **SMALL)
