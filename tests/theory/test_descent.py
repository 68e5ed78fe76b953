import itertools

import numpy as np
import pytest
import torch

from twin_alignment.theory.similarity_descent import batch_gradient, descend, random_batches, random_start


def batch_loss(similarities, batch, labels, temperature, supervised):
    """The loss of the docstring, anchor by anchor."""
    total = 0.0
    for i in batch:
        negatives = [j for j in batch if j != i and (not supervised or labels[j] != labels[i])]
        total = total - similarities[i, i] / temperature
        if negatives:
            total = total + torch.logsumexp(similarities[i, negatives] / temperature, 0)
    return total / len(batch)


@pytest.mark.parametrize("supervised", [False, True])
def test_the_gradient_is_that_of_autograd(supervised):
    start, labels = random_start(9, 3, 4, seed=1)
    batch = np.array([7, 1, 4, 2, 0])  # classes 1 1 1 2 0
    whole = start.clone().requires_grad_()
    batch_loss(whole, batch, labels, 0.3, supervised).backward()
    index = torch.from_numpy(batch)
    classes = labels[index]
    excluded = classes[:, None] == classes[None] if supervised else torch.eye(5, dtype=torch.bool)
    found, _ = batch_gradient(start[index[:, None], index], excluded, 0.3)
    expected = torch.zeros_like(start)
    expected[index[:, None], index] = found
    assert torch.allclose(whole.grad, expected, atol=1e-12)


def test_an_anchor_without_a_negative_is_pulled_and_not_pushed():
    block = torch.rand(3, 3, dtype=torch.float64)
    gradient, softmax = batch_gradient(block, torch.ones(3, 3, dtype=torch.bool), 0.5)
    assert torch.equal(softmax, torch.zeros(3, 3, dtype=torch.float64))
    assert torch.allclose(gradient, -torch.eye(3, dtype=torch.float64) / 1.5)


@pytest.mark.parametrize("project", [False, True])
def test_both_trajectories_are_plain_gradient_steps(project):
    start, labels = random_start(12, 3, 5, seed=2)
    batches, rates = random_batches(12, 6, 5, seed=2), [3.0, 1.0, 2.0, 0.5, 4.0]
    found = descend(start, labels, batches, rates, 0.4, project)
    states = [start.clone(), start.clone()]
    for t, (batch, rate) in enumerate(zip(batches, rates, strict=True)):
        for which in (0, 1):
            whole = states[which].clone().requires_grad_()
            batch_loss(whole, batch, labels, 0.4, supervised=bool(which)).backward()
            moved = (whole - rate * whole.grad).detach()
            states[which] = moved.clamp(-1, 1) if project else moved
        assert found.drift[t] == pytest.approx(float((states[0] - states[1]).norm()), rel=1e-9)
    assert torch.allclose(found.cl, states[0], atol=1e-12)
    assert torch.allclose(found.nscl, states[1], atol=1e-12)


def random_setting(seed):
    rng = np.random.default_rng(seed)
    images = int(rng.integers(4, 30))
    batch = int(rng.integers(2, images + 1))
    temperature = float(10 ** rng.uniform(-1.5, 0.7))
    steps = int(rng.integers(1, 8))
    limit = 4 * temperature**2 * batch
    rates = list(limit * rng.uniform(0.001, 1.0, size=steps))
    start, _ = random_start(images, 2, int(rng.integers(1, 8)), seed)
    labels = torch.from_numpy(rng.choice(int(rng.integers(2, 6)), size=images, p=None))
    return start, labels, random_batches(images, batch, steps, seed), rates, temperature


def chain_holds(found, small=1e-9):
    with np.errstate(divide="ignore"):
        logs = [np.log(found.drift), np.log(found.certificate), found.log_nonexpansive]
    logs += [found.log_telescoped, found.log_theorem1, found.log_theorem1_published]
    return all((lower <= upper + small).all() for lower, upper in itertools.pairwise(logs))


def test_every_bound_holds_at_every_step_of_a_thousand_random_settings():
    moved = 0
    for seed in range(1200):
        found = descend(*random_setting(seed), project=True)
        assert chain_holds(found), seed
        assert found.largest <= 1.0 + 1e-12
        moved += found.drift[-1] > 1e-6
    assert moved > 900  # and not because nothing happened


def test_without_projection_the_certificate_holds_and_the_rest_while_similarities_stay_in_range():
    inside = outside = 0
    for seed in range(400):
        found = descend(*random_setting(seed), project=False)
        assert (found.drift <= found.certificate * (1 + 1e-9) + 1e-12).all(), seed
        if found.largest <= 1.0:
            assert chain_holds(found), seed
            inside += 1
        else:
            outside += 1
    assert outside > 50


def test_a_rate_beyond_the_limit_expands_and_is_not_claimed():
    """Two states of one NSCL anchor pair at even softmax: the curvature is the largest there."""
    labels = torch.tensor([0, 1, 2])
    batch, temperature = np.array([0, 1, 2]), 0.5
    limit = 4 * temperature**2 * len(batch)
    own = torch.eye(3, dtype=torch.bool)
    a = torch.zeros(3, 3, dtype=torch.float64)
    b = a.clone()
    b[0, 1], b[0, 2] = 1e-4, -1e-4
    for factor, expands in ((0.99, False), (1.5, True)):
        ends = [s - factor * limit * batch_gradient(s, own, temperature)[0] for s in (a, b)]
        assert bool((ends[0] - ends[1]).norm() > (a - b).norm()) == expands
    found = descend(torch.zeros(3, 3), labels, [batch, batch], [0.9 * limit, 1.5 * limit], temperature)
    assert np.isfinite(found.log_nonexpansive[0])
    assert np.isnan(found.log_nonexpansive[1])
    assert np.isnan(found.certificate[1])
