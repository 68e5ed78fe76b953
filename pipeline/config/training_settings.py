"""Settings of training."""

import re
from typing import Literal, get_args

from pydantic import Field

from pipeline.config.base import Settings

Shared = Literal["initialisation", "batches", "augmentations"]
SHARED: tuple[Shared, ...] = get_args(Shared)


def classes_of_batch(batches: str) -> int | None:
    """Return K where `batches` is `K_classes`; None for another word."""
    match = re.fullmatch(r"([1-9]\d*)_classes", batches)
    return int(match[1]) if match else None


class TrainingSettings(Settings):
    """Settings of training; the defaults are the paper's. See `pipeline.config.run.Run` for a whole run."""

    encoder: str = "resnet50"
    """a file of pipeline/models/encoders, `timm:NAME`, or `FILE.py:FUNCTION` of a custom encoder"""
    width: int = Field(64, ge=4, le=16_384)
    """channels of a ResNet's first stage, 64 as published; a ViT has COLUMNS (in its file) times as many columns; of
    `mlp` the columns of a layer"""
    depth: int = Field(2, ge=1, le=64)
    """number of layers of the encoder `mlp`; others do not read it"""
    stem: Literal["cifar", "imagenet"] = "cifar"
    """3x3 stride 1, or 7x7 stride 2 and max-pool"""
    projection: int = Field(128, ge=2, le=65_536)
    """dimension of z"""
    temperature: float = Field(0.5, gt=0.0)
    denominator: Literal["paper", "released_code"] = "paper"
    """released_code: the positive is in the denominator of CL and NSCL too"""
    view_pairs: Literal["distinct", "all"] = "distinct"
    """all: CL and NSCL as printed, see twin_alignment/losses/contrastive.py"""
    ce_head: Literal["features", "projection"] = "features"
    """input of cross-entropy's linear head"""
    batch_size: int = Field(1024, ge=2)
    batches: str = Field("permutation", pattern=r"^(permutation|class_weighted|[1-9]\d*_classes)$")
    """permutation: an epoch shows every image once; class_weighted, as in the released code: batches are independent,
    every class is equally likely, and within a class images are drawn with replacement, so that one may come twice;
    10_classes: batches are independent, and each has the same number of images of 10 classes that are drawn for it"""
    epochs: int = Field(1000, ge=0)
    warmup_epochs: int = Field(10, ge=0)
    horizon_epochs: int | None = Field(None, ge=1)
    """length of the cosine decay; None: epochs"""
    schedule: Literal["warmup_then_cosine", "released_code"] = "warmup_then_cosine"
    """released_code: set once an epoch, and the cosine starts at the first epoch, during the warm-up"""
    optimiser: Literal["lars", "sgd"] = "lars"
    """sgd: plain gradient steps w - rate * gradient, as in the theory; momentum, weight_decay, trust_coefficient and
    lars_exclude are not read"""
    learning_rate: float = Field(0.3, gt=0.0)
    """at a batch of 256"""
    learning_rate_rule: Literal[
        "linear", "sqrt", "fourth_root", "constant", "sqrt_published", "fourth_root_published"
    ] = "linear"
    """growth of the rate with the batch; the published root rules start from rates 16 and 64 times smaller"""
    momentum: float = Field(0.9, ge=0.0, lt=1.0)
    weight_decay: float = Field(1e-6, ge=0.0)
    trust_coefficient: float = Field(1e-3, gt=0.0)
    """LARS trust coefficient"""
    lars_exclude: Literal["bias_and_norm", "none"] = "bias_and_norm"
    """parameters without decay and adaptation"""
    max_grad_norm: float | None = Field(None, gt=0.0)
    """largest gradient norm; the released code uses 1.0"""
    precision: Literal["float32", "bfloat16"] = "float32"
    """bfloat16: autocast of the encoder, losses stay float32; several times slower on a CPU without its instructions"""
    shared: tuple[Shared, ...] = SHARED
    """parts of the randomness that all twins share"""

    @property
    def horizon(self) -> int:
        """Length of the cosine decay in epochs."""
        return self.horizon_epochs or max(self.epochs, 1)
