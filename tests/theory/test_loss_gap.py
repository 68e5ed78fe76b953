"""The loss gap against the losses themselves, and its bound over random embeddings."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.augment import normalise
from pipeline.config.view_settings import ViewRecipe
from pipeline.evaluate import network_loss_gap as network_gap
from pipeline.evaluate.network_loss_gap import network_loss_gap, two_views
from twin_alignment.losses.contrastive import contrastive, negatives_only_supervised
from twin_alignment.theory import loss_gap_bound as module
from twin_alignment.theory.loss_gap_bound import loss_gap, loss_gap_bound


def embeddings(n, classes, seed, spread=1.0):
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % classes
    centres = torch.randn(classes, 6, generator=generator, dtype=torch.float64)
    noise = [torch.randn(n, 6, generator=generator, dtype=torch.float64) for _ in range(2)]
    views = [centres[labels] + spread * one for one in noise]
    return (*(torch.nn.functional.normalize(z, dim=1) for z in views), labels)


@pytest.mark.parametrize("chunk", [1, 7, 1024])
def test_the_gap_is_the_difference_of_the_two_losses(monkeypatch, chunk):
    monkeypatch.setattr(module, "CHUNK", chunk)
    z1, z2, labels = embeddings(24, 3, seed=0)
    expected = contrastive(z1, z2, None, 0.5) - negatives_only_supervised(z1, z2, labels, 0.5)
    assert loss_gap(z1, z2, labels, 0.5) == pytest.approx(expected.item(), abs=1e-12)
    assert loss_gap(z1.float(), z2.float(), labels, 0.5) == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize("temperature", [0.001, 0.1, 1.0])
def test_classes_of_any_size_and_number_in_any_order(temperature):
    z1, z2, _ = embeddings(9, 3, seed=4)
    labels = torch.tensor([5, 0, 5, 2, 5, 0, 5, 5, 2])
    views = [(image, z) for both in (z1, z2) for image, z in enumerate(both)]
    terms = []
    for image, anchor in views:
        similar = {True: [], False: []}
        for other, z in views:
            if other != image:
                similar[bool(labels[other] == labels[image])].append(float(anchor @ z) / temperature)
        own, others = (torch.tensor(similar[same], dtype=torch.float64) for same in (True, False))
        terms.append(float(torch.cat([own, others]).logsumexp(0) - others.logsumexp(0)))
    assert loss_gap(z1, z2, labels, temperature) == pytest.approx(sum(terms) / len(terms), rel=1e-12)


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
    with pytest.raises(ValueError, match="1 class, expected at least 2"):
        loss_gap(z1, z2, torch.zeros(8, dtype=torch.long), 0.5)
    with pytest.raises(ValueError, match="largest class 8 of 8 images"):
        loss_gap_bound(8, 8, 0.5)


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 5), torch.nn.BatchNorm1d(5))

    def forward(self, images):
        return torch.nn.functional.normalize(self.layers(images), dim=1)


def test_a_networks_gap_is_that_of_all_images_at_once_in_evaluation_mode(images, recipe, monkeypatch):
    monkeypatch.setattr(network_gap, "BATCH", 50)  # the last batch is smaller
    views, network = two_views(images, recipe, seed=3), Network()
    network(views[0][0])  # statistics that are not those of a batch
    found = network_loss_gap(network.train(), views, images.labels, 0.5)
    with torch.no_grad():
        z1, z2 = (network.eval()(torch.cat(view)) for view in zip(*views, strict=True))
    losses = contrastive(z1, z2, None, 0.5), negatives_only_supervised(z1, z2, images.labels, 0.5)
    assert found == pytest.approx((losses[0] - losses[1]).item(), abs=2e-6)


def test_there_are_two_views_of_every_image_in_stored_order_each_with_its_own_draws(images, recipe):
    nothing = ViewRecipe(crop_scale=(1, 1), crop_ratio=(1, 1), flip=0, jitter=0, grey=0)
    whole = torch.cat([normalise(batch, None, images.mean, images.std) for batch in images.batches(100)])
    for view in zip(*two_views(images, nothing, seed=0), strict=True):
        torch.testing.assert_close(torch.cat(view), whole, atol=1e-5, rtol=0)
    first, second = (torch.cat(view) for view in zip(*two_views(images, recipe, seed=0), strict=True))
    assert ((first - second).abs().amax((1, 2, 3)) > 0).float().mean() > 0.95  # two may be equal by chance
    again, other = (torch.cat([v for v, _ in two_views(images, recipe, seed=seed)]) for seed in (0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
