import itertools
import signal
import subprocess
import sys
import time

import pytest
import torch

from pipeline.config.objectives import resolve
from pipeline.train.checkpoints import checkpoint_path, load_checkpoint
from pipeline.train.divergence import DivergenceError
from pipeline.train.state import load_state
from pipeline.train.twin_training import Training, initial_network, train_twins
from tests.train.interruption import Interruption
from tests.waiting import wait_for

OBJECTIVES = ("cl", "nscl", "scl", "ce")  # of the paper


def train(run, objectives, images, recipe, folder, checkpoints=None, **options):
    checkpoints = [run.epochs] if checkpoints is None else checkpoints
    objectives = [resolve(name) for name in objectives]
    state = folder.with_name(f"{folder.name}.pt")
    return train_twins(run, objectives, checkpoints, images, recipe, folder, state, **options)


def weights(folder, objective, epoch):
    return load_checkpoint(folder, objective, epoch)


def rows(found, objective):
    """As text: two rows of nan are equal."""
    return [repr(row) for row in found.steps if row.objective == objective]


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_another_twin_changes_no_bit_of_the_others(small_run, images, recipe, tmp_path):
    together = train(small_run, OBJECTIVES, images, recipe, tmp_path / "all")
    for objective in OBJECTIVES:
        alone = train(small_run, [objective], images, recipe, tmp_path / objective)
        assert equal(weights(tmp_path / "all", objective, 3), weights(tmp_path / objective, objective, 3))
        assert alone.digests[objective] == together.digests[objective]
        assert rows(together, objective) == rows(alone, objective)
    assert not equal(weights(tmp_path / "all", "cl", 3), weights(tmp_path / "all", "nscl", 3))


def test_all_twins_start_from_the_same_encoder_and_head(small_run, images, recipe, tmp_path):
    train(small_run, OBJECTIVES, images, recipe, tmp_path, checkpoints=[0, 3])
    start = {objective: weights(tmp_path, objective, 0) for objective in OBJECTIVES}
    for a, b in itertools.combinations(OBJECTIVES, 2):
        shared = [name for name in start[a] if not name.startswith("classifier")]
        assert all(torch.equal(start[a][name], start[b][name]) for name in shared)
    end = weights(tmp_path, "cl", 3)
    assert not torch.equal(start["cl"]["encoder.conv1.weight"], end["encoder.conv1.weight"])


@pytest.mark.parametrize("part", ["initialisation", "batches", "augmentations"])
def test_what_is_not_shared_differs_and_the_rest_does_not(part, small_run, images, recipe, tmp_path):
    everything = ("initialisation", "batches", "augmentations")
    run = small_run.model_copy(update={"shared": tuple(name for name in everything if name != part), "epochs": 1})
    found = train(run, ["cl", "nscl"], images, recipe, tmp_path, checkpoints=[0, 1])
    start = [weights(tmp_path, name, 0) for name in ("cl", "nscl")]
    assert equal(*start) == (part != "initialisation")
    assert (found.digests["cl"] == found.digests["nscl"]) == (part == "initialisation")


def test_equal_objectives_with_nothing_shared_are_still_reproducible(small_run, images, recipe, tmp_path):
    run = small_run.model_copy(update={"shared": (), "epochs": 1})
    for folder in ("one", "two"):
        train(run, ["cl", "ce"], images, recipe, tmp_path / folder)
    assert equal(weights(tmp_path / "one", "cl", 1), weights(tmp_path / "two", "cl", 1))


def test_controls_differ_from_cl_in_one_thing_each(small_run, images, recipe, tmp_path):
    names = ("cl", "nscl", "nscl_shuffled", "cl_independent", "cl_perturbed")
    found = train(small_run, names, images, recipe, tmp_path, checkpoints=[0, 3])
    start = {name: weights(tmp_path, name, 0) for name in names}
    end = {name: weights(tmp_path, name, 3) for name in names}
    for name in ("nscl", "nscl_shuffled", "cl_independent"):
        assert equal(start[name], start["cl"])
        assert not equal(end[name], end["cl"])
    moved = {key: (start["cl_perturbed"][key] - start["cl"][key]).abs() for key in start["cl"]}
    assert sum(int((change > 0).sum()) for change in moved.values()) == 1
    assert max(float(change.max()) for change in moved.values()) == pytest.approx(1e-6, rel=0.1)  # of a float32
    assert found.digests["cl_independent"] != found.digests["cl"]
    assert {found.digests[name] for name in names if name != "cl_independent"} == {found.digests["cl"]}
    assert not equal(end["nscl_shuffled"], end["nscl"])


