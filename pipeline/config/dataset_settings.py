"""Source of a dataset's images or arrays, and the views that training makes of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from pipeline.config.base import Settings
from pipeline.config.view_settings import CustomViews, ViewRecipe, Views

Stored = Literal["arrays", "files"]
ARRAYS = "arrays"  # the source of data other than images


class SourceSettings(Settings):
    """Everything that decides the stored images."""

    source: str
    """a file of pipeline/datasets/sources: one of the datasets known by name, `folder` (of images) or `arrays`"""
    classes: int | None = Field(None, ge=2)
    """known number of classes; None: counted when prepared"""
    paths: tuple[str, ...] = ()
    """files or folders to read; empty: the source's usual name among the downloads"""
    size: int | None = Field(None, ge=1)
    """stored height = width in pixels; None: all images must have one size already"""
    test_share: float | None = Field(None, gt=0.0, lt=1.0)
    """folder: share of test images, drawn by the digests of their names, if `paths` have <class>/* without a split;
    arrays: share of each class for testing, drawn by a key, if the file has no split; None: there is a split"""
    label_column: str = "y"
    """arrays only: column of a Parquet file with the labels; all others are features"""
    stored: Stored = "arrays"
    """`arrays`: their pixels, which costs nothing to read; `files`: each as its source file or, if that is smaller,
    compressed without loss: half the space or less, the same pixels, a millisecond of a core to read each"""
    train_pairs: int = Field(10_000, ge=100)
    """digit_pairs only: number of training images drawn"""
    test_pairs: int = Field(2_000, ge=100)
    """digit_pairs only"""
    licence: str = "not stated"


class DatasetSpec(SourceSettings):
    """A dataset: its stored images or arrays, and the views that training makes of them."""

    views: Views = ViewRecipe()
    """of images: a recipe; of arrays: `FILE.py:FUNCTION`, or `{function: FILE.py:FUNCTION, settings: {...}}`"""

    @model_validator(mode="after")
    def _fitting_views(self) -> DatasetSpec:
        custom = isinstance(self.views, CustomViews)
        if self.source == ARRAYS and not custom:
            got = "the augmentation of images" if "views" in self.model_fields_set else "none"
            raise ValueError(f"views: expected FILE.py:FUNCTION, as no views of arrays are known by name, got {got}")
        if self.source != ARRAYS and custom:
            raise ValueError(f"views: expected an augmentation of images for source = {self.source}, got a function")
        return self
