"""Assign distinct GPUs to concurrent workflow jobs (file locks).

Snakemake's `resources: gpu` limits how many jobs run, but does not choose the devices.
"""

import os
import tempfile
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

VISIBLE = "CUDA_VISIBLE_DEVICES"
NUM_GPUS_ENV = "TWIN_ALIGNMENT_GPUS"  # how many a job may use, set by the workflow
_held_locks: list[FileLock] = []  # the system frees them when the process ends


def select_gpus(number: int) -> None:
    """Let this process see `number` GPUs, those with the fewest jobs of this user. Call it before CUDA starts."""
    devices = visible_devices()
    if len(devices) <= number:
        return
    folder = Path(tempfile.gettempdir(), f"twin-alignment-gpus-{os.getuid()}")
    folder.mkdir(exist_ok=True)
    selected: list[str] = []
    for jobs in count():  # that have a GPU already
        for device in devices:
            lock = folder / f"{device.replace('/', ':')}.{jobs}"
            if len(selected) < number and device not in selected and _try_lock(lock):
                selected.append(device)
        if len(selected) == number:
            os.environ[VISIBLE] = ",".join(selected)
            return


def visible_devices() -> list[str]:
    """Names of the GPUs that this process may use: those of CUDA_VISIBLE_DEVICES if it is set, else all."""
    if VISIBLE in os.environ:
        return [name.strip() for name in os.environ[VISIBLE].split(",") if name.strip()]
    import torch  # noqa: PLC0415  (takes seconds, and Slurm sets the variable)

    return [str(index) for index in range(torch.cuda.device_count())]  # by NVML, which does not start CUDA


def _try_lock(path: Path) -> bool:
    """Take a lock if it is free."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    _held_locks.append(lock)
    return True
