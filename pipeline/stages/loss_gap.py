"""CL's loss less NSCL's loss on trained networks, beside its bound."""

import pandas as pd
import torch

from pipeline.data.images import load_images
from pipeline.files import write_csv
from pipeline.jobs import NetworksJob, subset_of
from pipeline.layout import Layout
from pipeline.progress import track
from pipeline.randomness import keyed_generator
from pipeline.reporting.measured import labelled
from pipeline.runs import Run
from pipeline.theory.loss_gap import loss_gap, loss_gap_bound
from pipeline.training.checkpoints import load_checkpoint
from pipeline.training.twins import initial_network
from pipeline.views import apply_views, draw_views

BATCH = 256  # images a forward pass


def run(job: NetworksJob, layout: Layout, device: torch.device) -> None:
    tables = [_of_run(job, Run.from_name(name), layout, device) for name in track(job.runs, len(job.runs), "loss_gap")]
    write_csv(layout.reports / "loss_gap.csv", pd.concat(tables))


@torch.inference_mode()
def _of_run(job: NetworksJob, run: Run, layout: Layout, device: torch.device) -> pd.DataFrame:
    """All training images at once, two views of each, networks of the last epoch in evaluation mode."""
    images = load_images(layout.data(run.dataset), layout.subset(*subset_of(run)), device)["train"]
    recipe = job.views[run.dataset]
    generators = [keyed_generator(run.seed, "loss gap", view) for view in (1, 2)]
    batches = [
        [
            apply_views(part, draw_views(recipe, g, len(part), *images.size), recipe, images.mean, images.std)
            for g in generators
        ]
        for part in images.batches(BATCH)
    ]
    counts = images.labels.bincount()
    bound = loss_gap_bound(int(counts.max()), len(images), run.temperature)
    rows = []
    for objective in ("cl", "nscl"):
        network = initial_network(run, objective, images.channels, recipe.size or images.size, images.classes)
        network.load_state_dict(load_checkpoint(layout.checkpoints(run.name), objective, run.epochs))
        network.to(device).eval()
        z1, z2 = (torch.cat([network(views[view]) for views in batches]) for view in (0, 1))
        gap = loss_gap(z1, z2, images.labels, run.temperature)
        rows.append({"objective": objective, "images": len(images), "gap": gap, "bound": bound})
    return labelled(run, pd.DataFrame(rows))
