"""A command for each stage, from its declaration."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.options import device_of, device_options, load, settings_options, threads_option
from pipeline.config.base import SettingsError
from pipeline.jobs.chain import STAGES
from pipeline.planning.stage import Stage
from twin_alignment.progress import say

if TYPE_CHECKING:
    import torch

    from pipeline.jobs.task import Task


def stage_command(name: str) -> click.Command:
    """Build the command of a stage."""
    stage = STAGES[name]

    def run(**options: Any) -> None:
        _run(stage, **options)

    run = threads_option(settings_options(run))
    if stage.uses_device:
        run = device_options(run)
    if stage.is_training:
        run = click.option("--compile", "compiled", is_flag=True, help="compile the networks: faster steps")(run)
    if stage.subject:
        run = click.argument("subject", metavar=stage.subject.upper())(run)
    return click.command(stage.name, help=stage.help)(run)


def _run(stage: Stage, subject: str = "", threads: int | None = None, **options: Any) -> None:
    from pipeline.jobs.runner import make
    from pipeline.jobs.task import task_of

    where = {name: options.pop(name) for name in ("params", "results", "reports")}
    planned = task_of(stage.name, subject, *load(**where, rehearsed=True))
    if stage.is_training:
        _train(planned, threads, **options)
    elif stage.uses_device:
        make(planned, device_of(**options, threads=threads))
    else:
        os.environ.update({"OMP_NUM_THREADS": str(threads)} if threads else {})  # before torch is imported
        make(planned)


def _train(planned: Task, threads: int | None, compiled: bool, **device_choice: Any) -> None:
    """Train in this process alone, or as one of those that `torchrun` started; the first one checks and records."""
    import torch

    from pipeline.jobs.runner import make
    from pipeline.train.distributed import torchrun_process

    with torchrun_process() as group:
        single = group.world_size == 1
        if compiled and not single:
            raise SettingsError("--compile: expected a single process, got several from torchrun")
        device = device_of(**device_choice, threads=1 if single else threads or 1)
        if device.type == "cuda" and not single:
            device = torch.device("cuda", torch.cuda.current_device())
        workers = parallel_twins(threads, device) if single else 1  # twins of several processes would interleave
        how = {"workers": workers, "compiled": compiled, "group": group}
        if group.is_rank0:
            job: Any = planned.job
            warn_of_slow_precision(job.run.precision, device)
            make(planned, device, **how)
        else:
            planned.stage.run(planned.job, planned.inputs, planned.place.outputs, device, None, "", **how)


def warn_of_slow_precision(precision: str, device: torch.device) -> None:
    """Warn of bfloat16 on an x86 processor without AVX-512, which has no instructions for it.

    A twin's step (ResNet-10 of width 16, B = 256, 32 pixels) took 1.05 s in bfloat16 and 0.18 s in float32 on one core
    of an AMD EPYC without them.
    """
    from torch.backends import cpu

    if precision == "bfloat16" and device.type == "cpu" and cpu.get_cpu_capability() == "AVX2":
        say("precision = bfloat16: this processor has no instructions for it, float32 is several times faster")


def parallel_twins(threads: int | None, device: torch.device) -> int:
    """Number of twins that train at the same time: one per core or GPU.

    On a single accelerator they train in turn: several at once take more memory and no less time (four of ResNet-18 on
    an H200: 19 GiB instead of 5.4, in 6.1 s an epoch instead of 6.1).
    """
    from pipeline.system.device import training_devices

    return int(threads or os.cpu_count() or 1) if device.type == "cpu" else max(1, len(training_devices(device)))
