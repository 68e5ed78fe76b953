"""Draws against torchvision's own random transforms, as distributions.

Every comparison has a fixed seed, and a threshold that chance alone passes with a probability of one in a thousand.
"""

from importlib import import_module

import numpy as np
import pytest
import torch
from scipy import stats

from pipeline.augment import ViewDraws, draw_views
from pipeline.config.view_settings import ViewRecipe
from twin_alignment.randomness import keyed_generator, torch_seed
from twin_alignment.torchvision_shim import torchvision

v2 = import_module(f"{torchvision.__name__}.transforms.v2")
CHANCE = 1e-3


def draw_many(recipe: ViewRecipe, height: int, width: int, count: int = 20_000) -> ViewDraws:
    return draw_views(recipe, keyed_generator(0, "draws"), count, height, width)


def contingency_p_value(first: np.ndarray, second: np.ndarray) -> float:
    """Chi-squared test that the rows of two integer arrays [N, k] come from one distribution; rare rows are pooled."""
    _, row = np.unique(np.concatenate([first, second]), axis=0, return_inverse=True)
    row = row.reshape(-1)
    counts = np.stack([np.bincount(part, minlength=row.max() + 1) for part in (row[: len(first)], row[len(first) :])])
    common = counts.sum(axis=0) >= 20
    pooled = np.column_stack([counts[:, common], counts[:, ~common].sum(axis=1)])
    return float(stats.chi2_contingency(pooled[:, pooled.sum(axis=0) > 0]).pvalue)


@pytest.mark.parametrize(
    ("height", "width", "scale", "ratio"),
    [
        (32, 32, (0.08, 1.0), (3 / 4, 4 / 3)),
        (8, 16, (0.08, 1.0), (3 / 4, 4 / 3)),
        (16, 8, (0.7, 1.0), (3 / 4, 4 / 3)),  # often no box fits
        (8, 16, (0.9, 1.0), (3 / 4, 4 / 3)),  # no box ever fits: too wide
        (16, 8, (0.9, 1.0), (3 / 4, 4 / 3)),  # too high
        (9, 9, (0.99, 1.0), (1 / 4, 1 / 2)),
        (9, 9, (0.99, 1.0), (0.8, 1.25)),
    ],
)
def test_crop_boxes_are_distributed_as_torchvisions(height, width, scale, ratio):
    draws = draw_many(ViewRecipe(crop_scale=scale, crop_ratio=ratio), height, width)
    ours = np.stack([draws.height, draws.width, draws.top, draws.left], axis=1)
    transform = v2.RandomResizedCrop(32, scale=scale, ratio=ratio)
    image = torch.empty(1, height, width)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(0, "boxes"))
        boxes = [transform.make_params([image]) for _ in range(6000)]
    theirs = np.array([[box["height"], box["width"], box["top"], box["left"]] for box in boxes])
    assert contingency_p_value(ours[:, :2], theirs[:, :2]) > CHANCE
    assert contingency_p_value(ours[:, 2:], theirs[:, 2:]) > CHANCE
    assert (ours.min(axis=0) >= [1, 1, 0, 0]).all()
    assert (ours[:, 0] + ours[:, 2]).max() <= height
    assert (ours[:, 1] + ours[:, 3]).max() <= width


def test_the_box_comparison_notices_another_scale():
    published, other = (draw_many(ViewRecipe(crop_scale=(low, 1.0)), 32, 32) for low in (0.08, 0.1))
    sides = [np.stack([draws.height, draws.width], axis=1) for draws in (published, other)]
    assert contingency_p_value(*sides) < CHANCE


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "hue"])
def test_jitter_factors_are_uniform_and_applied_together(name):
    recipe = ViewRecipe(jitter=0.8, brightness=0.4, contrast=1.0, saturation=0.2, hue=0.1)
    draws = draw_many(recipe, 32, 32)
    strength, centre = getattr(recipe, name), 0 if name == "hue" else 1
    factors = getattr(draws, name)
    applied = factors != centre
    assert stats.binomtest(int(applied.sum()), len(applied), 0.8).pvalue > CHANCE
    assert stats.kstest(factors[applied], stats.uniform(centre - strength, 2 * strength).cdf).pvalue > CHANCE
    assert np.array_equal(applied, draws.brightness != 1)


@pytest.mark.parametrize(("name", "share"), [("flip", 0.5), ("grey", 0.2), ("sigma", 0.3)])
def test_chances_are_the_recipes(name, share):
    draws = draw_many(ViewRecipe(blur=0.3), 32, 32)
    happened = getattr(draws, name) > 0
    assert stats.binomtest(int(happened.sum()), len(happened), share).pvalue > CHANCE
    for certain in (0.0, 1.0):
        sure = draw_many(ViewRecipe(flip=certain, grey=certain, blur=certain), 32, 32)
        assert ((getattr(sure, name) > 0) == bool(certain)).all()


def test_blur_sigma_is_uniform():
    sigma = draw_many(ViewRecipe(blur=0.5), 32, 32).sigma
    assert stats.kstest(sigma[sigma > 0], stats.uniform(0.1, 1.9).cdf).pvalue > CHANCE


def test_orders_are_uniform_permutations():
    _, counts = np.unique(draw_many(ViewRecipe(), 32, 32).order, axis=0, return_counts=True)
    assert len(counts) == 24
    assert stats.chisquare(counts).pvalue > CHANCE


def test_parts_of_a_view_are_drawn_independently():
    draws = draw_many(ViewRecipe(jitter=1.0, blur=1.0), 32, 32)
    centre_y, centre_x = draws.top + draws.height / 2, draws.left + draws.width / 2
    area = draws.height * draws.width
    columns = [centre_y, centre_x, area, draws.flip, draws.brightness, draws.contrast, draws.saturation]
    columns += [draws.hue, draws.grey, draws.sigma, *draws.order.T[:3]]
    correlation = np.corrcoef(np.array(columns, dtype=float))
    correlation[-3:, -3:] = 0  # positions within one order are not independent
    np.fill_diagonal(correlation, 0)
    pairs = len(columns) * (len(columns) - 1) / 2
    bound = stats.norm.isf(CHANCE / pairs / 2) / np.sqrt(len(area))
    assert np.abs(correlation).max() < bound
