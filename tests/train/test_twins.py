import itertools

import pytest
import torch

from pipeline.config.base import SettingsError
from pipeline.config.objectives import resolve
from pipeline.train import twin
from pipeline.train.checkpoints import checkpoint_path, load_checkpoint, load_weights, step_checkpoint_path
from pipeline.train.divergence import DivergenceError
from pipeline.train.twin import initial_network
from pipeline.train.twin_trainer import TwinTrainer
from pipeline.train.twin_training import train_twins

OBJECTIVES = ("cl", "nscl", "scl", "ce")  # of the paper


def train(run, objectives, images, recipe, folder, checkpoints=None, **options):
    checkpoints = [run.epochs] if checkpoints is None else checkpoints
    objectives = [resolve(name) if isinstance(name, str) else name for name in objectives]
    state = folder.with_name(f"{folder.name}.pt")
    return train_twins(run, objectives, checkpoints, images, recipe, folder, state, **options)


def rows(result, objective):
    """Rows as text, so that two rows of NaN are equal."""
    return [repr(row) for row in result.steps if row.objective == objective]


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.fixture(scope="module")
def together(small_run, images, recipe, tmp_path_factory):
    """The paper's objectives trained side by side: folder and result."""
    folder = tmp_path_factory.mktemp("together") / "run"
    return folder, train(small_run, OBJECTIVES, images, recipe, folder, checkpoints=[0, 3])


def test_networks_of_single_steps_are_kept(small_run, images, recipe, tmp_path):
    """Step 4 ends the first epoch, 9 is the first of the third; a twin stepped by hand has the same networks."""
    train(small_run, ["cl", "ce"], images, recipe, tmp_path / "run", [1], checkpoint_steps=[2, 4, 9])
    names = {"epoch0001", "step000002", "step000004", "step000009"}
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        f"{objective}-{name}.safetensors" for objective in ("cl", "ce") for name in names
    }
    trainer = TwinTrainer(small_run, [resolve("cl"), resolve("ce")], images, recipe)
    for number, _ in enumerate(trainer.steps(), start=1):
        for each in trainer.twins if number in (2, 4, 9) else []:
            path = step_checkpoint_path(tmp_path / "run", each.objective.name, number)
            assert equal(load_weights(path), each.network.state_dict())
    ends = load_checkpoint(tmp_path / "run", "cl", 1), load_weights(step_checkpoint_path(tmp_path / "run", "cl", 4))
    assert equal(*ends)


def test_a_step_beyond_the_last_is_refused_before_training(small_run, images, recipe, tmp_path):
    with pytest.raises(SettingsError, match="checkpoint_steps: expected at most 12, the steps of this run, got 13"):
        train(small_run, ["cl"], images, recipe, tmp_path / "run", [1], checkpoint_steps=[2, 13])
    assert not list(tmp_path.iterdir())


def assert_trained_alike(folder, result, together):
    path, expected = together
    assert result.digests == {name: expected.digests[name] for name in result.digests}
    for objective in result.digests:
        assert equal(load_checkpoint(folder, objective, 3), load_checkpoint(path, objective, 3))
        assert rows(result, objective) == rows(expected, objective)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_another_twin_changes_no_bit_of_the_others(objective, together, small_run, images, recipe, tmp_path):
    result = train(small_run, [objective], images, recipe, tmp_path / "run")
    assert_trained_alike(tmp_path / "run", result, together)


@pytest.mark.parametrize("workers", [2, 5])
def test_the_number_of_workers_changes_no_bit(workers, together, small_run, images, recipe, tmp_path):
    result = train(small_run, OBJECTIVES, images, recipe, tmp_path / "run", workers=workers)
    assert_trained_alike(tmp_path / "run", result, together)


def test_twins_on_several_devices_are_the_same(together, small_run, images, recipe, tmp_path, monkeypatch):
    """Two names of the one device of any machine; between GPUs a batch is copied, which changes no bit."""
    devices = [torch.device("cpu"), torch.device("cpu", 0)]
    monkeypatch.setattr("pipeline.train.twin_trainer.training_devices", lambda device: devices)
    trainer = TwinTrainer(small_run, [resolve(name) for name in OBJECTIVES], images, recipe)
    assert [twin.device for twin in trainer.twins] == devices * 2
    result = train(small_run, OBJECTIVES, images, recipe, tmp_path / "run", workers=2)
    assert_trained_alike(tmp_path / "run", result, together)


