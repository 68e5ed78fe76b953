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
from pipeline.planning.stage import Stage
from pipeline.system.files import Inputs, Outputs
from twin_alignment.measures.registry import modules_of_measures

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import torch
    from torch import Tensor

    from pipeline.evaluate.movement import TrainingProgress
    from pipeline.evaluate.trajectory import Features

VERSION = 2  # raise it when the numbers change: results of another VERSION are made again
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
    from pipeline.evaluate.trajectory import Trajectory
    from pipeline.system.files import write_csv
    from pipeline.train.checkpoints import load_encoder
    from twin_alignment.progress import track

    (store,), (subset,), (checkpoints,) = inputs["store"], inputs["subset"], inputs["checkpoints"]
    embedded = embedder(job.run, job.size, store, subset, device)
    labels, probed = embedded.labels, probed_at(job)
    progress = training_progress(job, pd.read_csv(inputs["steps"][0]))
    tables = Trajectory(labels)
    probe_tables: dict[str, list[dict[str, object]]] = {}
    for epoch in track(job.checkpoints, len(job.checkpoints), f"measure {job.run.name}"):
        features = {name: embedded.features(checkpoints, name, epoch) for name in job.objectives}
        weights = {name: load_encoder(checkpoints, name, epoch) for name in job.objectives}
        tables.add_epoch(epoch, progress[epoch], features, weights)
        for label, (name, at) in probed.items():
            if at == epoch:
                probe_tables[label] = probe_rows(label, features[name], labels, job.probes)
    write_csv(outputs["probes"], pd.DataFrame([row for label in probed for row in probe_tables[label]]))
    movement = pd.DataFrame(map(asdict, tables.movement))
    write_csv(outputs["movement"], movement if movement["collapsed"].any() else movement.drop(columns="collapsed"))
    for kind in ("alignment", "weights", "collapse"):
        write_csv(outputs[kind], pd.DataFrame(map(asdict, getattr(tables, kind))))


def probe_rows(
    label: str, features: Features, labels: Mapping[str, Tensor], settings: ProbeSettings
) -> list[dict[str, object]]:
    """Probe features by the nearest class centre and the linear probe; trained ones that have collapsed have no row."""
    from pipeline.evaluate.probing import probes
    from pipeline.reporting.learned import UNTRAINED
    from twin_alignment.measures.constant_features import is_collapsed

    if label != UNTRAINED and any(is_collapsed(features[split], labels[split]) for split in labels):
        return []
    results = probes(features["train"], labels["train"], features["test"], labels["test"], settings)
    return [{"objective": label, "probe": name, **asdict(result)} for name, result in results.items()]


def probed_at(job: MeasureJob) -> dict[str, tuple[str, int]]:
    """Objective and epoch to probe, by the name in tables.

    Every twin is probed at the end. The untrained network, which training has to beat, is that of CL if it is trained:
    all twins that share their initialisation start from one network.
    """
    from pipeline.reporting.learned import UNTRAINED

    start = "cl" if "cl" in job.objectives else job.objectives[0]
    return {**{name: (name, job.run.epochs) for name in job.objectives}, UNTRAINED: (start, 0)}


def training_progress(job: MeasureJob, steps: pd.DataFrame) -> dict[int, TrainingProgress]:
    """Training until every kept epoch."""
    from pipeline.evaluate.movement import TrainingProgress
    from pipeline.train.schedule import path_length

    rates = steps[steps["objective"] == job.objectives[0]]  # all twins have the same
    until = {epoch: rates.loc[rates["epoch"] <= epoch, "learning_rate"].tolist() for epoch in job.checkpoints}
    return {epoch: TrainingProgress(len(so_far), path_length(job.run, so_far)) for epoch, so_far in until.items()}


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
