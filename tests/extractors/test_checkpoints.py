"""Folders of checkpoints as Orbax writes them."""

import shutil
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import probekit as pk
from probekit.errors import HistoryError, MissingExtraError, OptionError
from probekit.extractors import checkpoints
from tests.optional import optional

ocp = optional("orbax.checkpoint")


def state(step):
    params = {"kernel": jnp.full((2, 3), step, jnp.float32), "bias": jnp.ones(3, jnp.bfloat16)}
    return {"params": params, "opt": optax.adam(0.1).init(params), "step": step}


@pytest.fixture(scope="module")
def managed(tmp_path_factory):
    """What a CheckpointManager writes."""
    folder = tmp_path_factory.mktemp("managed")
    with ocp.CheckpointManager(folder) as manager:
        for step in (0, 10, 200):
            manager.save(step, args=ocp.args.StandardSave(state(step)))
        manager.wait_until_finished()
    return folder


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A folder a step."""
    folder = tmp_path_factory.mktemp("plain")
    with ocp.StandardCheckpointer() as checkpointer:
        for step in (5, 15):
            checkpointer.save(folder / f"step_{step}", state(step))
        checkpointer.wait_until_finished()
    return folder


@pytest.mark.parametrize(("layout", "there"), [("managed", [0, 10, 200]), ("plain", [5, 15])])
def test_steps_and_what_they_hold(layout, there, request):
    folder = request.getfixturevalue(layout)
    assert checkpoints.steps(str(folder)) == there
    for step in there:
        found = checkpoints.restore(folder, step)
        assert isinstance(found["params"]["kernel"], np.ndarray)
        np.testing.assert_array_equal(found["params"]["kernel"], np.full((2, 3), step))
        assert found["params"]["bias"].dtype == jnp.bfloat16
        assert found["step"] == step


def test_into_the_structure_of_a_training_state(managed):
    like = jax.eval_shape(lambda: state(0) | {"step": 0})
    found = checkpoints.restore(managed, 10, like=like | {"step": 0})
    assert type(found["opt"][0]) is type(like["opt"][0])
    assert isinstance(found["params"]["kernel"], jax.Array)
    assert (found["step"], found["opt"][0].count.dtype) == (10, jnp.int32)
    narrow = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, jnp.float16), like["params"]
    )
    found = checkpoints.restore(managed, 10, like=like | {"step": 0, "params": narrow})
    assert found["params"]["kernel"].dtype == jnp.float16
    small = state(0)
    small["params"]["kernel"] = jnp.ones((2, 2))
    with pytest.raises(
        OptionError, match=r"like params/kernel: shape \(2, 2\).*checkpoint has shape \(2, 3\)"
    ):
        checkpoints.restore(managed, 10, like=small)
    with pytest.raises(HistoryError, match=r"10/default: the checkpoint cannot be read: ") as told:
        checkpoints.restore(managed, 10, like={"params": state(0)["params"], "weights": 1.0})
    assert str(told.value).endswith(
        " Only like has weights. Only the checkpoint has opt/0/count, opt/0/mu/bias, "
        "opt/0/mu/kernel, opt/0/nu/bias, opt/0/nu/kernel, …"
    )


def test_the_nearest_steps_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for step in (1, 2, 3, 50, 60, 70, 80, 90):
        (tmp_path / "run" / str(step)).mkdir(parents=True)
        (tmp_path / "run" / str(step) / "_CHECKPOINT_METADATA").touch()
    with pytest.raises(OptionError, match=r"step=65: .*the nearest are 50, 60, 70, 80, 90\."):
        checkpoints.restore("~/run", 65)


class Model(nnx.Module):
    def __init__(self, rngs):
        self.linear = nnx.Linear(2, 3, rngs=rngs)
        self.dropout = nnx.Dropout(0.1, rngs=rngs)


def test_the_state_of_an_nnx_model_with_its_random_keys(tmp_path):
    saved, other = Model(nnx.Rngs(0)), Model(nnx.Rngs(1))
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "3", nnx.state(saved))
    nnx.update(other, checkpoints.restore(tmp_path, 3, like=nnx.state(other)))
    np.testing.assert_array_equal(other.linear.kernel[...], saved.linear.kernel[...])
    assert other.dropout.rngs.key[...] == saved.dropout.rngs.key[...]


def test_several_named_items(tmp_path):
    options = ocp.CheckpointManagerOptions(step_prefix="run", step_format_fixed_length=6)
    items = {"params": {"w": jnp.ones(2)}, "batch_stats": {"mean": jnp.zeros(2)}}
    saved = {name: ocp.args.StandardSave(item) for name, item in items.items()}
    with ocp.CheckpointManager(tmp_path, options=options) as manager:
        manager.save(7, args=ocp.args.Composite(**saved, about=ocp.args.JsonSave({"lr": 0.1})))
        manager.wait_until_finished()
    assert checkpoints.steps(tmp_path) == [7]
    jax.tree.map(np.testing.assert_array_equal, checkpoints.restore(tmp_path, 7), items)
    one = checkpoints.restore(tmp_path, 7, like={"params": items["params"]})
    jax.tree.map(np.testing.assert_array_equal, one, {"params": items["params"]})
    with pytest.raises(OptionError, match="has no item weights; there are batch_stats, params"):
        checkpoints.restore(tmp_path, 7, like={"weights": items["params"]})


def test_what_cannot_be_read(tmp_path, plain, monkeypatch):
    with pytest.raises(HistoryError, match="nowhere: no such folder; give one"):
        checkpoints.steps(tmp_path / "nowhere")
    with pytest.raises(HistoryError, match=r"step_5: is a checkpoint itself; give .*, .*plain"):
        checkpoints.steps(plain / "step_5")
    (tmp_path / "100").mkdir()
    (tmp_path / "twice").mkdir()
    for name in ("a_5", "b_05"):  # which of two trainings is meant, nobody knows
        shutil.copytree(plain / "step_5", tmp_path / "twice" / name)
    with pytest.raises(HistoryError, match="twice: a_5 and b_05 are both of step 5; give a folder"):
        checkpoints.steps(tmp_path / "twice")
    (tmp_path / "5.orbax-checkpoint-tmp-17").mkdir()  # it was never finished
    (tmp_path / "5.orbax-checkpoint-tmp-17" / "_CHECKPOINT_METADATA").touch()
    with pytest.raises(HistoryError, match="no checkpoints; each is a folder named by its step"):
        checkpoints.steps(tmp_path)
    with pytest.raises(OptionError, match="step=7: no such checkpoint; the nearest are 5, 15"):
        checkpoints.restore(plain, 7)
    damaged = tmp_path / "1"
    shutil.copytree(plain / "step_5", damaged)
    for path in damaged.rglob("d/*"):
        path.write_bytes(b"torn")
    with pytest.raises(HistoryError, match=r"1: the checkpoint cannot be read: \S.*") as caught:
        checkpoints.restore(tmp_path, 1)
    assert "\n" not in str(caught.value)
    assert "tensorstore_spec" not in str(caught.value)
    (damaged / "_METADATA").unlink()
    with pytest.raises(HistoryError, match="1: not a checkpoint that can be read; it has no _MET"):
        checkpoints.restore(tmp_path, 1)
    monkeypatch.setitem(sys.modules, "orbax.checkpoint", None)
    with pytest.raises(MissingExtraError, match=r"checkpoints need orbax-checkpoint.*\[checkpo"):
        checkpoints.restore(plain, 5)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([], r"steps=\[\]: give a list of whole numbers"),
        (10, "steps=10: give a list of whole numbers"),
        ("10", "steps='10': give a list of whole numbers"),
        ([10, 0.5], r"steps=0\.5: must be a whole number"),
        ([10, 11], "steps: no checkpoint of step 11; there are 0, 10, 200"),
    ],
)
def test_steps_that_are_none(managed, tmp_path, steps, message):
    with pytest.raises(OptionError, match=message):
        pk.probe_checkpoints(managed, pk.extractors.arrays, output=tmp_path / "h.nc", steps=steps)
    assert not list(tmp_path.iterdir())


def test_a_step_that_is_named_twice_is_probed_once(managed, tmp_path):
    probed = []

    def make_extractor(found):
        probed.append(found["step"])
        return pk.extractors.arrays({"layer": found["params"]["kernel"]})

    history = pk.probe_checkpoints(
        managed,
        make_extractor,
        output=tmp_path / "h.nc",
        steps=np.array([200, 10, 200]),
        estimators="total_variance",
    )
    assert probed == history.step.values.tolist() == [10, 200]


def test_checkpoints_are_probed_in_the_structure_that_was_asked_for(managed, tmp_path):
    like = jax.eval_shape(lambda: state(0)) | {"step": 0}
    found = []

    def make_extractor(held):
        found.append(held)
        return pk.extractors.arrays({"layer": held["params"]["kernel"]})

    options = {"output": tmp_path / "h.nc", "estimators": "total_variance", "steps": [10]}
    pk.probe_checkpoints(managed, make_extractor, like=like, **options)
    assert jax.tree.structure(found[0]) == jax.tree.structure(like)
    assert isinstance(found[0]["params"]["kernel"], jax.Array)


def test_a_history_outlives_a_mistake_and_checkpoints_that_are_gone(managed, tmp_path):
    """As a training deletes its older checkpoints."""
    folder, output = tmp_path / "run", tmp_path / "h.nc"
    shutil.copytree(managed, folder)

    def probed(**options):
        options = {"output": output, "estimators": "total_variance"} | options
        return pk.probe_checkpoints(
            folder,
            lambda found: pk.extractors.arrays({"layer": found["params"]["kernel"]}),
            **options,
        )

    probed(steps=[0, 10])
    before = output.read_bytes()
    with pytest.raises(OptionError, match="steps: no checkpoint of step 11"):
        probed(steps=[10, 11], overwrite=True)
    assert output.read_bytes() == before
    shutil.rmtree(folder / "0")
    with pytest.raises(OptionError, match="steps: no checkpoint of step 11"):
        probed(steps=[10, 11], resume=True)
    assert probed(steps=[0, 10, 200], resume=True).step.values.tolist() == [0, 10, 200]


def test_a_damaged_checkpoint_is_named_and_what_was_probed_before_is_kept(managed, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(managed, folder)
    for path in (folder / "10").rglob("d/*"):
        path.write_bytes(b"torn")

    def probed(**options):
        return pk.probe_checkpoints(
            folder,
            lambda found: pk.extractors.arrays({"layer": found["params"]["kernel"]}),
            output=tmp_path / "h.nc",
            estimators="total_variance",
            **options,
        )

    remedy = r"Leave it out, with steps, and go on with resume \(rows so far: 1\)\."
    with pytest.raises(HistoryError, match=rf"10/default: the .*\. {remedy}$"):
        probed()
    assert probed(steps=[0, 200], resume=True).step.values.tolist() == [0, 200]
    with pytest.raises(HistoryError, match=rf"10/default: the .*\. {remedy}$"):  # the last one
        probed(steps=[0, 10], overwrite=True)
    with pytest.raises(HistoryError, match=r"10/default: the .*\. Leave it out, with steps\.$"):
        probed(steps=[10, 200], overwrite=True)
    with pytest.raises(HistoryError, match="10/default: ") as told:
        probed(steps=[10], overwrite=True)
    assert "Leave it out" not in str(told.value)


@pytest.mark.slow
def test_checkpoints_are_probed_as_a_history(managed, tmp_path):
    def make_extractor(found):
        return pk.extractors.function(
            jax.tree_util.Partial(
                lambda params, x: {"layer": x @ params["kernel"]}, found["params"]
            )
        )

    x = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    history = pk.probe_checkpoints(
        managed,
        make_extractor,
        x,
        {"first": x[:, 0]},
        output=tmp_path / "h.nc",
        estimators="total_variance",
    )
    assert history.step.values.tolist() == [0, 10, 200]
    variance = (x.sum(1) * 10).var() * 3
    np.testing.assert_allclose(history.total_variance.sel(step=10).item(), variance, rtol=1e-4)
