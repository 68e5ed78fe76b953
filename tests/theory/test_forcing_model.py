"""Twins of a model that is linear in its weights: the sum of docs/theory.md (9) is exact, and CKA follows from it.

Losses are quadratic, |A_t w - b_t|^2 / 2 for CL, and for its twin with another right side on the same batch: the
difference of the gradients is d_t = -A_t^T c_t, whatever the weights.
"""

import numpy as np
import pytest

from twin_alignment.theory.coherent_forcing import cka_after, mean_norm_squared, turned_share

SIZE, STEPS, ROWS = 6, 40, 25


def model(coherent, noise, seed=0):
    """Batches (A_t, b_t, c_t), and scales P of the optimiser."""
    rng = np.random.default_rng(seed)
    mean = coherent * rng.normal(size=SIZE)
    batches = []
    for _ in range(STEPS):
        a = rng.normal(size=(8, SIZE)) / 3
        batches.append(
            (a, rng.normal(size=8), np.linalg.lstsq(a.T, mean + noise * rng.normal(size=SIZE), rcond=None)[0])
        )
    return batches, rng.uniform(0.5, 1.5, SIZE)


def train(batches, scale, rate, with_labels):
    w = np.zeros(SIZE)
    for a, b, c in batches:
        target = b + c if with_labels else b
        w = w - rate * scale * (a.T @ (a @ w - target))
    return w


def summed(batches, scale, rate):
    """The sum of (9): each difference of gradients, damped by all later steps."""
    total = np.zeros(SIZE)
    for t, (a, _, c) in enumerate(batches):
        damped = -rate * scale * (-(a.T @ c))
        for later, _, _ in batches[t + 1 :]:
            damped = damped - rate * scale * (later.T @ (later @ damped))
        total += damped
    return total


@pytest.mark.parametrize("rate", [0.01, 0.2])
def test_the_sum_is_the_distance_of_the_twins(rate):
    batches, scale = model(coherent=0.3, noise=1.0)
    distance = train(batches, scale, rate, with_labels=True) - train(batches, scale, rate, with_labels=False)
    assert distance == pytest.approx(summed(batches, scale, rate))
    assert np.abs(distance).max() > 1e-3


def kernel(features):
    centred = features - features.mean(0)
    return centred @ centred.T


def test_cka_of_the_twins_follows_from_the_displacement_of_the_kernel():
    """Features h(x) = W x with weights w = vec(W): exact from E, and to second order 1 - |E|^2 / 2 |K|^2."""
    import torch

    rng = np.random.default_rng(1)
    x = rng.normal(size=(ROWS, 3))
    batches, scale = model(coherent=0.05, noise=0.0)
    start = rng.normal(size=SIZE)
    w = [start + train(batches, scale, 0.05, with_labels) for with_labels in (False, True)]
    k, m = (kernel(x @ weights.reshape(2, 3).T) for weights in w)
    cka = (k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum())
    scaled = m * (k * k).sum() / (k * m).sum()  # the part along K is divided out
    e = torch.from_numpy(scaled - k)
    turned = turned_share(torch.from_numpy(k), e, e)
    assert cka_after(turned) == pytest.approx(cka, abs=1e-12)
    assert 1 - turned / 2 == pytest.approx(cka, abs=turned**2)
    assert 0 < turned < 0.1


def test_noise_alone_leaves_no_coherent_part():
    """With noise only, the mean of d is near 0 although its norm is not; with a mean, it is found."""
    for coherent in (0.0, 1.0):
        estimates = []
        for seed in range(200):
            batches, _ = model(coherent, noise=1.0, seed=seed)
            d = np.array([-(a.T @ c) for a, _, c in batches])
            estimates.append(mean_norm_squared(float((d.sum(0) ** 2).sum()), float((d**2).sum()), STEPS))
        error = np.std(estimates) / np.sqrt(len(estimates))
        expected = coherent**2 * SIZE  # of the normal mean, over seeds
        assert np.mean(estimates) == pytest.approx(expected, abs=4 * error)
        assert np.mean([(d**2).sum(1).mean()]) > 3
