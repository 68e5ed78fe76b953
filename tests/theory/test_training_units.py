"""Descent on weights in which the similarities are linear: (8) of docs/theory.md."""

import numpy as np
import torch

from twin_alignment.theory.similarity_descent import batch_gradient
from twin_alignment.theory.theorem_bounds import certificate, is_nonexpansive, log_mismatch_sharp, log_nonexpansive


def twins(seed):
    """(drift of the similarities, its certificate, its non-expansive bound, largest similarity met).

    Five full-batch steps on weights w, where the similarities are start + J w; the bounds take lambda times the rates.
    """
    rng = np.random.default_rng(seed)
    images, temperature = int(rng.integers(3, 9)), float(10 ** rng.uniform(-0.7, 0.5))
    classes = torch.from_numpy(rng.integers(0, 3, size=images))
    same, own = classes[:, None] == classes[None], torch.eye(images, dtype=torch.bool)
    start = torch.from_numpy(rng.uniform(-0.9, 0.9, size=(images, images)))
    jacobian = torch.from_numpy(rng.normal(size=(images**2, int(rng.integers(1, 30)))) * 10 ** rng.uniform(-1, 1))
    largest = float(torch.linalg.eigvalsh(jacobian.T @ jacobian)[-1])
    rates = 4 * temperature**2 * images / largest * 10 ** rng.uniform(-3, 0, size=5)
    assert all(is_nonexpansive(largest * rate, temperature, images) for rate in rates)
    weights = [torch.zeros(jacobian.shape[1], dtype=torch.float64) for _ in range(2)]
    masses, met = [], 0.0
    for rate in rates:
        states = [start + (jacobian @ w).view(images, images) for w in weights]
        met = max(met, *(float(state.abs().max()) for state in states))
        masses.append(float((batch_gradient(states[0], own, temperature)[1] * same).sum(1).square().mean()))
        gradients = [
            batch_gradient(state, excluded, temperature)[0] for state, excluded in zip(states, (own, same), strict=True)
        ]
        weights = [w - rate * jacobian.T @ g.flatten() for w, g in zip(weights, gradients, strict=True)]
    drift = float((jacobian @ (weights[0] - weights[1])).norm())
    share = float(classes.bincount().max()) / images
    total = float(largest * rates.sum())
    log = log_nonexpansive(log_mismatch_sharp(share, temperature), total, temperature, images)
    return drift, certificate(np.array(masses), largest * rates, temperature, images)[-1], np.exp(log), met


def test_with_a_kernel_that_stays_the_bounds_hold_at_its_largest_eigenvalue_times_the_rates():
    inside, nearest = 0, 0.0
    for seed in range(600):
        drift, certified, bound, met = twins(seed)
        assert drift <= certified * (1 + 1e-9), seed
        nearest = max(nearest, drift / certified if certified else 0.0)
        if met <= 1:
            assert certified <= bound * (1 + 1e-9), seed
            inside += 1
    assert inside > 50
    assert nearest > 0.5  # the eigenvalue is not merely large
