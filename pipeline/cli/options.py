"""Options that several commands share, and what follows from them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pipeline.config.params import read_params
from pipeline.jobs.diverged import without_diverged
from pipeline.planning.expansion import plan
from pipeline.planning.layout import Layout
from pipeline.planning.plan import Plan

if TYPE_CHECKING:
    import torch

Command = TypeVar("Command", bound=Callable[..., Any])
PATH = click.Path(path_type=Path)


def settings_options(command: Command) -> Command:
    """Add --params, --results and --reports; `load` takes them."""
    for option in (
        click.option("--reports", type=PATH, help="folder of tables (default: the settings' `reports`)"),
        click.option("--results", type=PATH, help="folder of results (default: the settings' `results`)"),
        click.option("--params", type=PATH, default=Path("params.yaml"), help="settings (default: params.yaml)"),
    ):
        command = option(command)
    return command


def load(params: Path, results: Path | None, reports: Path | None, rehearsed: bool = False) -> tuple[Plan, Layout]:
    """Read settings and expand them to a plan without diverged runs; `rehearsed` as in `plan`."""
    settings = read_params(params)
    layout = Layout(results or Path(settings.results), reports or Path(settings.reports))
    return without_diverged(plan(settings, params, rehearsed=rehearsed), layout), layout


def threads_option(command: Command) -> Command:
    help_text = "CPU threads (default: all); they do not change the bits of training"
    return click.option("--threads", type=click.IntRange(min=1), help=help_text)(command)


def device_options(command: Command) -> Command:
    """Add --device and --deterministic; `device_of` takes them."""
    for option in (
        click.option("--deterministic", is_flag=True, help="on an accelerator: the same bits again, more slowly"),
        click.option("--device", default="auto", help="auto (default: an accelerator if there is one), cpu or cuda"),
    ):
        command = option(command)
    return command


def device_of(device: str, deterministic: bool, threads: int | None) -> torch.device:
    """Choose the device, and a free GPU where the workflow asks for one."""
    from pipeline.system.gpu_locks import NUM_GPUS_ENV, select_gpus

    if device != "cpu" and (count := int(os.environ.get(NUM_GPUS_ENV, "0"))):
        select_gpus(count)  # before torch looks for them
    from pipeline.system.device import choose_device

    return choose_device(device, threads, deterministic)
