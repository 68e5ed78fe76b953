"""CKA and RSA between the twins of a run at every kept epoch."""

from dataclasses import asdict

import pandas as pd
import torch

from pipeline.alignment.trajectory import trajectory
from pipeline.embed import load_features
from pipeline.files import write_csv
from pipeline.jobs import AlignJob
from pipeline.layout import Layout
from pipeline.progress import track
from pipeline.records import write_record


def run(job: AlignJob, layout: Layout, device: torch.device) -> None:
    def load(objective: str, epoch: int) -> dict[str, torch.Tensor]:
        features = load_features(layout.features(job.run), objective, epoch)
        return {split: rows.to(device) for split, rows in features.items()}

    epochs = track(job.checkpoints, len(job.checkpoints), f"align {job.run}")
    rows = trajectory(job.objectives, epochs, load)
    write_csv(layout.alignment(job.run), pd.DataFrame(map(asdict, rows)))
    write_record(job, layout, run=job.run)
