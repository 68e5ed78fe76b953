"""Settings of the augmentation of training views."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from pipeline.config.base import FORM, Settings


class ViewRecipe(Settings):
    """Random augmentation of one training view; every image draws its own parameters.

    Defaults are the paper's at 32 and 64 pixels. Colour operations that need three channels (saturation, hue, grey)
    are skipped on single-channel images.
    """

    size: tuple[int, int] | None = None
    """(height, width) of a view; None: the stored size"""
    crop_scale: tuple[float, float] = (0.08, 1.0)
    """share of the image's area"""
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3)
    """width over height, in pixels"""
    flip: float = Field(0.5, ge=0.0, le=1.0)
    """probability of a horizontal mirror image"""
    jitter: float = Field(0.8, ge=0.0, le=1.0)
    """probability of colour jitter"""
    brightness: float = Field(0.4, ge=0.0, le=1.0)
    contrast: float = Field(0.4, ge=0.0, le=1.0)
    saturation: float = Field(0.4, ge=0.0, le=1.0)
    hue: float = Field(0.1, ge=0.0, le=0.5)
    grey: float = Field(0.2, ge=0.0, le=1.0)
    """probability of dropping the colour"""
    blur: float = Field(0.0, ge=0.0, le=1.0)
    """probability of a Gaussian blur"""
    blur_sigma: tuple[float, float] = (0.1, 2.0)
    """pixels"""
    blur_kernel: int | None = Field(None, ge=3)
    """side of the blur's kernel in pixels, odd; None: about a tenth of the image's side, as in SimCLR. The released
    code has 3 pixels with sigma 1.5"""

    @property
    def files(self) -> tuple[str, ...]:
        """Files of the user that the views need."""
        return ()

    @model_validator(mode="after")
    def _ordered(self) -> ViewRecipe:
        for name in ("crop_scale", "crop_ratio", "blur_sigma"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name}: expected 0 < low <= high, got [{low}, {high}]")
        if self.crop_scale[1] > 1:
            raise ValueError(f"crop_scale: expected at most 1, got {list(self.crop_scale)}")
        if self.size is not None and min(self.size) < 1:
            raise ValueError(f"size: expected at least 1 pixel each, got {list(self.size)}")
        if self.blur_kernel is not None and self.blur_kernel % 2 == 0:
            raise ValueError(f"blur_kernel: expected an odd number, got {self.blur_kernel}")
        return self


class CustomViews(Settings):
    """Views by a function of the user, for arrays. `views: FILE.py:FUNCTION` is short for `{function: ...}`."""

    function: str
    """`FILE.py:FUNCTION`, a function of (batch, generator, settings) that returns a view of every row"""
    settings: dict[str, int | float | str] = Field(default={})
    """what the function gets as `settings`, such as strengths"""

    @property
    def size(self) -> None:
        """Views have the shape of the rows."""
        return None

    @property
    def files(self) -> tuple[str, ...]:
        """Files of the user that the views need."""
        return (self.function.rpartition(":")[0],)

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"function": value} if isinstance(value, str) else value

    @field_validator("settings", mode="before")
    @classmethod
    def _numbers_and_text(cls, values: Any) -> Any:
        for name, value in values.items() if isinstance(values, dict) else ():
            if not isinstance(value, int | float | str):
                raise ValueError(f"{name}: expected a number or text, got {value!r}")
        return values

    def __hash__(self) -> int:
        return hash((self.function, json.dumps(self.settings, sort_keys=True)))


def _form(value: Any) -> str:
    """Tag of the form in which views are given."""
    is_custom = isinstance(value, str | CustomViews) or (isinstance(value, dict) and "function" in value)
    return f"{FORM}custom" if is_custom else f"{FORM}recipe"


Views = Annotated[
    Annotated[ViewRecipe, Tag(f"{FORM}recipe")] | Annotated[CustomViews, Tag(f"{FORM}custom")], Discriminator(_form)
]
