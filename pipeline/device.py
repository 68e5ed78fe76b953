"""The device that computes."""

import torch

from pipeline.params import SettingsError


def choose_device(name: str, threads: int | None) -> torch.device:
    """`auto` takes the accelerator where there is one; `threads` bounds the CPU's share of the work."""
    if threads is not None:
        torch.set_num_threads(threads)
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise SettingsError("--device = cuda: this torch sees no CUDA device, allowed is cpu or auto")
    if name not in ("cpu", "cuda"):
        raise SettingsError(f"--device = {name}: allowed is auto, cpu or cuda")
    return torch.device(name)
