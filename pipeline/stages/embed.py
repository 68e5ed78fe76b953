"""Compute the features of a run's checkpoints, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from pipeline.data.images import load_images
from pipeline.embed import encode
from pipeline.features import save_features, save_labels
from pipeline.networks.empty import empty_network
from pipeline.progress import track
from pipeline.training.checkpoints import load_encoder

if TYPE_CHECKING:
    from pipeline.stages import Inputs, Outputs
    from pipeline.workflow.stages import EmbedJob


def run(job: EmbedJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    splits = load_images(inputs["store"][0], inputs["subset"][0], device)
    train, test = splits["train"], splits["test"]
    encoder = empty_network(job.run, train.channels, job.size or train.size).encoder.to(device)
    encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stub
    folder = outputs["features"]
    todo = [(objective, epoch) for objective in job.objectives for epoch in job.checkpoints]
    for objective, epoch in track(todo, len(todo), f"embed {job.run.name}"):
        encoder.load_state_dict(load_encoder(inputs["checkpoints"][0], objective, epoch))
        save_features(folder, objective, epoch, *(encode(encoder, images, job.size) for images in (train, test)))
    save_labels(folder, train.labels, test.labels)