def test_the_seed_decides_initialisation_batches_and_views(small_run, images, recipe, tmp_path):
    other = small_run.model_copy(update={"seed": 1})
    digests = [train(run, ["cl"], images, recipe, tmp_path / str(run.seed)).digests["cl"] for run in (small_run, other)]
    assert digests[0] != digests[1]
    assert not equal(weights(tmp_path / "0", "cl", 3), weights(tmp_path / "1", "cl", 3))


def test_a_resumed_run_gives_the_bits_of_one_that_never_stopped(small_run, images, recipe, tmp_path):
    whole = train(small_run, OBJECTIVES, images, recipe, tmp_path / "whole", checkpoints=[0, 1, 3])
    half, folder = Interruption(images, after_batches=8), tmp_path / "half"  # 4 steps an epoch: in the third
    with pytest.raises(KeyboardInterrupt):
        train(small_run, OBJECTIVES, half, recipe, folder, checkpoints=[0, 1, 3])
    assert load_state(tmp_path / "half.pt")["epoch"] == 1
    assert not checkpoint_path(folder, "cl", 3).exists()
    resumed = train(small_run, OBJECTIVES, images, recipe, folder, checkpoints=[0, 1, 3])
    assert repr(resumed) == repr(whole)
    for objective, epoch in itertools.product(OBJECTIVES, (0, 1, 3)):
        ours, theirs = (checkpoint_path(path, objective, epoch).read_bytes() for path in (folder, tmp_path / "whole"))
        assert ours == theirs


@pytest.mark.parametrize("workers", [2, 5])
def test_who_computes_what_changes_no_bit(workers, small_run, images, recipe, tmp_path):
    alone = train(small_run, OBJECTIVES, images, recipe, tmp_path / "one", checkpoints=[1, 3])
    together = train(small_run, OBJECTIVES, images, recipe, tmp_path / "many", checkpoints=[1, 3], workers=workers)
    assert repr(together) == repr(alone)
    for objective, epoch in itertools.product(OBJECTIVES, (1, 3)):
        assert equal(weights(tmp_path / "one", objective, epoch), weights(tmp_path / "many", objective, epoch))


def test_with_one_step_an_epoch_the_state_knows_no_more_than_its_epoch(small_run, images, recipe, tmp_path):
    """The next batch is made ahead, and its digest must not be noted before its time."""
    run = small_run.model_copy(update={"batch_size": 128})
    whole = train(run, ["cl", "ce"], images, recipe, tmp_path / "whole", workers=2)
    with pytest.raises(KeyboardInterrupt):
        train(run, ["cl", "ce"], Interruption(images, 2), recipe, tmp_path / "half", checkpoints=[1, 2, 3], workers=2)
    resumed = train(run, ["cl", "ce"], images, recipe, tmp_path / "half", workers=2)
    assert repr(resumed) == repr(whole)


def test_a_killed_process_leaves_whole_files_and_can_go_on(small_run, images, recipe, tmp_path):
    script = f"""
from pathlib import Path
from pipeline.config.objectives import resolve
from pipeline.config.run import Run
from pipeline.config.view_settings import ViewRecipe
from pipeline.train.twin_training import train_twins
from tests.conftest import four_digits
run = Run.from_name({small_run.name!r}).model_copy(update={{"epochs": 400}})
recipe = ViewRecipe.model_validate_json({recipe.model_dump_json()!r})
folder = Path({str(tmp_path / "killed")!r})
state = folder.with_suffix(".pt")
train_twins(run, [resolve("cl")], [], four_digits(), recipe, folder, state, seconds_between_saves=0.0)
"""
    process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)
    wait_for(tmp_path / "killed.pt", process)
    time.sleep(0.5)
    assert process.poll() is None, process.stderr.read()
    process.send_signal(signal.SIGKILL)
    process.wait()
    saved = load_state(tmp_path / "killed.pt")["epoch"]
    run = small_run.model_copy(update={"epochs": saved + 1, "horizon_epochs": 400})
    train(run, ["cl"], images, recipe, tmp_path / "straight", [saved + 1])
    train(run, ["cl"], images, recipe, tmp_path / "killed", [saved + 1])
    assert equal(weights(tmp_path / "killed", "cl", saved + 1), weights(tmp_path / "straight", "cl", saved + 1))


