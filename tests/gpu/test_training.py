"""Training on a GPU: the CPU's losses, wherever the images lie, the same bits on request, and no wait in an epoch."""

import numpy as np
import pytest
import torch

from pipeline.config.objectives import resolve
from pipeline.config.run import Run
from pipeline.config.view_settings import ViewRecipe
from pipeline.datasets import images as image_sets
from pipeline.datasets.images import Images
from pipeline.datasets.store import Split
from pipeline.system.device import choose_device
from pipeline.train.first_steps import replay
from pipeline.train.twin import train_step
from pipeline.train.twin_trainer import TwinTrainer

NAMES = ("cl", "nscl", "scl", "ce", "nscl_shuffled", "cl_independent")
OBJECTIVES = tuple(map(resolve, NAMES))
RECIPE = ViewRecipe(blur=0.5)  # every operation that there is
RUN = Run(dataset="noise", encoder="resnet10", width=8, projection=16, batch_size=32, epochs=2, warmup_epochs=1)
# at ten times this rate weights moved by 1e-6 of themselves change the eighth loss by 1 %, on one CPU too
SGD = RUN.model_copy(update={"optimiser": "sgd", "learning_rate": 0.005})
LOSS_TOLERANCE = 1e-3  # relative, after 8 steps: float32 sums in another order


def coloured(device):
    """128 noisy images of 8 classes, each class of its own colour."""
    generator = np.random.default_rng(0)
    labels = np.arange(128, dtype=np.int64) % 8
    colours = generator.integers(64, 192, (8, 3, 1, 1))[labels]
    pixels = np.clip(colours + generator.integers(-64, 64, (128, 3, 16, 16)), 0, 255).astype(np.uint8)
    return Images(Split(pixels, labels), tuple(range(8)), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), device)


def trained(run, images, objectives=OBJECTIVES, workers=1):
    training = TwinTrainer(run, objectives, images, RECIPE)
    for _ in training.steps(workers):
        pass
    return training


def losses(training):
    return torch.tensor([row.loss for row in training.rows], dtype=torch.float64)


def weights(training):
    return [value.cpu() for twin in training.twins for value in twin.network.state_dict().values()]


@pytest.mark.parametrize("run", [RUN, SGD], ids=["lars", "sgd"])
def test_losses_are_those_of_the_cpu(device, run):
    ours, theirs = (trained(run, coloured(one)) for one in (device, torch.device("cpu")))
    assert [row.mean_mass for row in ours.rows] == pytest.approx(
        [row.mean_mass for row in theirs.rows], rel=LOSS_TOLERANCE, nan_ok=True
    )
    assert ours.stream.digests == theirs.stream.digests
    torch.testing.assert_close(losses(ours), losses(theirs), rtol=LOSS_TOLERANCE, atol=0)


def test_images_on_the_host_give_what_resident_ones_give(device, monkeypatch):
    choose_device("auto", None, deterministic=True)
    resident = coloured(device)
    monkeypatch.setattr(image_sets, "RESIDENT_SHARE", 0.0)
    streamed = coloured(device)
    assert streamed.resident is None
    assert (resident.resident is not None) == (device.type == "cuda")
    a, b = trained(RUN, resident), trained(RUN, streamed)
    assert torch.equal(losses(a), losses(b))
    assert all(map(torch.equal, weights(a), weights(b)))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_deterministic_training_gives_the_same_bits_again(device, precision):
    choose_device("auto", None, deterministic=True)
    run = RUN.model_copy(update={"precision": precision, "max_grad_norm": 1.0})
    a, b = (trained(run, coloured(device)) for _ in range(2))
    assert torch.equal(losses(a), losses(b))
    assert all(map(torch.equal, weights(a), weights(b)))


def test_twins_side_by_side_give_the_same_losses(device):
    choose_device("auto", None, deterministic=True)
    a, b = (trained(RUN, coloured(device), workers=workers) for workers in (1, 4))
    assert torch.equal(losses(a), losses(b))


def test_nothing_waits_for_the_device_within_an_epoch(device):
    """Host and device work at the same time only as long as no step asks for a result."""
    if device.type != "cuda":
        pytest.skip("a CPU has nothing to wait for")
    run = RUN.model_copy(update={"max_grad_norm": 1.0, "precision": "bfloat16"})
    training = TwinTrainer(run, OBJECTIVES, coloured(device), RECIPE)
    assert sum(1 for _ in training.steps()) == 2 * training.stream.steps  # libraries are loaded and buffers are there
    torch.cuda.set_sync_debug_mode("error")
    try:
        for batches in training.stream.epoch(3):
            for twin in training.twins:
                train_step(twin, batches[twin.objective.name], 0.1, run)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_bfloat16_is_finite_and_close_to_float32(device):
    """Losses of O(1) to O(10), after eight steps; bfloat16 has three digits."""
    half = trained(RUN.model_copy(update={"precision": "bfloat16"}), coloured(device))
    full = trained(RUN, coloured(device))
    assert losses(half).isfinite().all()
    torch.testing.assert_close(losses(half), losses(full), rtol=0.05, atol=0.05)
    assert all(value.dtype != torch.bfloat16 for value in weights(half))


@pytest.mark.long
def test_compiled_networks_give_the_losses_of_eager_ones(device):
    """The only compiled part is a network's forward and backward pass; steps are not captured as graphs."""
    objectives = tuple(map(resolve, ("cl", "ce")))
    eager, compiled = (TwinTrainer(RUN, objectives, coloured(device), RECIPE) for _ in range(2))
    for twin in compiled.twins:
        twin.network.compile()
    for training in (eager, compiled):
        assert sum(1 for _ in training.steps()) == 2 * training.stream.steps
    torch.testing.assert_close(losses(compiled), losses(eager), rtol=5e-3, atol=0)


def test_replay_finds_what_the_run_recorded(device):
    choose_device("auto", None)
    training = trained(RUN, coloured(device), OBJECTIVES[:2])
    recorded = {
        (row.epoch, row.step, row.objective): (row.learning_rate, row.loss, row.mean_mass, row.mean_square_mass)
        for row in training.rows
    }
    found = replay(RUN, OBJECTIVES[:2], coloured(device), RECIPE, recorded, 3, {})
    assert found.steps == 3
    assert found.deviation < LOSS_TOLERANCE