def test_all_twins_start_from_the_same_encoder_and_head_and_end_apart(together):
    start, end = ({name: load_checkpoint(together[0], name, epoch) for name in OBJECTIVES} for epoch in (0, 3))
    for a, b in itertools.combinations(OBJECTIVES, 2):
        shared = [name for name in start[a] if not name.startswith("classifier")]
        assert all(torch.equal(start[a][name], start[b][name]) for name in shared)
        assert not torch.equal(end[a]["encoder.conv1.weight"], end[b]["encoder.conv1.weight"])
    assert not torch.equal(start["cl"]["encoder.conv1.weight"], end["cl"]["encoder.conv1.weight"])


@pytest.mark.parametrize("part", ["initialisation", "batches", "augmentations"])
def test_a_part_that_is_not_shared_differs_and_the_rest_does_not(part, small_run, images, recipe, tmp_path):
    everything = ("initialisation", "batches", "augmentations")
    run = small_run.model_copy(update={"shared": tuple(name for name in everything if name != part), "epochs": 1})
    result = train(run, ["cl", "nscl"], images, recipe, tmp_path, checkpoints=[0, 1])
    start = [load_checkpoint(tmp_path, name, 0) for name in ("cl", "nscl")]
    assert equal(*start) == (part != "initialisation")
    assert (result.digests["cl"] == result.digests["nscl"]) == (part == "initialisation")


def test_controls_differ_from_cl_in_one_thing_each(small_run, images, recipe, tmp_path):
    names = ("cl", "nscl", "nscl_shuffled", "cl_independent", "cl_perturbed")
    result = train(small_run, names, images, recipe, tmp_path, checkpoints=[0, 3])
    start, end = ({name: load_checkpoint(tmp_path, name, epoch) for name in names} for epoch in (0, 3))
    for name in ("nscl", "nscl_shuffled", "cl_independent"):
        assert equal(start[name], start["cl"])
        assert not equal(end[name], end["cl"])
    moved = {key: (start["cl_perturbed"][key] - start["cl"][key]).abs() for key in start["cl"]}
    assert sum(int((change > 0).sum()) for change in moved.values()) == 1
    assert max(float(change.max()) for change in moved.values()) == pytest.approx(1e-6, rel=0.1)  # of a float32
    assert result.digests["cl_independent"] != result.digests["cl"]
    assert {result.digests[name] for name in names if name != "cl_independent"} == {result.digests["cl"]}
    assert not equal(end["nscl_shuffled"], end["nscl"])


def test_the_seed_decides_initialisation_batches_and_views(together, small_run, images, recipe, tmp_path):
    run = small_run.model_copy(update={"seed": 1})
    result = train(run, ["cl"], images, recipe, tmp_path, checkpoints=[0, 3])
    assert result.digests["cl"] != together[1].digests["cl"]
    assert not equal(load_checkpoint(tmp_path, "cl", 0), load_checkpoint(together[0], "cl", 0))


def test_a_loss_that_is_not_finite_stops_the_run_with_its_place(small_run, images, recipe, tmp_path):
    run = small_run.model_copy(update={"learning_rate": 1e30, "trust_coefficient": 1e8})
    with pytest.raises(
        DivergenceError, match=r"loss of cl became (nan|inf) in epoch \d, step \d of 4, at lear.*: lower"
    ):
        train(run, ["cl"], images, recipe, tmp_path)
    assert not checkpoint_path(tmp_path, "cl", 3).exists()


# finite for labels in order, as the rehearsal has them, and infinite for those of a batch
INFINITE = "def loss(z1, z2, labels, temperature):\n    return z1.sum() / float(labels[:9].diff().abs().min())\n"


def test_a_loss_that_is_never_finite_is_not_blamed_on_the_learning_rate(small_run, images, recipe, tmp_path):
    (tmp_path / "mine.py").write_text(INFINITE)
    with pytest.raises(DivergenceError, match=r"in epoch 1, step 1 of 4, .*: nothing was trained yet: check the obj"):
        train(small_run, [f"{tmp_path / 'mine.py'}:loss"], images, recipe, tmp_path / "run")


def test_every_twin_learns(small_run, images, recipe, tmp_path):
    run = small_run.model_copy(update={"epochs": 12, "learning_rate": 2.0})
    steps = train(run, OBJECTIVES, images, recipe, tmp_path).steps
    for objective in OBJECTIVES:
        course = [row.loss for row in steps if row.objective == objective]
        assert sum(course[-4:]) < sum(course[:4]) - 0.4, objective


