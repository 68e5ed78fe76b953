import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.neighbors import NearestCentroid

from pipeline.config.probe_settings import ProbeSettings
from pipeline.config.run import Run
from pipeline.datasets.images import Images
from pipeline.datasets.store import Split
from pipeline.evaluate.pixels import raw_pixels
from pipeline.evaluate.probing import nearest_class_centre
from pipeline.stages import baselines, measure
from pipeline.stages.baselines import BaselinesJob
from pipeline.stages.measure import MeasureJob

CPU = torch.device("cpu")


def images_of(pixels):
    labels = np.arange(len(pixels)) % 2
    return Images(Split(pixels, labels), (0, 1), (0.5,) * pixels.shape[1], (0.2,) * pixels.shape[1], CPU)


def test_small_images_are_their_pixels(images):
    rows = raw_pixels(images)
    assert rows.shape == (len(images), 64)
    assert torch.equal(rows, torch.from_numpy(images.host[images.rows].reshape(len(images), -1) / np.float32(255)))


def test_large_images_are_averaged_down_to_32():
    pixels = np.random.default_rng(0).integers(0, 256, (3, 2, 64, 96), dtype=np.uint8)
    expected = pixels.reshape(3, 2, 32, 2, 32, 3).mean((3, 5)) / 255
    np.testing.assert_allclose(raw_pixels(images_of(pixels)), expected.reshape(3, -1), atol=1e-6)
    narrow = np.random.default_rng(1).integers(0, 256, (3, 1, 64, 20), dtype=np.uint8)
    expected = narrow.reshape(3, 1, 32, 2, 20).mean(3) / 255
    np.testing.assert_allclose(raw_pixels(images_of(narrow)), expected.reshape(3, -1), atol=1e-6)


def test_rows_of_arrays_are_flattened_as_they_are():
    rows = np.random.default_rng(0).normal(size=(6, 3, 4)).astype(np.float32)
    images = Images(Split(rows, np.arange(6) % 2), (0, 1), (), (), CPU)
    np.testing.assert_array_equal(raw_pixels(images), rows.reshape(6, 12))


def test_the_stage_probes_pixels_with_both(images, tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.datasets.images.load_images", lambda *_: {"train": images, "test": images})
    job = BaselinesJob(dataset="digits", classes=4, seed=0, probes=ProbeSettings(max_iterations=50, tolerance=1e-9))
    output = {"baselines": tmp_path / "baselines.csv"}
    baselines.run(job, {"store": [tmp_path], "subset": [tmp_path]}, output, CPU)
    table = pd.read_csv(output["baselines"])
    assert list(table) == ["objective", "probe", "accuracy", "converged", "iterations"]
    assert list(zip(table["objective"], table["probe"], strict=True)) == [("raw_pixels", "nccc"), ("raw_pixels", "lp")]
    x, y = images.host[images.rows].reshape(len(images), -1), images.labels.numpy()
    assert table["accuracy"][0] == pytest.approx(100 * NearestCentroid().fit(x, y).score(x, y))
    assert table["accuracy"][1] > table["accuracy"][0]
    assert table["converged"].tolist() == [True, False]


@pytest.mark.parametrize(("objectives", "start"), [(("scl", "cl"), "cl"), (("scl", "ce"), "scl")])
def test_untrained_is_the_start_of_cl_or_of_the_first(objectives, start):
    labels = torch.arange(60) % 3
    rows = {}
    for seed, (name, epoch) in enumerate((name, epoch) for name in objectives for epoch in (0, 5)):
        rows[name, epoch] = torch.randn(60, 4, generator=torch.Generator().manual_seed(seed)) + epoch * labels[:, None]
    run = Run(dataset="digits", epochs=5)
    settings = ProbeSettings()
    job = MeasureJob(run=run, objectives=objectives, checkpoints=(0, 5), size=None, probes=settings)
    both = {"train": labels, "test": labels}
    table = pd.DataFrame(
        row
        for label, at in measure.probed_at(job).items()
        for row in measure.probe_rows(label, {"train": rows[at], "test": rows[at]}, both, settings)
    )
    names = [*objectives, "untrained"]
    keys = [(name, kind) for name in names for kind in ("nccc", "lp")]
    assert list(zip(table["objective"], table["probe"], strict=True)) == keys
    nccc = table[table["probe"] == "nccc"].set_index("objective")["accuracy"]
    for name in names:
        features = rows[start, 0] if name == "untrained" else rows[name, 5]
        assert nccc[name] == pytest.approx(nearest_class_centre(features, labels, features, labels).accuracy)
