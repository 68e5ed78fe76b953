"""Commands that write features and files of the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from pipeline.cli.options import PATH, device_of, device_options, load, settings_options, threads_option
from pipeline.config.base import SettingsError


@click.command()
@settings_options
@device_options
@threads_option
@click.argument("run")
@click.argument("objective")
@click.argument("epoch", type=click.IntRange(min=0))
@click.argument("file", type=PATH)
def features(
    run: str,
    objective: str,
    epoch: int,
    file: Path,
    threads: int | None,
    device: str,
    deterministic: bool,
    **where: Any,
) -> None:
    """Write the features of a trained network to FILE (.safetensors), for `align` and other programs.

    EPOCH is one that the run kept. FILE gets train, test and the labels of both.
    """
    from pipeline.evaluate.run_features import embedder, save_features
    from pipeline.jobs.runner import check_inputs
    from pipeline.jobs.task import task_of

    if file.suffix != ".safetensors":
        raise SettingsError(f"{file}: expected a .safetensors file")
    planned = task_of("measure", run, *load(**where))
    job: Any = planned.job
    for name, value, choices in (("objective", objective, job.objectives), ("epoch", epoch, job.checkpoints)):
        if value not in choices:
            raise SettingsError(f"{name} = {value}: {run} has {', '.join(map(str, choices))}")
    check_inputs(planned)
    (store,), (subset,), (checkpoints,) = (planned.inputs[kind] for kind in ("store", "subset", "checkpoints"))
    embedded = embedder(job.run, job.size, store, subset, device_of(device, deterministic, threads))
    save_features(file, embedded.features(checkpoints, objective, epoch), embedded.labels)


@click.command()
def schema() -> None:
    """Print the JSON schema of the settings."""
    from pipeline.config.schema import schema as schema_of_settings

    print(json.dumps(schema_of_settings(), indent=2))
