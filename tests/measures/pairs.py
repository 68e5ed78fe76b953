"""Pairs of representations that share some structure."""

import numpy as np
import torch

from twin_alignment.measures.feature_set import FeatureSet, Pair


def related(n=23, d=6, other=4, seed=0, noise=1.0):
    """Rows [n, d] and [n, other], the second a linear map of the first with noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)) * np.linspace(1, 3, d)
    y = x @ rng.normal(size=(d, other)) + noise * rng.normal(size=(n, other))
    return x + 0.3, y


def pair(x, y):
    return Pair(*(FeatureSet(torch.as_tensor(rows), name) for rows, name in ((x, "first"), (y, "second"))))
