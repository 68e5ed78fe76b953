"""Compute the features of a run's checkpoints, once."""

import torch

from pipeline.data.images import load_images
from pipeline.embed import encode, save_features, save_labels
from pipeline.encoders import build_encoder
from pipeline.jobs import EmbedJob, subset_of
from pipeline.layout import Layout
from pipeline.progress import track
from pipeline.records import write_record
from pipeline.runs import Run
from pipeline.training.checkpoints import load_encoder


def run(job: EmbedJob, layout: Layout, device: torch.device) -> None:
    run = Run.from_name(job.run)
    splits = load_images(layout.data(run.dataset), layout.subset(*subset_of(run)), device)
    train = splits["train"]
    with torch.random.fork_rng(devices=[]):  # the constructor draws weights, which a checkpoint then replaces
        encoder = build_encoder(run, train.channels, job.views.size or train.size)
    encoder.to(device=device)
    encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stub
    folder = layout.features(job.run)
    todo = [(objective, epoch) for objective in job.objectives for epoch in job.checkpoints]
    for objective, epoch in track(todo, len(todo), f"embed {job.run}"):
        encoder.load_state_dict(load_encoder(layout.checkpoints(job.run), objective, epoch))
        features = {split: encode(encoder, images, job.views) for split, images in splits.items()}
        save_features(folder, objective, epoch, features["train"], features["test"])
    save_labels(folder, splits["train"].labels.cpu(), splits["test"].labels.cpu())
    write_record(job, layout, run=job.run)
