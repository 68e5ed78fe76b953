"""`twin-alignment models` and `compare_models`: one pass gives what extracted features give, for all layers."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import twin_alignment as ta
from tests.measures import definitions
from tests.networks.conftest import arrays
from twin_alignment.python_file import run_file


def networks(file):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = run_file(str(file))
        return module.small(), module.Tokens()


def test_one_pass_is_the_comparison_of_extracted_features(file):
    a, b = networks(file)
    batches = list(torch.rand(40, 3, 32, 32, generator=torch.Generator().manual_seed(0)).split(7))
    comparison = ta.compare_models(a, b, iter(batches), intervals=[("3", "blocks.1")])
    features = ta.extract(a, batches, "all"), ta.extract(b, batches, "all")
    assert list(comparison.matrix().index) == list(features[0])
    assert list(comparison.matrix().columns) == list(features[1])
    assert len(comparison.table) == len(features[0]) * len(features[1])
    for row in comparison.table.to_dict("records"):
        x, y = features[0][row["layer_a"]], features[1][row["layer_b"]]
        whole = ta.compare(x, y)
        expected = definitions.measures(x, y)
        for name in ("cka", "rsa", "cka_debiased"):
            assert row[name] == pytest.approx(whole[name].value, abs=1e-8)
            assert row[name] == pytest.approx(expected[name], abs=1e-8)
        assert row["chance"] == pytest.approx(whole["cka"].null, rel=1e-9)
    (pair,) = comparison.intervals.values()
    whole = ta.compare(features[0]["3"], features[1]["blocks.1"])
    assert [(item.value, item.low, item.high) for item in next(iter(pair.pairs.values())).values()] == [
        (item.value, item.low, item.high) for item in whole.values()
    ]
    assert a.training


def test_a_layer_that_cannot_be_compared_is_named_and_the_others_are_compared():
    class Dead(nn.Module):
        def __init__(self):
            super().__init__()
            self.fine, self.zero, self.same = nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)
            nn.init.zeros_(self.same.weight)

        def forward(self, x):
            rows = self.fine(x.mean((2, 3)))
            return self.same(self.zero(-rows.abs()))

    torch.manual_seed(0)
    model, images = Dead(), torch.rand(12, 3, 4, 4)
    comparison = ta.compare_models(model, model, images.split(5))
    table = comparison.table.set_index(["layer_a", "layer_b"])["cka"]
    assert table["fine", "fine"] == pytest.approx(1.0)
    assert table.drop(("fine", "fine")).isna().all()
    text = str(comparison)
    assert "a, zero: image 0 has features that are zero or not finite" in text
    assert "b, same: all similarities are equal" in text
    assert json.loads(comparison.to_json())["layers"][1]["cka"] is None
    with pytest.raises(ta.InputError, match="1 images, expected at least 2"):
        ta.compare_models(model, model, [images[:1]])
    with pytest.raises(ta.InputError, match="3 rows, expected at least 5"):
        ta.compare_models(model, model, [images[:3]], intervals=[("fine", "fine")])


def test_from_two_names_and_a_folder_to_a_heat_map_in_one_command(photographs, file, command, tmp_path):
    words = ("torchvision:resnet18", f"{file}:Tokens", "--images", photographs, "--size", 32, "--seed-a", 1)
    files = ("--csv", tmp_path / "layers.csv", "--plot", tmp_path / "layers.png")
    status, output, errors = command("models", *words, *files, "--intervals", "layer1", "fc", "--layers-a", "layer1,fc")
    assert status in (0, None), errors
    assert (tmp_path / "layers.png").read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(tmp_path / "layers.csv")
    assert list(table.columns) == ["layer_a", "layer_b", "cka", "rsa", "cka_debiased", "chance"]
    assert set(table["layer_a"]) == {"layer1", "fc"}
    assert "layer1 and fc" in output
    for side, (model, seed) in {"a": (words[0], 1), "b": (words[1], 0)}.items():
        options = (
            "--images",
            photographs,
            "--size",
            32,
            "--seed",
            seed,
            "--layers",
            "all" if side == "b" else "layer1",
        )
        command("extract", model, *options, "--out", tmp_path / f"{side}.npz")
    a, b = arrays(tmp_path / "a.npz"), arrays(tmp_path / "b.npz")
    for row in table[table["layer_a"] == "layer1"].to_dict("records"):
        expected = definitions.measures(a["layer1"], b[row["layer_b"]])
        assert row["cka"] == pytest.approx(expected["cka"], abs=1e-6)
        assert row["rsa"] == pytest.approx(expected["rsa"], abs=1e-6)


def test_two_timm_names_draw_a_heat_map_of_all_their_layers(few, command, tmp_path):
    words = ("models", "timm:resnet10t", "timm:test_vit", "--images", few, "--seed-a", 0, "--seed-b", 1)
    status, _, errors = command(*words, "--csv", tmp_path / "layers.csv", "--plot", tmp_path / "layers.png")
    assert status in (0, None), errors
    assert (tmp_path / "layers.png").read_bytes().startswith(b"\x89PNG")
    table = pd.read_csv(tmp_path / "layers.csv")
    assert len(table) == table["layer_a"].nunique() * table["layer_b"].nunique() > 1
    assert table["cka"].between(0, 1).mean() > 0.9


def test_missing_heads_leave_their_layers_out_of_all(photographs, file, command, tmp_path):
    torch.save(
        {name: tensor for name, tensor in networks(file)[0].state_dict().items() if not name.startswith("6.")},
        tmp_path / "headless.pt",
    )
    words = ("models", f"{file}:small", f"{file}:Tokens", "--images", photographs, "--size", 32, "--json")
    status, output, errors = command(*words, "--weights-a", tmp_path / "headless.pt")
    assert status in (0, None), errors
    assert "it has no classifier 6" in errors
    layers = {row["layer_a"] for row in json.loads(output)["layers"]}
    assert layers == {"0", "1", "2", "3", "4", "representation"}
    status, _, errors = command(*words, "--weights-a", tmp_path / "headless.pt", "--layers-a", "6")
    assert status == 2
    assert "lacks 6.bias, 6.weight" in errors


def test_sums_of_some_pairs_are_those_of_all():
    rng = np.random.default_rng(0)
    batches = [{name: rng.normal(size=(9, d)) for name, d in (("a", 3), ("b", 4), ("c", 2))} for _ in range(3)]
    every, some = ta.Accumulator("abc"), ta.Accumulator("abc", [("c", "a")])
    for batch in batches:
        every.update(batch)
        some.update(batch)
    for measure in ("cka", "rsa", "rho", "r"):
        expected = getattr(every.similarity("a", "c"), measure)
        assert getattr(some.similarity("a", "c"), measure) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match="b and c: expected one of the pairs that are summed"):
        some.similarity("b", "c")
    with pytest.raises(ValueError, match="d: expected one of a, b, c"):
        ta.Accumulator("abc", [("a", "d")])
    some.discard("b")
    some.update({name: batches[0][name] for name in "ac"})
    with pytest.raises(ValueError, match="b: expected one of a, c"):
        some.similarity("a", "b")
