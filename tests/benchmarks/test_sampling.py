"""Drawing the data sets: the generator's stream in blocks, against one example at a time."""

from probekit.tasks import boolean
from tests.reference.notebook import sample_dataset

FEATURES = ("linear", "xor_xor_xor")


def test_in_blocks(benchmark, tiny):
    benchmark.group = "sampling 8192 examples"
    examples = 100 if tiny else 8192
    benchmark(boolean.sample, FEATURES, units=16, examples=examples, seed=123)


def test_one_at_a_time(benchmark, tiny):
    benchmark.group = "sampling 8192 examples"
    benchmark(sample_dataset, FEATURES, 100 if tiny else 8192, 123)
