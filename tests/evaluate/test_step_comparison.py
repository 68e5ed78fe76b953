"""Comparison of twins after single steps, against the definitions with N x N matrices."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.evaluate.step_comparison import compare_twins
from pipeline.train.checkpoints import kept_files

NAMES = ("cl", "nscl", "ce")
LABELS = torch.arange(30) % 3


def drawn(seed):
    generator = torch.Generator().manual_seed(seed)
    features = {name: torch.randn(30, 5, generator=generator) for name in NAMES}
    weights = {name: {"w": torch.randn(4, 3, generator=generator), "b": torch.zeros(3)} for name in NAMES}
    return features, weights


def plain_cka(a, b):
    """Of cosine matrices, centred by H on both sides."""
    h = np.eye(len(a)) - 1 / len(a)
    rows = [x.numpy().astype(float) for x in (a, b)]
    k, m = (h @ (x @ x.T / np.outer(*[np.linalg.norm(x, axis=1)] * 2)) @ h for x in rows)
    return (k * m).sum() / math.sqrt((k * k).sum() * (m * m).sum())


def test_every_pair_is_compared_by_the_definitions():
    features, weights = drawn(0)
    table = compare_twins(7, 0.5, features, weights, LABELS)
    assert [(row.first, row.second) for row in table] == list(itertools.combinations(NAMES, 2))
    for row in table:
        assert (row.step, row.path_length) == (7, 0.5)
        assert row.cka == pytest.approx(plain_cka(features[row.first], features[row.second]), rel=1e-5)
        a, b = (weights[name]["w"].double() for name in (row.first, row.second))
        assert row.weight_gap == pytest.approx(float((a - b).norm() / (a.norm() / 2 + b.norm() / 2)))


def test_a_collapsed_twin_has_weights_and_no_similarity():
    features, weights = drawn(1)
    features["ce"] = torch.ones(30, 5)
    table = {(row.first, row.second): row for row in compare_twins(1, 0.1, features, weights, LABELS)}
    assert math.isfinite(table["cl", "nscl"].cka)
    for pair in (("cl", "ce"), ("nscl", "ce")):
        assert math.isnan(table[pair].cka)
        assert math.isnan(table[pair].rsa)
        assert table[pair].weight_gap > 0


def test_steps_and_ends_of_epochs_are_in_one_order():
    kept = kept_files((0, 1, 4), (3, 30), ("cl",), Path("run"), 10)
    assert {step: files["cl"].name for step, files in kept.items()} == {
        0: "cl-epoch0000.safetensors",
        3: "cl-step000003.safetensors",
        10: "cl-epoch0001.safetensors",
        30: "cl-step000030.safetensors",
        40: "cl-epoch0004.safetensors",
    }
    assert list(kept) == sorted(kept)
