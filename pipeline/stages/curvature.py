"""What the theory assumes of networks, measured on the CL twins of table 1's runs."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pipeline.data.images import load_images
from pipeline.files import write_csv
from pipeline.jobs import NetworksJob, subset_of
from pipeline.layout import Layout
from pipeline.objectives import loss
from pipeline.progress import track
from pipeline.randomness import keyed_generator
from pipeline.reporting.measured import labelled
from pipeline.runs import Run
from pipeline.theory.network import exponential_growth, largest_eigenvalue, surrogate_steps
from pipeline.training.checkpoints import load_checkpoint
from pipeline.training.stream import Stream
from pipeline.training.twins import initial_network

ITERATIONS = 12  # of the power iteration
SURROGATE_STEPS = 8
SURROGATE_RATE = 1e-3  # of plain gradient descent on the weights: small, as the question is one of direction


def run(job: NetworksJob, layout: Layout, device: torch.device) -> None:
    curvature, surrogate = [], []
    for name in track(job.runs, len(job.runs), "curvature"):
        found = _of_run(job, Run.from_name(name), layout, device)
        curvature.append(labelled(Run.from_name(name), found[0]))
        surrogate.append(labelled(Run.from_name(name), found[1]))
    write_csv(layout.reports / "curvature.csv", pd.concat(curvature))
    write_csv(layout.reports / "surrogate.csv", pd.concat(surrogate))


def _of_run(job: NetworksJob, run: Run, layout: Layout, device: torch.device) -> tuple[pd.DataFrame, pd.DataFrame]:
    images = load_images(layout.data(run.dataset), layout.subset(*subset_of(run)), device)["train"]
    recipe = job.views[run.dataset]
    batch = next(Stream(run, images, recipe, ["cl"]).epoch(1))["cl"]
    network = initial_network(run, "cl", images.channels, recipe.size or images.size, images.classes).to(device)
    parameters = [p for p in network.parameters() if p.requires_grad]
    generator = keyed_generator(run.seed, "curvature")
    draws = [generator.normal(size=tuple(p.shape)).astype(np.float32) for p in parameters]
    start = [torch.from_numpy(draw).to(device) for draw in draws]

    def objective() -> Tensor:
        z1, z2 = network(batch.view1), network(batch.view2)
        return loss("cl", z1, z2, batch.labels, run.temperature, run.denominator, run.view_pairs)

    def similarities() -> Tensor:
        """Anchors are the first views; their positives and negatives are second views."""
        product: Tensor = network(batch.view1) @ network(batch.view2).T
        return product

    weights = pd.read_csv(layout.measures(run.name, "weights")).query("first == 'cl' and second == 'nscl'")
    steps = pd.read_csv(layout.steps(run.name))
    rows, surrogate = [], []
    for epoch, gap in zip(weights["epoch"], weights["weight_gap"], strict=True):
        network.load_state_dict(load_checkpoint(layout.checkpoints(run.name), "cl", int(epoch)))
        total = float(steps.loc[steps["epoch"] <= epoch, "learning_rate"].sum())
        beta = largest_eigenvalue(objective, parameters, start, ITERATIONS)
        rows.append({"epoch": epoch, "sum_of_rates": total, "weight_gap": gap, "beta": beta})
        if epoch in (0, run.epochs):
            found = surrogate_steps(similarities, parameters, SURROGATE_RATE, SURROGATE_STEPS, run.temperature)
            surrogate += [{"epoch": epoch, "rate": SURROGATE_RATE, **asdict(row)} for row in found]
    table = pd.DataFrame(rows)
    moved = table[table["weight_gap"] > 0]
    if len(moved) >= 3:
        growth = exponential_growth(moved["sum_of_rates"].tolist(), moved["weight_gap"].tolist())
        table = table.assign(exponent=growth.exponent, exponent_r_squared=growth.r_squared)
    return table, pd.DataFrame(surrogate)
