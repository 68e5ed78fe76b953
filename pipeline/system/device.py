"""The device that computes."""

import os

import numpy as np
import torch
from torch import Tensor

from pipeline.system.optimisers import leave_compiler_out
from twin_alignment.errors import InputError


def choose_device(name: str, threads: int | None, deterministic: bool = False) -> torch.device:
    """Return the device to compute on, and set torch's switches for it.

    Args:
        name: `auto`, `cpu` or `cuda`; `auto` takes a GPU if there is one.
        threads: cores for work on the CPU; None: torch's choice.
        deterministic: on a GPU, refuse kernels whose sums depend on the order of threads, so that a run gives the same
            bits again; slower. Without it the fastest convolution is searched. A CPU is deterministic anyway.

    Raises:
        InputError: the name is unknown, or there is no such device.
    """
    leave_compiler_out()
    if threads is not None:
        torch.set_num_threads(threads)
    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("--device: expected cpu or auto, as this torch sees no CUDA device, got cuda")
    if name not in ("auto", "cpu", "cuda"):
        raise InputError(f"--device: expected auto, cpu or cuda, got {name}")
    device = torch.device("cuda" if name == "cuda" or (name == "auto" and torch.cuda.is_available()) else "cpu")
    if device.type == "cuda":
        if deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it
        torch.use_deterministic_algorithms(deterministic)
        torch.backends.cudnn.benchmark = not deterministic
    return device


def training_devices(device: torch.device) -> list[torch.device]:
    """Devices for the twins of a run: all visible GPUs for `cuda`, otherwise the device itself."""
    if device == torch.device("cuda"):
        return [torch.device("cuda", index) for index in range(torch.cuda.device_count())]
    return [device]


def to_device(values: np.ndarray[tuple[int, ...], np.dtype[np.generic]], device: torch.device) -> Tensor:
    """Copy a host array to the device; pinned on the way to a GPU, because other copies wait for the GPU's work."""
    tensor = torch.from_numpy(values)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)
