"""Call a custom view function on real rows before anything is trained with it."""

import numpy as np
import torch
from torch import Tensor

from pipeline.augment import view_maker
from pipeline.config.base import SettingsError
from pipeline.config.view_settings import CustomViews, Views
from pipeline.datasets.images import Images
from pipeline.train.rehearsal import located
from twin_alignment.randomness import keyed_generator

MAX_ROWS = 64
TOLERANCE = 1e-4  # relative: products of matrices of other sizes are summed in another order


def rehearse_views(views: Views, images: Images, seed: int = 0) -> None:
    """Check a custom view function; views of images need no check.

    Args:
        views: settings.
        images: training rows.
        seed: of the draws.

    Raises:
        SettingsError: the function fails, returns another shape or type, or numbers that are not finite, returns other
            views for the same randomness, or views of a row that depend on the other rows of its batch.
    """
    if not isinstance(views, CustomViews):
        return
    rows = np.linspace(0, len(images) - 1, min(len(images), MAX_ROWS)).astype(np.int64)
    with located(views.function, f"rows {[len(rows), images.channels, *images.size]}"):
        maker = view_maker(views)
        drawn = maker.draw(keyed_generator(seed, "rehearsal of views"), len(images), images)

        def made(chosen: np.ndarray) -> Tensor:
            return maker.make(images.take(chosen)[0], drawn.take(chosen), images)

        first, part = made(rows), slice(0, None, 2)
        finite = first.flatten(1).isfinite().all(1)
        if not finite.all():
            row = rows[int((~finite).nonzero()[0])]
            raise SettingsError(f"expected finite numbers, got NaN or infinite ones for training row {row}")
        if not torch.equal(first, made(rows)):
            raise SettingsError(
                "expected equal views for equal randomness, got others at a second call: draw from `generator` alone"
            )
        scale = float(first.abs().max())
        if not torch.allclose(first[part], made(rows[part]), rtol=TOLERANCE, atol=TOLERANCE * scale):
            raise SettingsError(
                "expected a row's view to depend on that row and its draws alone, got other views in a smaller batch: "
                "take values of other rows from `generator.data`"
            )
