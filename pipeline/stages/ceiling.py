"""How alike CL is to CL of another seed: what no surrogate can be expected to exceed by much."""

from dataclasses import asdict

import pandas as pd
import torch

from pipeline.alignment.trajectory import CeilingRow, Features, ceiling
from pipeline.embed import load_features
from pipeline.files import write_csv
from pipeline.jobs import CeilingJob
from pipeline.layout import Layout
from pipeline.progress import track
from pipeline.records import write_record
from pipeline.runs import Run


def run(job: CeilingJob, layout: Layout, device: torch.device) -> None:
    names = {Run.from_name(name).seed: name for name in job.runs}

    def features_of(seed: int, epoch: int) -> Features:
        features = load_features(layout.features(names[seed]), "cl", epoch)
        return {split: rows.to(device) for split, rows in features.items()}

    epochs = track(job.checkpoints, len(job.checkpoints), f"ceiling {job.run}")
    rows = ceiling(list(names), epochs, features_of)
    columns = list(CeilingRow.__dataclass_fields__)  # a single seed has no pair: a header and no row
    write_csv(layout.ceiling(job.run), pd.DataFrame(map(asdict, rows), columns=columns))
    write_record(job, layout, run=job.run)
