"""Where in the network CL and the other twins of a run are alike: every stage, features and projections."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd
import torch

from pipeline.datasets.images import load_images
from pipeline.evaluate.embed import encode_layers
from pipeline.models.empty import empty_network
from pipeline.system.files import write_csv
from pipeline.train.checkpoints import load_checkpoint
from twin_alignment.measures.layer_similarity import LayerRow, Layers, layer_rows
from twin_alignment.progress import track

if TYPE_CHECKING:
    from pipeline.jobs.declared import LayersJob
    from pipeline.stages import Inputs, Outputs

VERSION = 1  # raised when these numbers change: results of another VERSION are made again


def run(job: LayersJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    splits = load_images(inputs["store"][0], inputs["subset"][0], device)
    train, checkpoints = splits["train"], inputs["checkpoints"][0]
    network = empty_network(job.run, train.channels, job.size or train.size).to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stub

    def layers_of(objective: str, epoch: int) -> Layers:
        weights = load_checkpoint(checkpoints, objective, epoch)
        parts = {name.partition(".")[0] for name in weights}
        read = {name: weight for name, weight in weights.items() if name.startswith(("encoder.", "projection_head."))}
        network.load_state_dict(read, strict="projection_head" in parts)
        found = {split: encode_layers(network, images, job.size) for split, images in splits.items()}
        if "projection_head" not in parts or ("classifier" in parts and job.run.ce_head == "features"):
            for layers in found.values():
                del layers["z"]  # of a projection head that training never used
        return found

    labels = {split: images.labels for split, images in splits.items()}
    epochs = track(job.epochs, len(job.epochs), f"layers {job.run.name}")
    rows = layer_rows(job.objectives, epochs, layers_of, labels)
    columns = list(LayerRow.__dataclass_fields__)  # a run without CL compares nothing: a header and no row
    write_csv(outputs["layers"], pd.DataFrame(map(asdict, rows), columns=columns))