def test_a_loss_that_is_not_finite_stops_the_run_and_says_where(small_run, images, recipe, tmp_path):
    run = small_run.model_copy(update={"learning_rate": 1e30, "trust_coefficient": 1e8})
    with pytest.raises(DivergenceError, match=r"loss of cl became (nan|inf) in epoch \d, step \d of 4, at lear"):
        train(run, ["cl"], images, recipe, tmp_path)
    assert not checkpoint_path(tmp_path, "cl", 3).exists()


# but of labels in order, as none is of a batch
INFINITE = "def loss(z1, z2, labels, temperature):\n    return z1.sum() / float(labels[:9].diff().abs().min())\n"


def test_a_loss_that_is_never_finite_is_not_laid_to_the_learning_rate(small_run, images, recipe, tmp_path):
    (tmp_path / "mine.py").write_text(INFINITE)
    with pytest.raises(DivergenceError, match=r"in epoch 1, step 1 of 4, .*: nothing was trained yet: see to the obj"):
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
    run = small_run.model_copy(
        update={"max_grad_norm": 1e-6, "epochs": 1, "weight_decay": 0.0, "trust_coefficient": 1e-12}
    )
    train(run, ["cl"], images, recipe, tmp_path, checkpoints=[0, 1])
    start, end = (weights(tmp_path, "cl", epoch) for epoch in (0, 1))
    trained = [name for name in start if "running" not in name and "num_batches" not in name]
    assert max((start[name] - end[name]).abs().max() for name in trained) < 1e-5


def test_views_are_forwarded_one_by_one(small_run, images, recipe, tmp_path, monkeypatch):
    """Batch statistics are per view: the encoder sees B images at a time, twice a step."""
    seen = []

    def watched(*arguments):
        network = initial_network(*arguments)
        network.encoder.register_forward_hook(lambda module, inputs, output: seen.append(len(inputs[0])))
        return network

    monkeypatch.setattr("pipeline.train.twin_training.initial_network", watched)
    train(small_run.model_copy(update={"epochs": 1}), ["cl"], images, recipe, tmp_path)
    assert seen == [32, 32] * 4


@pytest.mark.parametrize(
    "options",
    [{"precision": "bfloat16"}, {"ce_head": "projection"}, {"lars_exclude": "none"}, {"optimiser": "sgd"}],
)
def test_options_train_too_and_differ_from_the_default(options, small_run, images, recipe, tmp_path):
    run = small_run.model_copy(update={"epochs": 1})
    usual = train(run, ["cl", "ce"], images, recipe, tmp_path / "usual")
    other = train(run.model_copy(update=options), ["cl", "ce"], images, recipe, tmp_path / "other")
    assert [row.loss for row in usual.steps] != [row.loss for row in other.steps]
    assert other.digests == usual.digests  # what the twins see does not depend on how they learn
    assert not equal(weights(tmp_path / "usual", "ce", 1), weights(tmp_path / "other", "ce", 1))


