"""Every test here runs on a CUDA device, and is skipped where torch sees none; TWINS_GPU_STAND_IN=cpu lets a CPU stand
in, which shows that the tests run, and nothing of a GPU."""

import os

import pytest
import torch

STAND_IN = os.environ.get("TWINS_GPU_STAND_IN", "")


@pytest.fixture
def device():
    if torch.cuda.is_available():
        return torch.device("cuda")
    if STAND_IN == "cpu":
        return torch.device("cpu")
    pytest.skip("torch sees no CUDA device here")


@pytest.fixture(autouse=True)
def flags():
    """What tests change of torch's switches is put back."""
    before = torch.backends.cudnn.benchmark, torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    deterministic = torch.are_deterministic_algorithms_enabled()
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    yield
    torch.use_deterministic_algorithms(deterministic)
    torch.backends.cudnn.benchmark, torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before
