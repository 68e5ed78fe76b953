"""The loss gap against the losses themselves, and its bound over random embeddings."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.objectives import loss
from pipeline.theory import loss_gap as module
from pipeline.theory.loss_gap import loss_gap, loss_gap_bound


def embeddings(n, classes, seed, spread=1.0):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % classes
    centres = torch.randn(classes, 6, generator=generator)
    views = [centres[labels] + spread * torch.randn(n, 6, generator=generator) for _ in range(2)]
    return (*(torch.nn.functional.normalize(z, dim=1) for z in views), labels)


@pytest.mark.parametrize("chunk", [1, 7, 1024])
def test_the_gap_is_the_difference_of_the_two_losses(monkeypatch, chunk):
    monkeypatch.setattr(module, "CHUNK", chunk)
    z1, z2, labels = embeddings(24, 3, seed=0)
    expected = loss("cl", z1, z2, labels, 0.5) - loss("nscl", z1, z2, labels, 0.5)
    assert loss_gap(z1, z2, labels, 0.5) == pytest.approx(expected.item(), abs=2e-6)


@settings(max_examples=200)
@given(st.integers(2, 8), st.integers(2, 6), st.floats(0.05, 2.0), st.floats(0.0, 3.0), st.integers(0, 10_000))
def test_the_gap_lies_between_nothing_and_its_bound(classes, members, temperature, spread, seed):
    z1, z2, labels = embeddings(classes * members, classes, seed, spread)
    gap = loss_gap(z1, z2, labels, temperature)
    assert -1e-12 <= gap <= loss_gap_bound(members, classes * members, temperature) + 1e-12


def test_the_bound_is_the_published_formula_and_does_not_overflow():
    assert loss_gap_bound(10, 100, 1.0) == pytest.approx(math.log(1 + 10 * math.e**2 / 90))
    assert loss_gap_bound(10, 100, 0.001) == pytest.approx(2000 + math.log(10 / 90))


def test_what_has_no_gap_is_refused():
    z1, z2, _ = embeddings(8, 2, seed=1)
    with pytest.raises(ValueError, match="1 class: allowed is at least 2"):
        loss_gap(z1, z2, torch.zeros(8, dtype=torch.long), 0.5)
    with pytest.raises(ValueError, match="largest class 8 of 8 images"):
        loss_gap_bound(8, 8, 0.5)
