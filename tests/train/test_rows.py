"""Twins of arrays: shared views of rows, resumed training, and view functions that are refused before it starts."""

import numpy as np
import pytest
import torch

from pipeline.config.base import SettingsError
from pipeline.config.objectives import resolve
from pipeline.config.run import Run
from pipeline.config.view_settings import CustomViews
from pipeline.datasets.images import Images
from pipeline.datasets.store import Split
from pipeline.train.stream import Stream
from pipeline.train.twin_trainer import TwinTrainer
from pipeline.train.view_rehearsal import rehearse_views

RUN = Run(dataset="rows", encoder="mlp", width=8, projection=4, batch_size=16, epochs=2, warmup_epochs=0)
VIEWS = """
import torch

def view(batch, generator, settings):
    rows = generator.integers(len(generator.data), batch.shape[1])
    others = generator.data[rows, torch.arange(batch.shape[1])]
    batch += settings["noise"] * generator.normal(*batch.shape[1:])
    return torch.where(generator.bernoulli(0.3, batch.shape[1]), others, batch)
"""


def images_of(shape=(6,), rows=70):
    random = np.random.default_rng(0)
    labels = np.arange(rows) % 3
    x = random.normal(size=(rows, *shape)).astype(np.float32) + labels.reshape(-1, *[1] * len(shape)).astype(np.float32)
    return Images(Split(x, labels), (0, 1, 2), (), (), torch.device("cpu"))


@pytest.fixture
def views(tmp_path):
    return written(tmp_path, VIEWS)


def written(folder, text):
    path = folder / "mine.py"
    path.write_text(text)
    return CustomViews(function=f"{path}:view", settings={"noise": 0.1})


def shown(views, *objectives, epoch=1, done=0, **settings):
    """[{objective: step}] of an epoch, and the stream."""
    stream = Stream(RUN.model_copy(update=settings), images_of(), views, [resolve(name) for name in objectives])
    return list(stream.epoch(epoch, done)), stream


def test_twins_see_the_same_views_and_a_control_sees_others(views):
    steps, stream = shown(views, "cl", "nscl", "cl_independent")
    for step in steps:
        assert step["cl"] is step["nscl"]
        assert step["cl"].view1.shape == (16, 6)
        for view in (step["cl"].view2, step["cl_independent"].view1):
            assert not torch.isclose(step["cl"].view1, view).all(1).any()
    assert stream.digest("cl") == stream.digest("nscl") != stream.digest("cl_independent")


def test_a_row_has_its_view_wherever_it_comes_in_the_epoch(views):
    """Independent batches, shared views: rows that both twins see have the same view."""
    independent = resolve("cl_independent").model_copy(update={"independent_randomness": ("batches",)})
    stream = Stream(RUN, images_of(), views, [resolve("cl"), independent])
    found: dict[str, dict[int, torch.Tensor]] = {}
    for step, batches in enumerate(stream.epoch(1)):
        for name, batch in batches.items():
            rows = stream._draw_order(1, stream.keys[name][0]).images[step]
            found.setdefault(name, {}).update(zip(rows.tolist(), batch.view1, strict=True))
    common = found["cl"].keys() & found["cl_independent"].keys()
    assert len(common) > 40
    assert list(found["cl"]) != list(found["cl_independent"])
    for row in common:
        assert torch.equal(found["cl"][row], found["cl_independent"][row])


def test_epochs_seeds_and_resumption(views):
    steps, stream = shown(views, "cl")
    again, resumed = shown(views, "cl", done=2)
    assert len(again) == len(steps) - 2
    assert all(torch.equal(a["cl"].view1, b["cl"].view1) for a, b in zip(steps[2:], again, strict=True))
    assert stream.digests == resumed.digests
    for other in ({"epoch": 2}, {"seed": 1}):
        assert shown(views, "cl", **other)[1].digests != stream.digests


def test_training_learns_and_shares_randomness(views):
    trainer = TwinTrainer(RUN, [resolve(name) for name in ("cl", "cl_perturbed", "nscl", "ce")], images_of(), views)
    for _ in trainer.steps():
        pass
    losses = {row.objective: row.loss for row in trainer.all_rows() if (row.epoch, row.step) == (1, 1)}
    assert losses["cl"] == pytest.approx(losses["cl_perturbed"], rel=1e-5)
    assert losses["nscl"] < losses["cl"]  # fewer negatives in the sum
    start = TwinTrainer(RUN, [resolve("cl")], images_of(), views).twins[0].network.state_dict()
    moved = trainer.twins[0].network.state_dict()
    assert any(not torch.equal(start[name], moved[name]) for name in start)


WRONG = {
    "batch[:, :3]": r"expected views torch\.float32 \[64, 6\], the shape of the batch, got torch\.float32 \[64, 3\]",
    "batch.double()": r"expected views torch\.float32 \[64, 6\], .* got torch\.float64 \[64, 6\]",
    "batch.numpy()": r"expected views torch\.float32 .* got ndarray of 64",
    "(batch, batch)": r"expected views .* got tuple of 2",
    "None": r"expected views .* got NoneType",
    "batch / 0": r"expected finite numbers, got NaN or infinite ones for training row 0",
    "batch + torch.rand_like(batch)": r"expected equal views for equal randomness, got others at a second call",
    "batch - batch.mean(0)": r"expected a row's view to depend on that row .* got other views in a smaller batch",
    "batch * generator.uniform(5)": r".*mine\.py, line 4: RuntimeError: The size of tensor .* \(given rows \[64, 6\]\)",
    "batch * settings['strength']": r".*mine\.py, line 4: KeyError: 'strength'",
}


@pytest.mark.parametrize("returned", WRONG)
def test_a_view_function_is_refused_before_training(tmp_path, returned):
    views = written(tmp_path, f"import torch\n\ndef view(batch, generator, settings):\n    return {returned}\n")
    with pytest.raises(SettingsError, match=rf"mine\.py:view: {WRONG[returned]}") as raised:
        TwinTrainer(RUN, [resolve("cl")], images_of(), views)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["import tortch\n", "def other():\n    pass\n"])
def test_a_file_that_cannot_be_run_is_named(tmp_path, text):
    with pytest.raises(SettingsError, match=r"mine\.py:view: .*(ModuleNotFoundError|AttributeError)"):
        rehearse_views(written(tmp_path, text), images_of())


def test_a_view_may_multiply_the_batch_by_a_matrix(tmp_path):
    """Sums of another order differ in the last bits, and are no other view."""
    text = "import torch\n\ndef view(batch, generator, settings):\n    return batch @ torch.ones(300, 300)\n"
    rehearse_views(written(tmp_path, text), images_of((300,)))
