"""Nearest class centre and linear probe of raw pixels, which a trained network has to beat."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.datasets.images import load_images
from pipeline.evaluate.pixels import raw_pixels
from pipeline.evaluate.probing import probes
from pipeline.system.files import write_csv

if TYPE_CHECKING:
    import torch

    from pipeline.jobs.declared import BaselinesJob
    from pipeline.stages import Inputs, Outputs


def run(job: BaselinesJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    splits = load_images(inputs["store"][0], inputs["subset"][0], device)
    train, test = splits["train"], splits["test"]
    found = probes(raw_pixels(train), train.labels, raw_pixels(test), test.labels, job.probes)
    rows = [{"objective": "raw_pixels", "probe": name, **asdict(result)} for name, result in found.items()]
    write_csv(outputs["baselines"], pd.DataFrame(rows))