def test_the_global_generator_is_neither_read_nor_moved(small_run, images, recipe, tmp_path):
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    train(small_run.model_copy(update={"epochs": 1}), OBJECTIVES, images, recipe, tmp_path)
    assert torch.equal(torch.rand(3), expected)


def test_clipping_bounds_a_step(small_run, images, recipe, tmp_path):
    """With a tiny bound and no adaptation every weight stays where it was, up to the bound times the rate."""
    options = {"max_grad_norm": 1e-6, "epochs": 1, "weight_decay": 0.0, "trust_coefficient": 1e-12}
    train(small_run.model_copy(update=options), ["cl"], images, recipe, tmp_path, checkpoints=[0, 1])
    start, end = (load_checkpoint(tmp_path, "cl", epoch) for epoch in (0, 1))
    trained = [name for name in start if "running" not in name and "num_batches" not in name]
    assert max((start[name] - end[name]).abs().max() for name in trained) < 1e-5


def test_views_are_forwarded_one_by_one(small_run, images, recipe, tmp_path, monkeypatch):
    """Batch statistics are per view: the encoder sees B images at a time, twice a step."""
    seen = []

    def watched(*arguments):
        network = initial_network(*arguments)
        network.encoder.register_forward_hook(lambda module, inputs, output: seen.append(len(inputs[0])))
        return network

    monkeypatch.setattr(twin, "initial_network", watched)
    train(small_run.model_copy(update={"epochs": 1}), ["cl"], images, recipe, tmp_path)
    assert seen == [32, 32] * 4


@pytest.mark.parametrize("options", [{"precision": "bfloat16"}, {"ce_head": "projection"}, {"lars_exclude": "none"}])
def test_options_train_too_and_differ_from_the_default(options, together, small_run, images, recipe, tmp_path):
    result = train(small_run.model_copy(update=options), ["cl", "ce"], images, recipe, tmp_path)
    assert rows(result, "ce") != rows(together[1], "ce")
    assert result.digests["ce"] == together[1].digests["ce"]  # how twins learn does not change what they see
    assert not equal(load_checkpoint(tmp_path, "ce", 3), load_checkpoint(together[0], "ce", 3))


def test_plain_sgd_moves_every_weight_by_rate_times_gradient(small_run, images, recipe):
    options = {"optimiser": "sgd", "learning_rate": 0.1, "momentum": 0.5, "weight_decay": 0.3, "trust_coefficient": 7.0}
    trainer = TwinTrainer(small_run.model_copy(update=options), [resolve("cl"), resolve("ce")], images, recipe)
    expected = [{n: p.detach().clone() for n, p in twin.network.named_parameters()} for twin in trainer.twins]
    start = trainer.twins[0].network.encoder.conv1.weight.detach().clone()
    for epoch, step in itertools.islice(trainer.steps(), 6):
        for a_twin, weights in zip(trainer.twins, expected, strict=True):
            for name, p in a_twin.network.named_parameters():
                if p.grad is not None:  # of the last step
                    weights[name] -= trainer.rate(epoch, step) * p.grad
                torch.testing.assert_close(p.detach(), weights[name], rtol=1e-6, atol=1e-7)
    assert not torch.equal(trainer.twins[0].network.encoder.conv1.weight, start)


def test_partial_nscl_ends_at_cl_and_nscl(small_run, images, recipe, tmp_path):
    run = small_run.model_copy(update={"epochs": 1})
    half = resolve("nscl_partial_50")
    ends = [half.model_copy(update={"name": f"at_{x:.0f}", "same_class_negative_dropout": x}) for x in (0.0, 1.0)]
    names = ("cl", "nscl", half.name, "at_0", "at_1")
    train(run, ["cl", "nscl", half, *ends], images, recipe, tmp_path)
    end = {name: load_checkpoint(tmp_path, name, 1) for name in names}
    assert equal(end["at_0"], end["cl"])
    assert equal(end["at_1"], end["nscl"])
    assert not equal(end["nscl_partial_50"], end["cl"])
    assert not equal(end["nscl_partial_50"], end["nscl"])


@pytest.mark.long
def test_compiled_networks_train_alike_and_keep_their_names(images, recipe, small_run, tmp_path):
    run = small_run.model_copy(update={"epochs": 1})
    for compiled in (False, True):
        train(run, ["cl"], images, recipe, tmp_path / str(compiled), compiled=compiled)
    plain, fused = (load_checkpoint(tmp_path / str(compiled), "cl", 1) for compiled in (False, True))
    torch.testing.assert_close(fused, plain, rtol=1e-3, atol=1e-4)  # with equal names
