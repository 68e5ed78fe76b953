"""Augmented views of a batch of images on the images' own device, every sample with its own random parameters."""

from pipeline.augment.apply import apply_views, normalise
from pipeline.augment.draws import ViewDraws, draw_views

__all__ = ["ViewDraws", "apply_views", "draw_views", "normalise"]
