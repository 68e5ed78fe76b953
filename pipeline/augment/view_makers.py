"""Draw and make views: of images by a recipe, of rows by a function of the user."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pipeline.augment.apply import apply_views
from pipeline.augment.draws import ViewDraws, draw_views
from pipeline.augment.row_draws import RowDraws, RowGenerator, draw_rows
from pipeline.config.base import SettingsError
from pipeline.config.references import load
from pipeline.config.view_settings import CustomViews, ViewRecipe, Views
from pipeline.datasets.images import Images
from pipeline.system.shape_text import shape_text

Draws = ViewDraws | RowDraws


class ImageViews:
    """Augmented images, by a recipe."""

    def __init__(self, recipe: ViewRecipe) -> None:
        self.recipe = recipe

    def draw(self, generator: np.random.Generator, rows: int, images: Images) -> Draws:
        """Draw the parameters of one view of each of the first images."""
        height, width = images.size
        return draw_views(self.recipe, generator, rows, height, width)

    def make(self, batch: Tensor, draws: Draws, images: Images) -> Tensor:
        """Make normalised views float32 [B, C, h, w] of uint8 images [B, C, H, W]."""
        assert isinstance(draws, ViewDraws)
        return apply_views(batch, draws, self.recipe, images.mean, images.std)


class RowViews:
    """Views of rows, by a function of the user."""

    def __init__(self, views: CustomViews) -> None:
        self.views = views
        self.function = load(views.function)  # runs the file, once

    def draw(self, generator: np.random.Generator, rows: int, images: Images) -> Draws:
        """Draw the keys of one view of each of the first rows."""
        return draw_rows(generator, rows)

    @torch.no_grad()
    def make(self, batch: Tensor, draws: Draws, images: Images) -> Tensor:
        """Make views float32 of rows [B, ...], of their shape.

        Raises:
            SettingsError: the function returns something else.
        """
        assert isinstance(draws, RowDraws)
        generator = RowGenerator(draws, lambda: images.values, batch.device)
        view = self.function(batch.clone(), generator, dict(self.views.settings))  # it may change its batch in place
        if not isinstance(view, Tensor) or view.shape != batch.shape or view.dtype != torch.float32:
            got = f"{view.dtype} {shape_text(view)}" if isinstance(view, Tensor) else shape_text(view)
            raise SettingsError(
                f"{self.views.function}: expected views torch.float32 {shape_text(batch)}, the shape of the batch, got "
                f"{got}"
            )
        return view


ViewMaker = ImageViews | RowViews


def view_maker(views: Views) -> ViewMaker:
    """Return what draws and makes the views of settings; a file of the user is run."""
    return RowViews(views) if isinstance(views, CustomViews) else ImageViews(views)
