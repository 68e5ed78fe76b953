"""Augmented views of a batch of images on the images' own device, every sample with its own random parameters."""

from pipeline.views.apply import apply_views, normalise
from pipeline.views.draws import ViewDraws, draw_views

__all__ = ["ViewDraws", "apply_views", "draw_views", "normalise"]
