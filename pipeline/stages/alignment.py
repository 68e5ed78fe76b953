"""How alike the twins of a run are at every kept epoch."""

from dataclasses import asdict

import pandas as pd
import torch

from pipeline.alignment.trajectory import Features, Weights, trajectory
from pipeline.embed import load_features, load_labels
from pipeline.files import write_csv
from pipeline.jobs import AlignmentJob
from pipeline.layout import Layout
from pipeline.progress import track
from pipeline.records import write_record
from pipeline.training.checkpoints import load_encoder


def run(job: AlignmentJob, layout: Layout, device: torch.device) -> None:
    def features_of(objective: str, epoch: int) -> Features:
        features = load_features(layout.features(job.run), objective, epoch)
        return {split: rows.to(device) for split, rows in features.items()}

    def weights_of(objective: str, epoch: int) -> Weights:
        return load_encoder(layout.checkpoints(job.run), objective, epoch)

    labels = {split: rows.to(device) for split, rows in load_labels(layout.features(job.run)).items()}
    epochs = track(job.checkpoints, len(job.checkpoints), f"alignment {job.run}")
    found = trajectory(job.objectives, epochs, features_of, weights_of, labels)
    write_csv(layout.measures(job.run, "alignment"), pd.DataFrame(map(asdict, found.alignment)))
    write_csv(layout.measures(job.run, "weights"), pd.DataFrame(map(asdict, found.weights)))
    write_csv(layout.measures(job.run, "collapse"), pd.DataFrame(map(asdict, found.collapse)))
    write_record(job, layout, run=job.run)
