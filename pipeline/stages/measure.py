"""Features of a run's checkpoints; their probes, and how alike the twins are at every kept epoch.

One job: a process takes seconds to start, and features of all checkpoints take less time than an epoch or two.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd
import torch

from pipeline.alignment.movement import Travelled
from pipeline.alignment.trajectory import Features, Weights, trajectory
from pipeline.data.images import load_images
from pipeline.embed import encode
from pipeline.features import load_features, load_labels, save_features, save_labels
from pipeline.files import write_csv
from pipeline.networks.empty import empty_network
from pipeline.probes import probes
from pipeline.progress import track
from pipeline.training.checkpoints import load_encoder
from pipeline.training.divergence import DivergenceError
from pipeline.training.schedule import path_length

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

    from pipeline.stages import Inputs, Outputs
    from pipeline.workflow.stages import MeasureJob


def run(job: MeasureJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    checkpoints, features = inputs["checkpoints"][0], outputs["features"]
    embed(job, inputs["store"][0], inputs["subset"][0], checkpoints, features, device)
    write_csv(outputs["probes"], probe_rows(job, features, device))
    found = alignment_rows(job, features, checkpoints, pd.read_csv(inputs["steps"][0]), device)
    for kind, rows in found.items():
        write_csv(outputs[kind], rows)


def embed(job: MeasureJob, store: Path, subset: Path, checkpoints: Path, features: Path, device: torch.device) -> None:
    """Features of both splits, a file an objective and epoch."""
    splits = load_images(store, subset, device)
    train, test = splits["train"], splits["test"]
    encoder = empty_network(job.run, train.channels, job.size or train.size).encoder.to(device)
    encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stub
    todo = [(objective, epoch) for objective in job.objectives for epoch in job.checkpoints]
    for objective, epoch in track(todo, len(todo), f"features {job.run.name}"):
        encoder.load_state_dict(load_encoder(checkpoints, objective, epoch))
        found = [encode(encoder, images, job.size) for images in (train, test)]
        _check(found, objective, epoch)
        save_features(features, objective, epoch, *found)
    save_labels(features, train.labels, test.labels)


def _check(features: Sequence[Tensor], objective: str, epoch: int) -> None:
    """Raises DivergenceError where an image's features have no direction."""
    for rows in features:
        sizes = rows.double().square().sum(1)
        bad = (~sizes.isfinite() | (sizes == 0)).nonzero()
        if len(bad):
            raise DivergenceError(
                f"the features of {objective} at epoch {epoch} are zero or not finite (of image {int(bad[0])})"
            )


def probe_rows(job: MeasureJob, folder: Path, device: torch.device) -> pd.DataFrame:
    """Nearest class centre and linear probe of the last epoch, and of the network that training started from."""
    labels = {split: rows.to(device) for split, rows in load_labels(folder).items()}
    # `untrained`: what training has to beat; of CL where it is trained, as all that share their start are one network
    start = "cl" if "cl" in job.objectives else job.objectives[0]
    todo = [*((objective, objective, job.run.epochs) for objective in job.objectives), ("untrained", start, 0)]
    rows = []
    for label, objective, epoch in track(todo, len(todo), f"probes {job.run.name}"):
        features = load_features(folder, objective, epoch)
        train, test = features["train"].to(device), features["test"].to(device)
        found = probes(train, labels["train"], test, labels["test"], job.probes)
        rows += [{"objective": label, "probe": name, **asdict(result)} for name, result in found.items()]
    return pd.DataFrame(rows)


def alignment_rows(
    job: MeasureJob, folder: Path, checkpoints: Path, steps: pd.DataFrame, device: torch.device
) -> dict[str, pd.DataFrame]:
    """Alignment, weights, collapse and movement at every kept epoch, by kind."""

    def features_of(objective: str, epoch: int) -> Features:
        return {split: rows.to(device) for split, rows in load_features(folder, objective, epoch).items()}

    def weights_of(objective: str, epoch: int) -> Weights:
        return load_encoder(checkpoints, objective, epoch)

    labels = {split: rows.to(device) for split, rows in load_labels(folder).items()}
    rates = steps[steps["objective"] == job.objectives[0]]  # all twins have the same
    travelled = {}
    for epoch in job.checkpoints:
        so_far = rates.loc[rates["epoch"] <= epoch, "learning_rate"].tolist()
        travelled[epoch] = Travelled(len(so_far), path_length(job.run, so_far))
    epochs = track(job.checkpoints, len(job.checkpoints), f"alignment {job.run.name}")
    found = trajectory(job.objectives, epochs, features_of, weights_of, labels, travelled)
    kinds = ("alignment", "weights", "collapse", "movement")
    return {kind: pd.DataFrame(map(asdict, getattr(found, kind))) for kind in kinds}
