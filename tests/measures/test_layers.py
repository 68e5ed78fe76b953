import numpy as np
import pandas as pd
import pytest
import torch

from pipeline.evaluate.embed import encode, encode_layers
from pipeline.models.empty import empty_network
from pipeline.stages import layers as stage
from pipeline.stages.layers import LayersJob
from pipeline.train.checkpoints import checkpoint_path, save_checkpoint
from tests.measures import definitions
from twin_alignment.measures.layer_similarity import layer_rows, parts

LABELS = torch.tensor([4, 4, 4, 7, 7, 7, 7, 9, 9, 9, 1, 1, 2])  # class 2 has a single row


def layers(seed):
    rng = np.random.default_rng(seed)
    start = np.random.default_rng(0).normal(size=(len(LABELS), 4)) + LABELS.numpy()[:, None]
    return {
        "first": start + 0.3 * rng.normal(size=start.shape),
        "h": rng.normal(size=(len(LABELS), 3)) + 2 * start[:, :1],
    }


def torched(rows):
    return {"test": {name: torch.from_numpy(part) for name, part in rows.items()}}


def defined(x, y, part):
    """CKA and RSA with N x N matrices; class means by a projection matrix."""
    membership = (LABELS.numpy()[:, None] == np.unique(LABELS.numpy())).astype(float)
    average = membership @ np.linalg.inv(membership.T @ membership) @ membership.T
    if part == "within":
        rows = LABELS.numpy() != 2
        x, y = ((side - average @ side)[rows] for side in (x, y))
    if part == "between":
        once = [int(np.flatnonzero(LABELS.numpy() == c)[0]) for c in np.unique(LABELS.numpy())]
        x, y = ((average @ side)[once] for side in (x, y))
    a, b = definitions.cosine_matrix(x), definitions.cosine_matrix(y)
    return {"cka": definitions.cka(a, b), "rsa": definitions.rsa(a, b)}


def test_every_part_is_that_of_its_definition():
    seeds = {"cl": 1, "nscl": 2, "ce": 3}
    called = []

    def layers_of(name, epoch):
        called.append((name, epoch))
        return torched(layers(10 * epoch + seeds[name]))

    rows = list(layer_rows(("cl", "nscl", "ce"), (1, 2), layers_of, {"test": LABELS}))
    keys = [(row.epoch, row.second, row.layer, row.depth, row.part, row.measure) for row in rows]
    assert keys == [
        (epoch, other, layer, depth, part, measure)
        for epoch in (1, 2)
        for other in ("nscl", "ce")
        for depth, layer in enumerate(("first", "h"))
        for part in ("all", "within", "between")
        for measure in ("cka", "rsa")
    ]
    assert sorted(called) == sorted(set(called))
    for row in rows:
        x, y = (layers(10 * row.epoch + seeds[name])[row.layer] for name in (row.first, row.second))
        assert row.value == pytest.approx(defined(x, y, row.part)[row.measure], abs=1e-10)


def test_within_does_not_see_where_classes_are_nor_between_how_they_spread():
    x = torch.from_numpy(layers(1)["h"])
    moved = x + torch.from_numpy(np.random.default_rng(5).normal(size=(10, 3)))[LABELS]
    torch.testing.assert_close(parts(moved, LABELS)["within"], parts(x, LABELS)["within"])
    spread = x + 3 * torch.nn.functional.pad(parts(x, LABELS)["within"], (0, 0, 0, 1))
    torch.testing.assert_close(parts(spread, LABELS)["between"], parts(x, LABELS)["between"])


def test_fewer_than_three_classes_have_no_between_and_without_cl_there_is_nothing():
    x = torch.from_numpy(layers(1)["h"])
    assert set(parts(x[:7], LABELS[:7])) == {"all", "within"}
    assert set(parts(x[:8], LABELS[:8])) == {"all", "within", "between"}
    assert set(parts(torch.eye(4), torch.arange(4))) == {"all", "between"}
    assert list(layer_rows(("nscl", "ce"), (1,), lambda *_: torched(layers(1)), {"test": LABELS})) == []


def test_a_layer_that_one_twin_lacks_is_left_out():
    def layers_of(name, epoch):
        found = layers(1)
        return torched(found if name == "cl" else {"h": found["h"]})

    rows = list(layer_rows(("cl", "ce"), (1,), layers_of, {"test": LABELS}))
    assert {(row.layer, row.depth) for row in rows} == {("h", 1)}
    assert all(row.value == pytest.approx(1.0) for row in rows)


@pytest.fixture
def run_made(small_run, images, tmp_path, monkeypatch):
    """Checkpoints of three twins of a run, their weights drawn at random, and the stage's table of them."""
    job = LayersJob(run=small_run, objectives=("cl", "nscl", "ce"), epochs=(3,), size=None)
    networks = {}
    for seed, name in enumerate(job.objectives):
        network = empty_network(small_run, 1, (8, 8))
        torch.manual_seed(seed)
        for tensor in network.state_dict().values():
            if tensor.ndim >= 2:
                tensor.normal_(0, 0.3)
        if name == "ce":
            network.classifier = torch.nn.Linear(32, 4)
        save_checkpoint(checkpoint_path(tmp_path, name, 3), network)
        networks[name] = network.eval()
    monkeypatch.setattr("pipeline.datasets.images.load_images", lambda *_: {"train": images, "test": images})
    inputs = {"store": [tmp_path], "subset": [tmp_path], "checkpoints": [tmp_path]}
    stage.run(job, inputs, {"layers": tmp_path / "layers.csv"}, torch.device("cpu"))
    return networks, pd.read_csv(tmp_path / "layers.csv")


def test_the_stage_compares_features_and_projections_of_checkpoints(run_made, images):
    networks, table = run_made
    columns = ["epoch", "layer", "depth", "split", "first", "second", "part", "measure", "value"]
    assert list(table) == columns
    depths = ["conv1", "layer1", "layer2", "layer3", "h", "z"]
    nscl = table[table["second"] == "nscl"].drop_duplicates("layer")
    assert list(zip(nscl["layer"], nscl["depth"], strict=True)) == [(name, depth) for depth, name in enumerate(depths)]
    assert len(table) == 2 * 3 * 2 * (6 + 5)  # splits, parts, measures, and layers: CE trains no projection head
    assert set(table.loc[table["second"] == "ce", "layer"]) == set(depths) - {"z"}
    x, y = (encode(networks[name].encoder, images, None).numpy() for name in ("cl", "nscl"))
    found = table.query("layer == 'h' and second == 'nscl' and part == 'all' and split == 'test'")
    for measure in ("cka", "rsa"):
        expected = definitions.measures(x, y)[measure]
        assert found.set_index("measure").loc[measure, "value"] == pytest.approx(expected, rel=1e-5)


def test_batches_come_together_in_stored_order(small_run, images, monkeypatch):
    network = empty_network(small_run, 1, (8, 8))
    whole = encode_layers(network, images, None)
    monkeypatch.setattr("pipeline.evaluate.embed.BATCH", 50)
    split = encode_layers(network, images, None)
    assert list(whole) == list(split)
    for layer, rows in whole.items():
        torch.testing.assert_close(split[layer], rows)
    torch.testing.assert_close(whole["h"], encode(network.encoder, images, None))
