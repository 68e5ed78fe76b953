"""Typed settings: what may stand in `params.yaml`, with its limits.

A wrong setting is refused before any work starts, in a sentence that names the key, its value and what is allowed.
The JSON schema under `workflow/schemas/` is generated from these types.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Objective = Literal["cl", "nscl", "scl", "ce"]
OBJECTIVES: tuple[Objective, ...] = get_args(Objective)
Shared = Literal["initialisation", "batches", "augmentations"]
SHARED: tuple[Shared, ...] = get_args(Shared)


class SettingsError(ValueError):
    """A setting is wrong; the message is one sentence for the person who wrote it."""


class Settings(BaseModel):
    """Base of every settings type: frozen, hashable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ViewRecipe(Settings):
    """Random augmentation of one training view; every image draws its own parameters.

    Defaults are the paper's at 32 and 64 pixels. Colour operations that need three channels (saturation, hue, grey)
    are skipped on single-channel images.
    """

    size: tuple[int, int] | None = None  # (height, width) of a view; none: the stored size
    crop_scale: tuple[float, float] = (0.08, 1.0)  # share of the image's area
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3)  # width over height, in pixels
    flip: float = Field(0.5, ge=0.0, le=1.0)  # probability of a horizontal mirror image
    jitter: float = Field(0.8, ge=0.0, le=1.0)  # probability of colour jitter
    brightness: float = Field(0.4, ge=0.0, le=1.0)
    contrast: float = Field(0.4, ge=0.0, le=1.0)
    saturation: float = Field(0.4, ge=0.0, le=1.0)
    hue: float = Field(0.1, ge=0.0, le=0.5)
    grey: float = Field(0.2, ge=0.0, le=1.0)  # probability of dropping the colour
    blur: float = Field(0.0, ge=0.0, le=1.0)  # probability of a Gaussian blur
    blur_sigma: tuple[float, float] = (0.1, 2.0)  # pixels

    @model_validator(mode="after")
    def _ordered(self) -> ViewRecipe:
        for name in ("crop_scale", "crop_ratio", "blur_sigma"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ValueError(f"{name} = [{low}, {high}]: allowed is 0 < low <= high")
        if self.crop_scale[1] > 1:
            raise ValueError(f"crop_scale = {list(self.crop_scale)}: allowed is at most 1")
        if self.size is not None and min(self.size) < 1:
            raise ValueError(f"size = {list(self.size)}: allowed is at least 1 pixel each")
        return self


Source = Literal[
    "digits",
    "digit_pairs",
    "cifar10",
    "cifar100",
    "svhn",
    "fashion_mnist",
    "tiny_imagenet",
    "mini_imagenet",
    "imagenet1k",
    "folder",
]


class DatasetSpec(Settings):
    """Where a dataset's images come from and how its training views are made."""

    source: Source
    classes: int | None = Field(None, ge=2)  # known number of classes; none: counted when prepared
    paths: tuple[str, ...] = ()  # files or folders to read; empty: <downloads>/<source's usual name>
    size: int | None = Field(None, ge=1)  # stored height = width in pixels; none: all images must have one size already
    train_pairs: int = Field(10_000, ge=100)  # digit_pairs only: number of training images drawn
    test_pairs: int = Field(2_000, ge=100)  # digit_pairs only
    licence: str = "not stated"
    views: ViewRecipe = ViewRecipe()


class TrainingSettings(Settings):
    """How twins are trained; the defaults are the paper's. See `pipeline.runs.Run` for the whole of a run."""

    encoder: Literal["resnet10", "resnet18", "resnet50", "vit_micro", "vit_tiny", "vit_small"] = "resnet50"
    width: int = Field(64, ge=4)  # channels of a ResNet's first stage, 64 as published; a ViT's width / 3 per head
    stem: Literal["cifar", "imagenet"] = "cifar"  # 3x3 stride 1, or 7x7 stride 2 and max-pool
    projection: int = Field(128, ge=2)  # dimension of z
    temperature: float = Field(0.5, gt=0.0)
    denominator: Literal["paper", "released_code"] = "paper"  # released_code: the positive is in the denominator too
    view_pairs: Literal["distinct", "all"] = "distinct"  # all: the formula as printed, see objectives.py
    ce_head: Literal["features", "projection"] = "features"  # what cross-entropy's linear head reads
    batch_size: int = Field(1024, ge=2)
    epochs: int = Field(1000, ge=0)
    warmup_epochs: int = Field(10, ge=0)
    horizon_epochs: int | None = Field(None, ge=1)  # length of the cosine decay; none: epochs
    learning_rate: float = Field(0.3, gt=0.0)  # at a batch of 256
    learning_rate_rule: Literal[
        "linear", "sqrt", "fourth_root", "constant", "sqrt_published", "fourth_root_published"
    ] = "linear"
    momentum: float = Field(0.9, ge=0.0, lt=1.0)
    weight_decay: float = Field(1e-6, ge=0.0)
    trust: float = Field(1e-3, gt=0.0)  # LARS trust coefficient
    lars_exclude: Literal["bias_and_norm", "none"] = "bias_and_norm"  # from decay and adaptation
    clip: float | None = Field(None, gt=0.0)  # largest gradient norm; the released code uses 1.0
    precision: Literal["float32", "bfloat16"] = "float32"  # bfloat16: autocast of the encoder, losses stay float32
    shared: tuple[Shared, ...] = SHARED  # what the twins have in common


class ProbeSettings(Settings):
    """The linear probe on frozen features; the nearest class centre has no settings.

    `lbfgs` is multinomial regression on standardised features, solved until it has converged; `released_code` is what
    the paper's code does: 300 full-batch Adam steps at 3e-3 on raw features, no bias, converged or not.
    """

    solver: Literal["lbfgs", "released_code"] = "lbfgs"
    l2: float = Field(1e-3, ge=0.0)  # weight of ||W||^2 / 2 beside the mean cross-entropy
    tolerance: float = Field(1e-4, gt=0.0)  # converged: largest absolute entry of the gradient below this
    max_iterations: int = Field(500, ge=1)


class Experiment(Settings):
    """A grid of runs: every entry gives values, or lists of values, for fields of a run."""

    objectives: tuple[Objective, ...] = OBJECTIVES
    checkpoints: Literal["last", "log_spaced"] | tuple[int, ...] = (
        "last"  # epochs kept beside the last one; log_spaced:
    )
    # the initialisation 0, then 1, 2, 4, 8, ...
    grid: tuple[dict[str, Any], ...] = Field(min_length=1)  # values are checked where the runs are made


class ClaimRule(Settings):
    """When a claim holds: its quantity's 95 % interval over seeds, or every single value, lies beyond a number."""

    above: float | None = None
    below: float | None = None
    each: bool = False  # for statements about every case: one value on the other side refutes them

    @model_validator(mode="after")
    def _one_side(self) -> ClaimRule:
        if (self.above is None) == (self.below is None):
            raise ValueError("allowed is one of above and below")
        return self


class Params(Settings):
    """All of `params.yaml`."""

    results: str = "results"
    reports: str = "reports"
    downloads: str = "downloads"
    datasets: dict[str, DatasetSpec] = {}  # beside, or instead of, those of the catalog
    training: TrainingSettings = TrainingSettings()  # defaults of every run
    probes: ProbeSettings = ProbeSettings()
    experiments: dict[str, Experiment]
    claims: dict[str, ClaimRule] = {}  # by name, see pipeline/reporting/registry.py

    @property
    def sha256(self) -> str:
        """Of all settings, defaults included."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def explain(error: ValidationError, where: str) -> str:
    """One sentence per wrong setting: key, value, what is allowed."""
    sentences = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"]) or "settings"
        if item["type"] == "extra_forbidden":
            sentences.append(f"{where}: unknown key {key!r}")
        elif item["type"] == "missing":
            sentences.append(f"{where}: {key} is missing")
        elif item["type"] == "value_error":
            sentences.append(f"{where}: {key}: {item['ctx']['error']}")
        else:
            sentences.append(f"{where}: {key} = {item['input']!r}: {item['msg'][0].lower()}{item['msg'][1:]}")
    return "\n".join(sentences)


SettingsType = TypeVar("SettingsType", bound=Settings)


def parse(kind: type[SettingsType], values: dict[str, Any], where: str) -> SettingsType:
    """Settings of a kind from plain values; raises SettingsError that names `where`."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise SettingsError(explain(error, where)) from None


def read_params(path: Path) -> Params:
    """Settings from a YAML file; raises SettingsError."""
    if not path.is_file():
        raise SettingsError(f"{path}: no such file")
    try:
        values = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: not YAML: {error}") from None
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: expected a mapping of settings")
    return parse(Params, values, str(path))
