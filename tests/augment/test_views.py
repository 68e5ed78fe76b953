"""Views against torchvision's functions applied to one image after another, and the invariances of the draws."""

import colorsys
from dataclasses import fields, replace
from importlib import import_module

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.augment import ViewDraws, apply_views, draw_views, normalise
from pipeline.config.view_settings import ViewRecipe
from twin_alignment.randomness import keyed_generator
from twin_alignment.torchvision_shim import torchvision

F = import_module(f"{torchvision.__name__}.transforms.v2.functional")
BATCH = 64
NOTHING = ViewRecipe(crop_scale=(1, 1), crop_ratio=(1, 1), flip=0, jitter=0, grey=0)


def photos(channels: int, height: int, width: int, batch: int = BATCH) -> Tensor:
    """Smooth random images with saturated, black and grey places."""
    generator = torch.Generator().manual_seed(height * width + channels)
    coarse = torch.randn(batch, channels, 5, 5, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, size=(height, width), mode="bilinear") * 120 + 128
    noisy = smooth + 10 * torch.randn(batch, channels, height, width, generator=generator)
    noisy[: batch // 8] = noisy[: batch // 8, :1]
    return noisy.clamp(0, 255).to(torch.uint8)


def draw(recipe: ViewRecipe, images: Tensor, *key: int) -> ViewDraws:
    return draw_views(recipe, keyed_generator(0, "test", *key), len(images), images.shape[2], images.shape[3])


def unnormalised(images: Tensor, draws: ViewDraws, recipe: ViewRecipe) -> Tensor:
    channels = images.shape[1]
    return apply_views(images, draws, recipe, torch.zeros(channels), torch.ones(channels))


def one_by_one(images: Tensor, draws: ViewDraws, recipe: ViewRecipe) -> Tensor:
    """The same views by torchvision's functions on float images."""
    return torch.stack([_one(image, draws, recipe, index) for index, image in enumerate(images)])


def _one(image: Tensor, draws: ViewDraws, recipe: ViewRecipe, index: int) -> Tensor:
    height, width = recipe.size or image.shape[1:]
    box = [int(side[index]) for side in (draws.top, draws.left, draws.height, draws.width)]
    view = F.resized_crop(image.to(torch.float32) / 255, *box, [height, width], antialias=True)
    if draws.flip[index]:
        view = F.horizontal_flip(view)
    for operation in draws.order[index]:
        if operation == 0:
            view = F.adjust_brightness(view, draws.brightness[index])
        elif operation == 1:
            view = F.adjust_contrast(view, draws.contrast[index])
        elif operation == 2:
            view = F.adjust_saturation(view, draws.saturation[index])
        else:
            view = F.adjust_hue(view, draws.hue[index])
    if draws.grey[index]:
        view = F.rgb_to_grayscale(view, num_output_channels=len(view))
    if draws.sigma[index] > 0:
        kernel = [recipe.blur_kernel or max(3, 2 * (side // 10 // 2) + 1) for side in (width, height)]
        view = F.gaussian_blur(view, kernel, [draws.sigma[index]] * 2)
    return view


def assert_close(ours: Tensor, theirs: Tensor, tolerance: float = 1e-5) -> None:
    torch.testing.assert_close(ours, theirs, rtol=0, atol=tolerance)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("stored", [(32, 32), (8, 16), (64, 48)])
@pytest.mark.parametrize("size", [None, (32, 32), (13, 50), (5, 7)])
def test_crop_and_flip_are_torchvisions(channels, stored, size):
    recipe = NOTHING.model_copy(update={"crop_scale": (0.01, 1.0), "crop_ratio": (0.3, 3.0), "flip": 0.5, "size": size})
    images = photos(channels, *stored)
    draws = draw(recipe, images)
    assert 0 < draws.flip.sum() < BATCH
    assert_close(unnormalised(images, draws, recipe), one_by_one(images, draws, recipe))


@pytest.mark.parametrize(
    "box", [(0, 0, 1, 1), (31, 39, 1, 1), (3, 0, 1, 40), (0, 7, 32, 1), (0, 0, 32, 40), (30, 38, 2, 2)]
)
def test_extreme_boxes_stay_inside_their_edges(box):
    recipe = NOTHING.model_copy(update={"size": (16, 16)})
    images = photos(3, 32, 40)
    sides = {name: np.full(BATCH, side) for name, side in zip(("top", "left", "height", "width"), box, strict=True)}
    for flip in (False, True):
        draws = replace(draw(recipe, images), flip=np.full(BATCH, flip), **sides)
        assert_close(unnormalised(images, draws, recipe), one_by_one(images, draws, recipe))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("operation", ["brightness", "contrast", "saturation", "hue"])
@pytest.mark.parametrize("strength", [0.1, 0.5, 1.0])
def test_each_colour_operation_is_torchvisions(channels, operation, strength):
    strengths = dict.fromkeys(["brightness", "contrast", "saturation", "hue"], 0.0)
    strengths[operation] = strength / 2 if operation == "hue" else strength
    recipe = NOTHING.model_copy(update=strengths | {"jitter": 0.8})
    images = photos(channels, 16, 16)
    draws = draw(recipe, images)
    views = unnormalised(images, draws, recipe)
    assert_close(views, one_by_one(images, draws, recipe))
    unchanged = channels == 1 and operation in ("saturation", "hue")
    assert ((views - images / 255).abs().amax() < 1e-6) == unchanged


@pytest.mark.parametrize("off", [(), ("hue",), ("saturation", "contrast"), ("brightness", "hue"), ("grey", "flip")])
@pytest.mark.parametrize("channels", [1, 3])
def test_whole_chain_is_torchvisions(channels, off):
    recipe = ViewRecipe(size=(24, 40), blur=0.5).model_copy(update=dict.fromkeys(off, 0.0))
    images = photos(channels, 32, 32)
    for key in range(3):
        draws = draw(recipe, images, key)
        assert_close(unnormalised(images, draws, recipe), one_by_one(images, draws, recipe))


def test_all_orders_of_the_colour_operations_are_followed():
    images = photos(3, 16, 16, batch=400)
    recipe = ViewRecipe(jitter=1.0, brightness=0.9, contrast=0.9, saturation=0.9, hue=0.4, grey=0.0)
    draws = draw(recipe, images)
    assert len(np.unique(draws.order, axis=0)) == 24
    expected = one_by_one(images, draws, recipe)
    assert_close(unnormalised(images, draws, recipe), expected)
    other_order = replace(draws, order=draws.order[:, ::-1])
    assert (unnormalised(images, other_order, recipe) - expected).abs().amax() > 0.1


def test_hue_is_the_standard_librarys():
    levels = np.array([0, 1, 64, 128, 200, 255], dtype=np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels, indexing="ij")).reshape(3, -1)
    images = torch.from_numpy(colours)[None, :, None, :].repeat(9, 1, 1, 1)
    recipe = NOTHING.model_copy(update={"jitter": 1.0, "brightness": 0, "contrast": 0, "saturation": 0, "hue": 0.5})
    shifts = np.linspace(-0.5, 0.5, 9)
    whole = {"height": np.full(9, 1), "width": np.full(9, colours.shape[1]), "left": np.zeros(9, np.int64)}
    views = unnormalised(images, replace(draw(recipe, images), hue=shifts, **whole), recipe)
    for view, shift in zip(views, shifts, strict=True):
        for pixel, colour in zip(view[:, 0].T.tolist(), colours.T / 255, strict=True):
            hue, saturation, value = colorsys.rgb_to_hsv(*colour)
            assert pixel == pytest.approx(colorsys.hsv_to_rgb((hue + shift) % 1, saturation, value), abs=1e-5)


@pytest.mark.parametrize("size", [(2, 3), (8, 16), (32, 32), (61, 40), (100, 224)])
def test_blur_is_torchvisions(size):
    recipe = NOTHING.model_copy(update={"blur": 0.7, "size": size})
    images = photos(3, *size, batch=12)
    draws = draw(recipe, images)
    assert 0 < (draws.sigma > 0).sum() < len(images)
    views = unnormalised(images, draws, recipe)
    assert_close(views, one_by_one(images, draws, recipe))
    assert (views - one_by_one(images, replace(draws, sigma=np.zeros(len(images))), recipe)).abs().amax() > 0.01


@pytest.mark.parametrize("kernel", [3, 7])
def test_a_blurs_kernel_may_be_set_and_is_torchvisions(kernel):
    """3 pixels with sigma 1.5 at 224 pixels are the released code's."""
    recipe = NOTHING.model_copy(update={"blur": 1.0, "blur_kernel": kernel, "blur_sigma": (1.5, 1.5)})
    images = photos(3, 40, 224, batch=3)
    draws = draw(recipe, images)
    assert set(draws.sigma) == {1.5}
    views = unnormalised(images, draws, recipe)
    assert_close(views, one_by_one(images, draws, recipe))
    assert (views - unnormalised(images, draws, recipe.model_copy(update={"blur_kernel": None}))).abs().max() > 0.01


@pytest.mark.parametrize("channels", [1, 3])
def test_a_recipe_of_nothing_only_normalises(channels):
    images = photos(channels, 32, 32)
    mean, std = torch.tensor([0.5, 0.4, 0.3][:channels]), torch.tensor([0.2, 0.25, 0.3][:channels])
    expected = np.empty(images.shape)
    for channel in range(channels):
        expected[:, channel] = (images[:, channel].numpy() / 255 - float(mean[channel])) / float(std[channel])
    for views in (
        apply_views(images, draw(NOTHING, images), NOTHING, mean, std),
        normalise(images, None, mean, std),
    ):
        assert views.dtype == torch.float32
        assert_close(views.double(), torch.from_numpy(expected))


@pytest.mark.parametrize("size", [(16, 20), (64, 48), (32, 32)])
def test_evaluation_resizes_as_torchvision(size):
    images = photos(3, 32, 32)
    mean, std = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.2, 0.25, 0.3])
    resized = F.resize(images.to(torch.float32) / 255, list(size), antialias=True)
    expected = F.normalize(resized, mean.tolist(), std.tolist())
    assert_close(normalise(images, size, mean, std), expected, 5e-5)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_view_does_not_depend_on_its_batch(channels):
    recipe = ViewRecipe(blur=0.5)
    images = photos(channels, 32, 32)
    draws = draw(recipe, images)
    together = unnormalised(images, draws, recipe)
    alone = torch.cat(
        [unnormalised(images[index : index + 1], draws.take(np.array([index])), recipe) for index in range(BATCH)]
    )
    assert_close(together, alone, 1e-6)
    shuffled = np.random.default_rng(0).permutation(BATCH)
    assert_close(unnormalised(images[shuffled], draws.take(shuffled), recipe), together[shuffled], 1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("channels", [1, 3])
def test_a_gpu_makes_the_same_views_without_waiting(channels):
    recipe, images = ViewRecipe(blur=0.5), photos(channels, 32, 32)
    draws = draw(recipe, images)
    on_gpu, zeros, ones = images.cuda(), torch.zeros(channels, device="cuda"), torch.ones(channels, device="cuda")
    torch.cuda.set_sync_debug_mode("error")
    try:
        views = apply_views(on_gpu, draws, recipe, zeros, ones)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert_close(views.cpu(), unnormalised(images, draws, recipe))


def test_digest_tells_every_difference_in_the_draws():
    images = photos(3, 32, 32)
    recipe = ViewRecipe(blur=0.5)
    draws = draw(recipe, images)
    digests = {draws.digest_bytes()}
    assert draw(recipe, images).digest_bytes() in digests
    for field in fields(ViewDraws):
        values = getattr(draws, field.name).copy()
        values[-1] = ~values[-1] if values.dtype == bool else values[-1] + 1
        digests.add(replace(draws, **{field.name: values}).digest_bytes())
    assert len(digests) == 1 + len(fields(ViewDraws))


def test_views_depend_on_their_key_and_nothing_else():
    recipe, images = ViewRecipe(blur=0.5), photos(3, 32, 32)
    draws, before = draw(recipe, images), images.clone()
    first = unnormalised(images, draws, recipe)
    assert not torch.equal(unnormalised(images, draw(recipe, images, 1), recipe), first)
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    with torch.autocast("cpu", dtype=torch.bfloat16):
        again = unnormalised(images.contiguous(memory_format=torch.channels_last), draw(recipe, images), recipe)
    assert torch.equal(again, first)
    assert torch.equal(images, before)
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert repr(np.random.get_state()) == repr(numpy_state)  # noqa: NPY002


def test_a_part_of_the_recipe_or_a_longer_batch_leaves_the_other_draws():
    usual = draw_views(ViewRecipe(), keyed_generator(0, "test"), 64, 32, 32)
    other = draw_views(ViewRecipe(crop_scale=(0.5, 1.0), hue=0.0, blur=1.0), keyed_generator(0, "test"), 80, 32, 32)
    changed = {"top", "left", "height", "width", "hue", "sigma"}
    for field in fields(ViewDraws):
        same = np.array_equal(getattr(usual, field.name), getattr(other, field.name)[:64])
        assert same == (field.name not in changed)


@pytest.mark.parametrize(
    ("images", "draws", "message"),
    [
        (torch.zeros(4, 3, 8, 8), 4, "expected uint8 with 1 or 3 channels, got torch.float32 with 3"),
        (torch.zeros(4, 2, 8, 8, dtype=torch.uint8), 4, "expected uint8 with 1 or 3 channels, got torch.uint8 with 2"),
        (torch.zeros(4, 3, 8, 8, dtype=torch.uint8), 3, "expected one for each of 4 images, got 3"),
    ],
)
def test_other_images_or_draws_are_refused(images, draws, message):
    with pytest.raises(ValueError, match=message):
        unnormalised(images, draw(NOTHING, images[:draws]), NOTHING)
