"""Call custom encoders and losses once before anything is trained with them."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
from torch import Tensor, nn

from pipeline.config.base import SettingsError
from pipeline.config.objective_settings import Objective
from pipeline.config.references import is_own
from pipeline.config.run import Run
from pipeline.models.layer_outputs import layer_outputs
from pipeline.models.network import Network, ProjectionHead, build_encoder, feature_dimension
from pipeline.system.shape_text import shape_text
from pipeline.train.loss_call import loss_function, loss_module, reads_of

IMAGES = 2  # through an encoder
MAX_ROWS = 64  # through a loss: one may need more than two


def rehearse(run: Run, objective: Objective, channels: int, size: tuple[int, ...], classes: int) -> None:
    """Run one forward and one backward pass of a twin's custom encoder and loss, if it has any.

    Args:
        run: encoder, projection and temperature are read.
        objective: whose loss is called.
        channels: of the images, or the first axis of a row.
        size: (height, width) of the views, or the other axes of a row.
        classes: number of classes.

    Raises:
        SettingsError: the code fails or returns another shape; names its file, function and line.
    """
    same = run.model_copy(update={"seed": 0, "subset_seed": 0, "epochs": 1, "warmup_epochs": 0, "horizon_epochs": None})
    if is_own(run.encoder):
        _rehearse_encoder(same, channels, size)
    if is_own(objective.function):
        _rehearse_loss(same, objective, channels, size, classes)


@cache
def _rehearse_encoder(run: Run, channels: int, size: tuple[int, ...]) -> None:
    """Check features, gradients and layers of an encoder."""
    kind = "images" if len(size) == 2 else "rows"
    with located(run.encoder, f"{kind} [{', '.join(map(str, (IMAGES, channels, *size)))}]"):
        encoder, columns = _build(run, channels, size)
        features = encoder(torch.rand(IMAGES, channels, *size))
        if not isinstance(features, Tensor) or features.shape != (IMAGES, columns):
            raise SettingsError(f"expected features [{IMAGES}, {columns}] in training too, got {shape_text(features)}")
        if not any(p.requires_grad and p.ndim >= 2 for p in encoder.parameters()):
            raise SettingsError("expected weights to train, a matrix or kernel at least, got none")
        if not features.requires_grad:
            raise SettingsError("expected features that depend on the weights, got features without a gradient")
        features.sum().backward()
        network = Network(encoder, ProjectionHead(columns, run.projection), None, run.ce_head).eval()
        with torch.no_grad():
            layer_outputs(network, torch.rand(IMAGES, channels, *size))


@cache
def _rehearse_loss(run: Run, objective: Objective, channels: int, size: tuple[int, ...], classes: int) -> None:
    """Check value and gradients of a loss."""
    count = min(run.batch_size, MAX_ROWS)
    with located(objective.function, f"two views of {count} images"):
        reads = reads_of(objective)
        columns = _build(run, channels, size)[1] if reads == "features" else run.projection
        with torch.random.fork_rng(devices=[]):
            module = loss_module(objective, run, columns)
        rows = torch.randn(2, count, columns)
        z1, z2 = nn.functional.normalize(rows, dim=2) if reads == "z" else rows
        z1, z2 = z1.requires_grad_(), z2.requires_grad_()
        labels = torch.arange(len(z1)) % classes
        value = loss_function(objective, module)(z1, z2, labels, run.temperature)
        if not value.requires_grad:
            raise SettingsError("expected a loss that depends on z1 and z2, got one without a gradient")
        value.backward()
        if z1.grad is None and z2.grad is None:
            raise SettingsError("expected a loss that depends on z1 and z2, got one that reads neither")
        if not value.isfinite():
            raise SettingsError(f"expected a finite number, got {value.item()}")


def _build(run: Run, channels: int, size: tuple[int, ...]) -> tuple[nn.Module, int]:
    """Build the encoder, and count the columns of its features."""
    with torch.random.fork_rng(devices=[]):
        encoder = build_encoder(run, channels, size)
        return encoder, feature_dimension(encoder, channels, size)


@contextmanager
def located(function: str, given: str) -> Iterator[None]:
    """Turn any error into a SettingsError that names the function, the line of its file and the inputs."""
    try:
        yield
    except SettingsError as error:
        raise SettingsError(f"{function}: {str(error).removeprefix(f'{function}: ')}") from None
    except Exception as error:
        file = function.rpartition(":")[0]
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(file)]
        place = f"{file}, line {lines[-1]}: " if lines else ""
        message = " ".join(str(error).split())
        raise SettingsError(f"{function}: {place}{type(error).__name__}: {message} (given {given})") from error
