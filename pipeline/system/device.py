"""The device that computes."""

import os

import numpy as np
import torch
from torch import Tensor

from pipeline.config.base import SettingsError


def choose_device(name: str, threads: int | None, deterministic: bool = False) -> torch.device:
    """`auto` takes the accelerator where there is one; `threads` bounds the CPU's share of the work.

    On an accelerator `deterministic` refuses kernels whose sums depend on the order of threads, so that a run gives the
    same bits again, and costs speed; without it the fastest convolution is looked for. A CPU is deterministic as it is.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    if name == "cuda" and not torch.cuda.is_available():
        raise SettingsError("--device = cuda: this torch sees no CUDA device, allowed is cpu or auto")
    if name not in ("auto", "cpu", "cuda"):
        raise SettingsError(f"--device = {name}: allowed is auto, cpu or cuda")
    device = torch.device("cuda" if name == "cuda" or (name == "auto" and torch.cuda.is_available()) else "cpu")
    if device.type == "cuda":
        if deterministic:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it
        torch.use_deterministic_algorithms(deterministic)
        torch.backends.cudnn.benchmark = not deterministic
    return device


def cards(device: torch.device) -> list[torch.device]:
    """Where the twins of a run may lie: on all accelerators that this process sees, unless it was given one of them."""
    if device == torch.device("cuda"):
        return [torch.device("cuda", index) for index in range(torch.cuda.device_count())]
    return [device]


def to_device(values: np.ndarray[tuple[int, ...], np.dtype[np.generic]], device: torch.device) -> Tensor:
    """Host array on the device; pinned on the way to a GPU, because copies from pageable memory wait for its work."""
    tensor = torch.from_numpy(values)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)
