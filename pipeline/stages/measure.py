"""Probe the networks of a run, and measure how alike its twins are at every kept epoch.

One job: a process takes seconds to start, and features of all checkpoints take less time than an epoch or two. Those of
one epoch, of all twins, are in memory at a time.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from pipeline.config.base import Settings
from pipeline.config.probe_settings import ProbeSettings
from pipeline.config.run import Run
from pipeline.models.encoders import module_of
from pipeline.planning.plan import Plan
from pipeline.planning.stage import Inputs, Outputs, Stage
from twin_alignment.measures.registry import modules_of_measures

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import torch
    from torch import Tensor

    from pipeline.evaluate.movement import Travelled
    from pipeline.evaluate.trajectory import Features, Weights

VERSION = 1  # raise it when the numbers change: results of another VERSION are made again
KINDS = ("probes", "alignment", "weights", "collapse", "movement")
MEASURING = ("twin_alignment/measures", "pipeline/models", "pipeline/evaluate")


class MeasureJob(Settings):
    run: Run
    objectives: tuple[str, ...]
    checkpoints: tuple[int, ...]
    size: tuple[int, int] | None  # of what the encoder reads
    probes: ProbeSettings


def job_of(plan: Plan, name: str) -> MeasureJob:
    run, request = plan.request(name)
    size = plan.dataset(run.dataset).views.size
    return MeasureJob(
        run=run, objectives=request.names, checkpoints=request.checkpoints, size=size, probes=plan.params.probes
    )


def run(job: MeasureJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    import pandas as pd

    from pipeline.evaluate.run_features import embedder
    from pipeline.evaluate.trajectory import trajectory
    from pipeline.reporting.learned import UNTRAINED
    from pipeline.system.files import write_csv
    from pipeline.train.checkpoints import load_encoder
    from twin_alignment.measures.constant_features import is_collapsed
    from twin_alignment.progress import track

    (store,), (subset,), (checkpoints,) = inputs["store"], inputs["subset"], inputs["checkpoints"]
    embedded = embedder(job.run, job.size, store, subset, device)
    labels, probed = embedded.labels, probed_at(job)
    rows: dict[str, list[dict[str, object]]] = {}

    def features_of(objective: str, epoch: int) -> Features:
        """Once each; what is probed is probed while its features are here. Of collapsed ones that have been trained
        there is nothing to probe."""
        found = embedded.features(checkpoints, objective, epoch)
        for label in (name for name, at in probed.items() if at == (objective, epoch)):
            collapsed = any(is_collapsed(found[split], labels[split]) for split in labels)
            probed_here = label == UNTRAINED or not collapsed
            rows[label] = probe_rows(label, found, labels, job.probes) if probed_here else []
        return found

    def weights_of(objective: str, epoch: int) -> Weights:
        return load_encoder(checkpoints, objective, epoch)

    epochs = track(job.checkpoints, len(job.checkpoints), f"measure {job.run.name}")
    course = travelled(job, pd.read_csv(inputs["steps"][0]))
    found = trajectory(job.objectives, epochs, features_of, weights_of, labels, course)
    write_csv(outputs["probes"], pd.DataFrame([row for label in probed for row in rows[label]]))
    movement = pd.DataFrame(map(asdict, found.movement))
    write_csv(outputs["movement"], movement if movement["collapsed"].any() else movement.drop(columns="collapsed"))
    for kind in ("alignment", "weights", "collapse"):
        write_csv(outputs[kind], pd.DataFrame(map(asdict, getattr(found, kind))))


def probe_rows(
    label: str, features: Features, labels: Mapping[str, Tensor], settings: ProbeSettings
) -> list[dict[str, object]]:
    """Nearest class centre and linear probe."""
    from pipeline.evaluate.probing import probes

    found = probes(features["train"], labels["train"], features["test"], labels["test"], settings)
    return [{"objective": label, "probe": name, **asdict(one)} for name, one in found.items()]


def probed_at(job: MeasureJob) -> dict[str, tuple[str, int]]:
    """Objective and epoch of what is probed, by its name in tables: every twin at the end, and the untrained, what
    training has to beat; of CL where it is trained, as all that share their start are one network."""
    from pipeline.reporting.learned import UNTRAINED

    start = "cl" if "cl" in job.objectives else job.objectives[0]
    return {**{name: (name, job.run.epochs) for name in job.objectives}, UNTRAINED: (start, 0)}


def travelled(job: MeasureJob, steps: pd.DataFrame) -> dict[int, Travelled]:
    """How far training had come at every kept epoch."""
    from pipeline.evaluate.movement import Travelled
    from pipeline.train.schedule import path_length

    rates = steps[steps["objective"] == job.objectives[0]]  # all twins have the same
    found = {}
    for epoch in job.checkpoints:
        so_far = rates.loc[rates["epoch"] <= epoch, "learning_rate"].tolist()
        found[epoch] = Travelled(len(so_far), path_length(job.run, so_far))
    return found


STAGE = Stage(
    "measure",
    job_of,
    {kind: f"{kind}.csv" for kind in KINDS},
    folder="measures/twins",
    reads=lambda job: {**job.run.network_inputs, "steps": [job.run.name]},
    modules=lambda job: [module_of(job.run.encoder), *modules_of_measures()],
    watches=MEASURING,
    uses_device=True,
    subject="run",
    subjects=lambda plan: list(plan.named),
)
