"""Nearest class centre and linear probe of a run's last epoch."""

from dataclasses import asdict

import pandas as pd
import torch

from pipeline.embed import load_features, load_labels
from pipeline.files import write_csv
from pipeline.jobs import ProbeJob
from pipeline.layout import Layout
from pipeline.probes import linear_probe, nearest_class_centre
from pipeline.progress import track
from pipeline.records import write_record
from pipeline.runs import Run


def run(job: ProbeJob, layout: Layout, device: torch.device) -> None:
    folder = layout.features(job.run)
    labels = {split: rows.to(device) for split, rows in load_labels(folder).items()}
    rows = []
    for objective in track(job.objectives, len(job.objectives), f"probe {job.run}"):
        features = load_features(folder, objective, Run.from_name(job.run).epochs)
        train, test = features["train"].to(device), features["test"].to(device)
        results = {
            "nccc": nearest_class_centre(train, labels["train"], test, labels["test"]),
            "lp": linear_probe(train, labels["train"], test, labels["test"], job.probes),
        }
        rows += [{"objective": objective, "probe": name, **asdict(found)} for name, found in results.items()]
    write_csv(layout.probes(job.run), pd.DataFrame(rows))
    write_record(job, layout, run=job.run)
