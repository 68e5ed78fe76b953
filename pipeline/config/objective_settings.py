"""Settings of an objective."""

from typing import Literal

from pydantic import Field

from pipeline.config.base import Settings
from pipeline.config.training_settings import Shared


class Objective(Settings):
    """A loss of two views, by its name; `function` is `module:name`, or `FILE.py:name` outside the project."""

    name: str
    function: str
    head: Literal["projection", "classes"] = "projection"
    """input: unit rows z [B, d], or logits of the classes [B, C]"""
    labels: Literal["true", "shuffled", "none"] = "true"
    """labels that it may see; shuffled, a control: the images' labels in another order, so that class sizes stay"""
    options: tuple[str, ...] = ()
    """settings of the run that it takes by name, in addition to the temperature"""
    independent_randomness: tuple[Shared, ...] = ()
    """a control: parts of the randomness that it draws independently, although the other twins share them"""
    stream: str = ""
    """key of the independent draws; empty: its name"""
    same_class_negative_dropout: float | None = Field(None, ge=0.0, le=1.0)
    """share of the weight of same-class negatives that it leaves out: 0 is CL, 1 is NSCL; None: does not apply"""
    init_perturbation: float = 0.0
    """a control: change of its encoder's first weight before the first step"""
