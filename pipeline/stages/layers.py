"""Measure at which layers CL and the other twins of a run are alike: every stage, features and projections."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pipeline.config.base import Settings
from pipeline.config.run import Run
from pipeline.models.encoders import module_of
from pipeline.planning.plan import Plan
from pipeline.planning.stage import Stage
from pipeline.stages.measure import MEASURING
from pipeline.system.files import Inputs, Outputs

if TYPE_CHECKING:
    import torch

    from twin_alignment.measures.layer_similarity import Layers

VERSION = 2  # raise it when the numbers change: results of another VERSION are made again


class LayersJob(Settings):
    run: Run
    objectives: tuple[str, ...]
    epochs: tuple[int, ...]
    size: tuple[int, int] | None  # of what the encoder reads


def job_of(plan: Plan, name: str) -> LayersJob:
    """Take every kept epoch but the first, where twins that share their initialisation are one network."""
    run, request = plan.request(name)
    epochs = tuple(epoch for epoch in request.checkpoints if epoch or not run.epochs)
    size = plan.dataset(run.dataset).views.size
    return LayersJob(run=run, objectives=request.names, epochs=epochs, size=size)


def run(job: LayersJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    import pandas as pd

    from pipeline.datasets.images import load_images
    from pipeline.evaluate.embed import encode_layers
    from pipeline.models.empty import empty_network
    from pipeline.models.memory_layout import channels_last_kernels
    from pipeline.system.files import write_csv
    from pipeline.train.checkpoints import load_checkpoint
    from twin_alignment.measures.layer_similarity import LayerRow, layer_rows
    from twin_alignment.progress import track

    splits = load_images(inputs["store"][0], inputs["subset"][0], device)
    train, checkpoints = splits["train"], inputs["checkpoints"][0]
    network = empty_network(job.run, train.channels, job.size or train.size).to(device)
    channels_last_kernels(network)

    def layers_of(objective: str, epoch: int) -> Layers:
        weights = load_checkpoint(checkpoints, objective, epoch)
        parts = {name.partition(".")[0] for name in weights}
        read = {name: weight for name, weight in weights.items() if name.startswith(("encoder.", "projection_head."))}
        network.load_state_dict(read, strict="projection_head" in parts)
        layers_by_split = {split: encode_layers(network, images, job.size) for split, images in splits.items()}
        if "projection_head" not in parts or ("classifier" in parts and job.run.ce_head == "features"):
            for layers in layers_by_split.values():
                del layers["z"]  # of a projection head that training never used
        return layers_by_split

    labels = {split: images.labels for split, images in splits.items()}
    epochs = track(job.epochs, len(job.epochs), f"layers {job.run.name}")
    rows = layer_rows(job.objectives, epochs, layers_of, labels)
    columns = list(LayerRow.__dataclass_fields__)  # a run without CL compares nothing: a header and no row
    write_csv(outputs["layers"], pd.DataFrame(map(asdict, rows), columns=columns))


STAGE = Stage(
    "layers",
    job_of,
    {"layers": "layers.csv"},
    folder="measures/layers",
    reads=lambda job: job.run.network_inputs,
    modules=lambda job: [module_of(job.run.encoder)],
    watches=MEASURING,
    uses_device=True,
    subject="run",
    subjects=lambda plan: plan.names_of("trajectory", "plain_sgd"),
)
