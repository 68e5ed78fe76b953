"""Settings of an objective, and of one with groups in place of classes."""

from typing import Literal

from pydantic import Field

from pipeline.config.base import Settings
from pipeline.config.training_settings import Shared


class LabelGroups(Settings):
    """Groups that an objective reads in place of the classes."""

    kind: Literal["map", "random", "random_images", "random_half"]
    """map: classes by a table; random: classes merged at random; random_images: images, whatever their class;
    random_half: a random half of the classes in one group, and every other class on its own"""
    count: int = 0
    """number of groups that are drawn at random, of equal sizes as nearly as possible"""
    classes: tuple[tuple[str, str], ...] = ()
    """(class, group) of every row of a map: its content, so that another content is another objective"""


class GroupedObjective(Settings):
    """An objective that reads groups of classes, or of images, in place of the classes."""

    objective: str
    """one that reads labels: a name of pipeline/config/objectives.py, or `FILE.py:FUNCTION`"""
    labels: str
    """`FILE.csv` with the columns class and group, a map of pipeline/datasets/label_maps (such as
    `cifar100/superclasses`), `random/NUMBER` or `random_images/NUMBER` of groups, or `random_half`"""
    name: str = ""
    """of the twin; empty: that of the objective and of its labels, as in nscl_superclasses and nscl_random_20"""


class Objective(Settings):
    """A loss of two views, by its name; `function` is `module:name`, or `FILE.py:name` outside the project."""

    name: str
    function: str
    head: Literal["projection", "classes"] = "projection"
    """input: unit rows z [B, d], or logits of the classes [B, C]"""
    labels: Literal["true", "shuffled", "none"] = "true"
    """labels that it may see; shuffled, a control: the images' labels in another order, so that class sizes stay"""
    groups: LabelGroups | None = None
    """groups that replace the classes; None: the classes"""
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
