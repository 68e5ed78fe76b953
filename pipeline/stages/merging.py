"""Accuracy of encoders on the line between CL's and NSCL's weights."""

from dataclasses import asdict

import pandas as pd
import torch

from pipeline.data.images import load_images
from pipeline.embed import encode
from pipeline.encoders import build_encoder
from pipeline.files import write_csv
from pipeline.jobs import MergingJob, subset_of
from pipeline.layout import Layout
from pipeline.probes import linear_probe, nearest_class_centre
from pipeline.progress import track
from pipeline.reporting.measured import labelled
from pipeline.runs import Run
from pipeline.training.checkpoints import load_encoder

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of NSCL in the weights


def run(job: MergingJob, layout: Layout, device: torch.device) -> None:
    tables = [_of_run(job, Run.from_name(name), layout, device) for name in track(job.runs, len(job.runs), "merging")]
    write_csv(layout.reports / "merging.csv", pd.concat(tables))


def _of_run(job: MergingJob, run: Run, layout: Layout, device: torch.device) -> pd.DataFrame:
    """Weights and batch-norm statistics are both interpolated; nothing is trained or estimated again."""
    splits = load_images(layout.data(run.dataset), layout.subset(*subset_of(run)), device)
    train, test = splits["train"], splits["test"]
    views = job.views[run.dataset]
    with torch.random.fork_rng(devices=[]):  # the constructor draws weights, which are then replaced
        encoder = build_encoder(run, train.channels, views.size or train.size).to(device)
    ends = [load_encoder(layout.checkpoints(run.name), objective, run.epochs) for objective in ("cl", "nscl")]
    rows = []
    for share in SHARES:
        mixed = {
            name: torch.lerp(cl, ends[1][name], share) if cl.is_floating_point() else cl for name, cl in ends[0].items()
        }
        encoder.load_state_dict(mixed)
        features = [encode(encoder, images, views).to(device) for images in (train, test)]
        data = features[0], train.labels, features[1], test.labels
        found = {"nccc": nearest_class_centre(*data), "lp": linear_probe(*data, job.probes)}
        rows += [{"share": share, "probe": probe, **asdict(result)} for probe, result in found.items()]
    return labelled(run, pd.DataFrame(rows))
