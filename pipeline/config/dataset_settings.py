"""Where a dataset's images come from and how its training views are made."""

from typing import Literal

from pydantic import Field

from pipeline.config.base import Settings
from pipeline.config.view_settings import ViewRecipe

Stored = Literal["arrays", "files"]


class SourceSettings(Settings):
    """All that decides the stored images."""

    source: str
    """a file of pipeline/datasets/sources: one of the datasets known by name, or `folder`"""
    classes: int | None = Field(None, ge=2)
    """known number of classes; none: counted when prepared"""
    paths: tuple[str, ...] = ()
    """files or folders to read; empty: the source's usual name among the downloads"""
    size: int | None = Field(None, ge=1)
    """stored height = width in pixels; none: all images must have one size already"""
    test_share: float | None = Field(None, gt=0.0, lt=1.0)
    """folder only: share of the images that are for testing, drawn by the digests of their names, where `paths` have
    <class>/* without a split; none: they have train/<class>/* and test/<class>/*"""
    stored: Stored = "arrays"
    """`arrays`: their pixels, which costs nothing to read; `files`: each as the file it came in or, where that is
    smaller, compressed without loss; half the room or less, the same pixels, a millisecond of a core for each shown"""
    train_pairs: int = Field(10_000, ge=100)
    """digit_pairs only: number of training images drawn"""
    test_pairs: int = Field(2_000, ge=100)
    """digit_pairs only"""
    licence: str = "not stated"


class DatasetSpec(SourceSettings):
    """A dataset: its stored images, and the views that training makes of them."""

    views: ViewRecipe = ViewRecipe()
