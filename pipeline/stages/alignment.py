"""How alike the twins of a run are at every kept epoch."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.alignment.movement import Travelled
from pipeline.alignment.trajectory import Features, Weights, trajectory
from pipeline.features import load_features, load_labels
from pipeline.files import write_csv
from pipeline.progress import track
from pipeline.training.checkpoints import load_encoder
from pipeline.training.schedule import path_length

if TYPE_CHECKING:
    import torch

    from pipeline.stages import Inputs, Outputs
    from pipeline.workflow.stages import AlignmentJob


def run(job: AlignmentJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    folder, checkpoints = inputs["features"][0], inputs["checkpoints"][0]

    def features_of(objective: str, epoch: int) -> Features:
        return {split: rows.to(device) for split, rows in load_features(folder, objective, epoch).items()}

    def weights_of(objective: str, epoch: int) -> Weights:
        return load_encoder(checkpoints, objective, epoch)

    labels = {split: rows.to(device) for split, rows in load_labels(folder).items()}
    steps = pd.read_csv(inputs["steps"][0])
    rates = steps[steps["objective"] == job.objectives[0]]  # all twins have the same
    travelled = {}
    for epoch in job.checkpoints:
        so_far = rates.loc[rates["epoch"] <= epoch, "learning_rate"].tolist()
        travelled[epoch] = Travelled(len(so_far), path_length(job.run, so_far))
    epochs = track(job.checkpoints, len(job.checkpoints), f"alignment {job.run.name}")
    found = trajectory(job.objectives, epochs, features_of, weights_of, labels, travelled)
    for kind in ("alignment", "weights", "collapse", "movement"):
        write_csv(outputs[kind], pd.DataFrame(map(asdict, getattr(found, kind))))
