"""Draws and views against torchvision's own random transforms, as distributions.

Every comparison has a fixed seed, and a threshold that chance alone passes with a probability of one in a thousand.
"""

from importlib import import_module

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.datasets import load_sample_images
from torch import Tensor

from pipeline.augment import ViewDraws, apply_views, draw_views
from pipeline.config.view_settings import ViewRecipe
from pipeline.models.vision import torchvision
from twin_alignment.randomness import keyed_generator, torch_seed

v2 = import_module(f"{torchvision.__name__}.transforms.v2")
CHANCE = 1e-3
SIDE = 32
REPEATS = 10


@pytest.fixture(scope="module")
def patches() -> Tensor:
    """520 patches [3, 32, 32] of two photographs (of a palace and of a flower)."""
    photographs = torch.from_numpy(np.stack(load_sample_images().images)).permute(0, 3, 1, 2)
    tiles = photographs.unfold(2, SIDE, SIDE).unfold(3, SIDE, SIDE)  # [2, 3, rows, columns, 32, 32]
    return tiles.permute(0, 2, 3, 1, 4, 5).flatten(0, 2).contiguous()


def statistics(views: Tensor, originals: Tensor) -> dict[str, np.ndarray]:
    """What each view [N, 3, H, W] did to its original: any wrong geometry, colour or probability moves one of them."""
    before = _look(originals)
    changes = {name: after - before[name] for name, after in _look(views).items()}
    changes["orientation"] = (_mirror_odd(views.mean(dim=1)) * _mirror_odd(originals.mean(dim=1))).sum(dim=(1, 2))
    return {name: values.double().numpy() for name, values in changes.items()}


def _look(images: Tensor) -> dict[str, Tensor]:
    grey = images.mean(dim=1)
    energy = grey.diff(dim=1).square().mean(dim=(1, 2)) + grey.diff(dim=2).square().mean(dim=(1, 2))
    return {
        "mean": images.mean(dim=(1, 2, 3)),
        "red": images[:, 0].mean(dim=(1, 2)),
        "green": images[:, 1].mean(dim=(1, 2)),
        "blue": images[:, 2].mean(dim=(1, 2)),
        "colourfulness": (images.amax(dim=1) - images.amin(dim=1)).mean(dim=(1, 2)),
        "deviation": grey.std(dim=(1, 2)).add(1e-3).log(),
        "contrast": (grey.std(dim=(1, 2)) / (grey.mean(dim=(1, 2)) + 0.01)).add(1e-3).log(),
        "gradient": energy.add(1e-6).log(),
    }


def _mirror_odd(images: Tensor) -> Tensor:
    """The part of images [N, H, W] that a mirror negates, with unit norm."""
    odd = images - images.flip(2)
    return odd / odd.norm(dim=(1, 2), keepdim=True).clamp_min(1e-6)


def our_statistics(recipe: ViewRecipe, patches: Tensor) -> dict[str, np.ndarray]:
    originals = patches.repeat(REPEATS, 1, 1, 1)
    draws = draw_views(recipe, keyed_generator(0, "views"), len(originals), SIDE, SIDE)
    return statistics(apply_views(originals, draws, recipe, torch.zeros(3), torch.ones(3)), originals / 255)


@pytest.fixture(scope="module")
def torchvisions(patches: Tensor) -> dict[str, np.ndarray]:
    """The same statistics of torchvision's per-image pipeline with the published settings."""
    transform = v2.Compose(
        [
            v2.RandomResizedCrop(SIDE, scale=(0.08, 1.0)),
            v2.RandomHorizontalFlip(0.5),
            v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8),
            v2.RandomGrayscale(0.2),
        ]
    )
    originals = patches.repeat(REPEATS, 1, 1, 1) / 255
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(0, "torchvision"))
        views = torch.stack([transform(image) for image in originals])
    return statistics(views, originals)


def smallest_p_value(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> float:
    """Of a Kolmogorov-Smirnov test of each statistic, times their number (Bonferroni)."""
    return len(ours) * min(stats.ks_2samp(ours[name], theirs[name]).pvalue for name in ours)


def test_views_of_photographs_are_distributed_as_torchvisions(patches, torchvisions):
    assert smallest_p_value(our_statistics(ViewRecipe(), patches), torchvisions) > CHANCE


@pytest.mark.parametrize(
    "wrong",
    [
        {"flip": 0.0},
        {"crop_scale": (0.2, 1.0)},
        {"jitter": 0.0},
        {"brightness": 0.8},
        {"contrast": 0.0},
        {"saturation": 1.0},
        {"hue": 0.5},
        {"grey": 0.1},
        {"blur": 0.5},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_the_comparison_notices_another_recipe(patches, torchvisions, wrong):
    assert smallest_p_value(our_statistics(ViewRecipe(**wrong), patches), torchvisions) < CHANCE


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
    transform = v2.RandomResizedCrop(SIDE, scale=scale, ratio=ratio)
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
