"""Nearest class centre and linear probe of a run's last epoch, and of the network it started from."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.features import load_features, load_labels
from pipeline.files import write_csv
from pipeline.probes import probes
from pipeline.progress import track

if TYPE_CHECKING:
    import torch

    from pipeline.stages import Inputs, Outputs
    from pipeline.workflow.stages import ProbeJob


def run(job: ProbeJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    folder = inputs["features"][0]
    labels = {split: rows.to(device) for split, rows in load_labels(folder).items()}
    # `untrained`: what training has to beat; of CL where it is trained, as all that share their start are one network
    start = "cl" if "cl" in job.objectives else job.objectives[0]
    todo = [*((objective, objective, job.run.epochs) for objective in job.objectives), ("untrained", start, 0)]
    rows = []
    for label, objective, epoch in track(todo, len(todo), f"probe {job.run.name}"):
        features = load_features(folder, objective, epoch)
        train, test = features["train"].to(device), features["test"].to(device)
        found = probes(train, labels["train"], test, labels["test"], job.probes)
        rows += [{"objective": label, "probe": name, **asdict(result)} for name, result in found.items()]
    write_csv(outputs["probes"], pd.DataFrame(rows))
