"""Train all objectives of a run."""

import time
from dataclasses import asdict

import pandas as pd
import torch

from pipeline.data.images import load_images
from pipeline.files import sha256, write_csv, write_json
from pipeline.jobs import TwinsJob, subset_of
from pipeline.layout import Layout
from pipeline.provenance import hardware
from pipeline.records import fingerprint, write_record
from pipeline.runs import Run
from pipeline.training.checkpoints import checkpoint_path
from pipeline.training.twins import StepMass, train_twins


def run(job: TwinsJob, layout: Layout, device: torch.device, compiled: bool = False) -> None:
    run = Run.from_name(job.run)
    folder = layout.checkpoints(job.run)
    images = load_images(layout.data(run.dataset), layout.subset(*subset_of(run)), device)["train"]
    start = time.monotonic()
    found = train_twins(
        run, job.objectives, job.checkpoints, images, job.views, folder, fingerprint(job, layout), compiled=compiled
    )
    write_csv(folder / "losses.csv", pd.DataFrame(map(asdict, found.losses)))
    write_csv(
        layout.steps(job.run), pd.DataFrame(map(asdict, found.masses), columns=list(StepMass.__dataclass_fields__))
    )
    write_json(layout.timing(job.run), {"seconds": round(time.monotonic() - start, 3), **hardware()})
    kept = [checkpoint_path(folder, objective, epoch) for objective in job.objectives for epoch in job.checkpoints]
    checkpoints = {path.name: sha256(path) for path in kept}
    write_record(job, layout, run=job.run, digests=found.digests, checkpoints=checkpoints)