def test_plain_sgd_moves_every_weight_by_rate_times_gradient(small_run, images, recipe):
    options = {"optimiser": "sgd", "learning_rate": 0.1, "momentum": 0.5, "weight_decay": 0.3, "trust_coefficient": 7.0}
    run = small_run.model_copy(update=options)
    training = Training(run, [resolve("cl"), resolve("ce")], images, recipe)
    expected = [{n: p.detach().clone() for n, p in twin.network.named_parameters()} for twin in training.twins]
    for epoch, step in itertools.islice(training.steps(), 6):
        for twin, weights in zip(training.twins, expected, strict=True):
            for name, p in twin.network.named_parameters():
                if p.grad is not None:  # of the step just made
                    weights[name] -= training.rate(epoch, step) * p.grad
                torch.testing.assert_close(p.detach(), weights[name], rtol=1e-6, atol=1e-7)
    first = training.twins[0].network.encoder.conv1.weight
    assert not torch.equal(first, initial_network(run, resolve("cl"), 1, (8, 8), 4).encoder.conv1.weight)


@pytest.mark.parametrize(
    "options",
    [
        {"optimiser": "sgd"},
        {"schedule": "released_code"},
        {"batches": "class_weighted"},
        {"shared": ("augmentations",)},
    ],
)
def test_other_ways_to_train_go_on_to_the_bit_too(options, small_run, images, recipe, tmp_path):
    run = small_run.model_copy(update=options)
    whole = train(run, ["cl", "nscl"], images, recipe, tmp_path / "whole", checkpoints=[1, 3])
    apart = 1 if "batches" in run.shared else 2  # batches a step
    with pytest.raises(KeyboardInterrupt):
        train(run, ["cl", "nscl"], Interruption(images, 8 * apart), recipe, tmp_path / "half", checkpoints=[1, 3])
    resumed = train(run, ["cl", "nscl"], images, recipe, tmp_path / "half", checkpoints=[1, 3])
    assert repr(resumed) == repr(whole)
    for objective in ("cl", "nscl"):
        assert equal(weights(tmp_path / "half", objective, 3), weights(tmp_path / "whole", objective, 3))


def test_doses_at_the_ends_train_as_cl_and_nscl(small_run, images, recipe, tmp_path):
    run = small_run.model_copy(update={"epochs": 1})
    half = resolve("nscl_partial_50")
    ends = [
        half.model_copy(update={"name": f"dose_{dropped:.0f}", "same_class_negative_dropout": dropped})
        for dropped in (0.0, 1.0)
    ]
    objectives = [resolve("cl"), resolve("nscl"), half, *ends]
    train_twins(run, objectives, [1], images, recipe, tmp_path, tmp_path / "state.pt")
    end = {objective.name: weights(tmp_path, objective.name, 1) for objective in objectives}
    assert equal(end["dose_0"], end["cl"])
    assert equal(end["dose_1"], end["nscl"])
    assert not equal(end["nscl_partial_50"], end["cl"])
    assert not equal(end["nscl_partial_50"], end["nscl"])


@pytest.mark.long
def test_compiled_networks_train_alike_and_keep_their_names(images, recipe, small_run, tmp_path):
    run = small_run.model_copy(update={"epochs": 1})
    for compiled in (False, True):
        train(run, ["cl"], images, recipe, tmp_path / str(compiled), compiled=compiled)
    plain, fused = (load_checkpoint(tmp_path / str(compiled), "cl", 1) for compiled in (False, True))
    assert list(plain) == list(fused)
    for name, weights in plain.items():
        torch.testing.assert_close(fused[name], weights, rtol=1e-3, atol=1e-4)


def test_twins_that_lie_on_several_devices_are_the_same(small_run, images, recipe, tmp_path, monkeypatch):
    """Two names of the one device that any machine has; between cards a batch is copied, which changes no bit."""
    expected = train(small_run, OBJECTIVES, images, recipe, tmp_path / "one")
    places = [torch.device("cpu"), torch.device("cpu", 0)]
    monkeypatch.setattr("pipeline.train.twin_training.cards", lambda device: places)
    found = train(small_run, OBJECTIVES, images, recipe, tmp_path / "two", workers=2)
    objectives = [resolve(name) for name in OBJECTIVES]
    assert [twin.device for twin in Training(small_run, objectives, images, recipe).twins] == places * 2
    for objective in OBJECTIVES:
        assert equal(weights(tmp_path / "one", objective, 3), weights(tmp_path / "two", objective, 3))
        assert rows(found, objective) == rows(expected, objective)
