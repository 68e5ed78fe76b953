"""Settings for a folder of custom images: a file to start from, and to change."""

import json
import re
from dataclasses import dataclass
from math import ceil, floor, log2, log10
from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.datasets.survey import Survey

PATH_LENGTH = 2.0  # sum of learning rate times trust, at which CL learned on digits and on CIFAR-100
RATE = 0.3  # at a batch of 256, as published
SEEDS = "[0, 1, 2]"  # as few as give an interval that says something


@dataclass(frozen=True)
class Machine:
    """Settings that fit a kind of machine."""

    name: str
    network: str  # settings
    side: int  # of images in pixels, at most
    batch: int  # at most
    steps: int  # of training, at least


CPU = Machine("a CPU", "encoder: resnet10\n  width: 16", side=32, batch=128, steps=400)
GPU = Machine("a GPU", "encoder: resnet18\n  width: 64\n  precision: bfloat16", side=64, batch=512, steps=4000)


def file_for(tree: Path) -> Path:
    """Path of a folder's settings. Raises SettingsError where the file exists: manual changes are not written over."""
    name = tree.stem if tree.suffix.lower() == ".zip" else tree.resolve().name
    file = Path("params") / (re.sub(r"[^\w-]", "_", name) + ".yaml")
    if file.exists():
        raise SettingsError(f"{file}: there already; delete it, or give the folder of images another name")
    return file


def settings_text(name: str, tree: Path, images: Survey, machine: Machine, test_share: float | None = None) -> str:
    """A settings file in YAML, with a word on every choice."""
    share = "" if test_share is None else f"\n    test_share: {test_share} # by digests of names: more images move none"
    side = min(machine.side, images.sides[1])
    batch = batch_size(images.train, machine)
    steps = images.train // batch
    epochs = max(8, ceil(machine.steps / steps))
    warmup = epochs // 8
    trust_coefficient = rounded(PATH_LENGTH / (RATE * batch / 256 * steps * epochs / 2))
    size = "all have one size" if images.alike and side == images.sides[1] else "shorter side scaled, centre cut out"
    return f"""\
# {images.classes} classes, {images.train:,} training and {images.test:,} test images, sides {span(images)} pixels.
# Written by `python -m pipeline start {tree}` for {machine.name}; a file to be changed. pipeline/config/ says what
# each setting may be.
#
#   snakemake --cores all --configfile params/{name}.yaml
#   snakemake --cores all reports/{name}/table1.csv --configfile params/{name}.yaml   # the first table alone

results: results/{name}
reports: reports/{name}
downloads: downloads

datasets:
  "{name}":
    source: folder
    paths: [{json.dumps(str(tree), ensure_ascii=False)}]{share}
    size: {side} # pixels: {size}; more costs more by its square

training:
  {machine.network}
  stem: {"cifar" if side < 32 else "imagenet"} # {"keeps" if side < 32 else "halves twice"} the images' side
  batch_size: {batch}
  epochs: {epochs} # {steps * epochs:,} steps
  warmup_epochs: {warmup}
  trust_coefficient: {trust_coefficient:g} # a path length of about {PATH_LENGTH:g}; shorter training learns nothing

experiments:
  table1: # the objectives, and three controls as twins
    objectives: &all [cl, nscl, scl, ce, nscl_shuffled, cl_independent, cl_perturbed]
    grid: &twins
      - {{dataset: "{name}", seed: {SEEDS}}}
  trajectory: # the same runs, looked at from their initialisation on
    objectives: *all
    checkpoints: log_spaced
    grid: *twins
"""


def batch_size(train: int, machine: Machine) -> int:
    """A power of two: the machine's, or less where an epoch would have fewer than 8 steps; of few images at least 16,
    as CL needs negatives, if there are as many."""
    wanted = max(min(machine.batch, train // 8), min(16, train))
    return int(2 ** floor(log2(wanted)))


def rounded(value: float) -> float:
    """To one digit."""
    return round(value, -floor(log10(value)))


def found_text(tree: Path, images: Survey) -> str:
    """Sentences on the contents of a folder, and on the files that are skipped."""
    counts = f"{images.classes} classes, {images.train} training and {images.test} test images"
    return "\n".join([f"{tree}: {counts}, shorter sides {span(images)} pixels", *images.notes])


def span(images: Survey) -> str:
    low, middle, high = images.sides
    return str(low) if low == high else f"{low} to {high} (median {middle})"
