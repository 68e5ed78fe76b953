"""What training knows of an objective."""

from typing import Literal

from pipeline.settings.base import Settings


class Objective(Settings):
    """A loss of two views, by its name; `function` is `module:name`, or `FILE.py:name` outside the project."""

    name: str
    function: str
    head: Literal["projection", "classes"] = "projection"
    """what it reads: unit rows z [B, d], or logits of the classes [B, C]"""
    labels: bool = True
    """whether it may see labels; where not, it is given none"""
    options: tuple[str, ...] = ()
    """settings of the run that it takes by name beside the temperature"""
