"""Views of a batch of images, or of rows, on their device, every sample with its own random parameters."""

from pipeline.augment.apply import apply_views, normalise
from pipeline.augment.draws import ViewDraws, draw_views
from pipeline.augment.view_makers import Draws, view_maker

__all__ = ["Draws", "ViewDraws", "apply_views", "draw_views", "normalise", "view_maker"]
