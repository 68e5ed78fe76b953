"""Source of a dataset's images, and the views that training makes of them."""

from typing import Literal

from pydantic import Field

from pipeline.config.base import Settings
from pipeline.config.view_settings import ViewRecipe

Stored = Literal["arrays", "files"]


class SourceSettings(Settings):
    """Everything that decides the stored images."""

    source: str
    """a file of pipeline/datasets/sources: one of the datasets known by name, or `folder`"""
    classes: int | None = Field(None, ge=2)
    """known number of classes; None: counted when prepared"""
    paths: tuple[str, ...] = ()
    """files or folders to read; empty: the source's usual name among the downloads"""
    size: int | None = Field(None, ge=1)
    """stored height = width in pixels; None: all images must have one size already"""
    test_share: float | None = Field(None, gt=0.0, lt=1.0)
    """folder only: share of test images, drawn by the digests of their names, if `paths` have <class>/* without a
    split; None: they have train/<class>/* and test/<class>/*"""
    stored: Stored = "arrays"
    """`arrays`: their pixels, which costs nothing to read; `files`: each as its source file or, if that is smaller,
    compressed without loss: half the space or less, the same pixels, a millisecond of a core to read each"""
    train_pairs: int = Field(10_000, ge=100)
    """digit_pairs only: number of training images drawn"""
    test_pairs: int = Field(2_000, ge=100)
    """digit_pairs only"""
    licence: str = "not stated"


class DatasetSpec(SourceSettings):
    """A dataset: its stored images, and the views that training makes of them."""

    views: ViewRecipe = ViewRecipe()
