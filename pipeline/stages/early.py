"""Compare a run's twins after single steps: within the first epoch twins part, and their representations recover."""

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

VERSION = 2  # raise it when the numbers change: results of another VERSION are made again


class EarlyJob(Settings):
    run: Run
    objectives: tuple[str, ...]
    checkpoints: tuple[int, ...]
    checkpoint_steps: tuple[int, ...]
    size: tuple[int, int] | None  # of what the encoder reads


def job_of(plan: Plan, name: str) -> EarlyJob:
    run, request = plan.request(name)
    return EarlyJob(
        run=run,
        objectives=request.names,
        checkpoints=request.checkpoints,
        checkpoint_steps=request.steps,
        size=plan.dataset(run.dataset).views.size,
    )


def run(job: EarlyJob, inputs: Inputs, outputs: Outputs, device: torch.device) -> None:
    """Compare test features and encoder weights of every pair of twins after every kept step and epoch."""
    import pandas as pd

    from pipeline.evaluate.run_features import embedder
    from pipeline.evaluate.step_comparison import compare_twins
    from pipeline.system.files import write_csv
    from pipeline.train.checkpoints import encoder_part, kept_files, load_weights
    from pipeline.train.schedule import learning_rates, path_length
    from twin_alignment.progress import track

    (store,), (subset,), (checkpoints,) = inputs["store"], inputs["subset"], inputs["checkpoints"]
    embedded = embedder(job.run, job.size, store, subset, device)
    rates = learning_rates(pd.read_csv(inputs["steps"][0]), job.objectives[0])
    rows = []
    steps_per_epoch = len(rates) // max(job.run.epochs, 1)
    files_of = kept_files(job.checkpoints, job.checkpoint_steps, job.objectives, checkpoints, steps_per_epoch)
    for step, files in track(files_of.items(), len(files_of), f"early {job.run.name}"):
        weights = {name: encoder_part(load_weights(path)) for name, path in files.items()}
        features = {name: embedded.encoded(w, "test", f"{name} after step {step}") for name, w in weights.items()}
        length = path_length(job.run, rates[:step])
        rows += compare_twins(step, length, features, weights, embedded.labels["test"])
    write_csv(outputs["early"], pd.DataFrame(map(asdict, rows)))


STAGE = Stage(
    "early",
    job_of,
    {"early": "early.csv"},
    folder="measures/early",
    reads=lambda job: {**job.run.network_inputs, "steps": [job.run.name]},
    modules=lambda job: [module_of(job.run.encoder)],
    watches=MEASURING,
    uses_device=True,
    subject="run",
    subjects=lambda plan: [run.name for run, request in plan.requests.items() if request.steps],
)
