"""Encoders and losses of the user's own, called once before anything is trained by them."""

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
from pipeline.train.loss_call import loss_function, loss_module, reads_of
from pipeline.train.shape_text import shape_text

IMAGES = 2  # through an encoder
ROWS = 64  # through a loss, at most: one may need more than two


def rehearse(run: Run, objective: Objective, channels: int, size: tuple[int, int], classes: int) -> None:
    """One forward and one backward pass of what is the user's own of a twin.

    Args:
        run: of which encoder, projection and temperature count.
        objective: whose loss is called.
        channels: of the images.
        size: height and width of the views.
        classes: number of classes.

    Raises:
        SettingsError: the code fails, or gives another shape than is wanted; names its file, function and line.
    """
    same = run.model_copy(update={"seed": 0, "subset_seed": 0, "epochs": 1, "warmup_epochs": 0, "horizon_epochs": None})
    if is_own(run.encoder):
        _rehearse_encoder(same, channels, size)
    if is_own(objective.function):
        _rehearse_loss(same, objective, channels, size, classes)


@cache
def _rehearse_encoder(run: Run, channels: int, size: tuple[int, int]) -> None:
    with _named(run.encoder, f"images [{IMAGES}, {channels}, {size[0]}, {size[1]}]"):
        encoder, columns = _built(run, channels, size)
        features = encoder(torch.rand(IMAGES, channels, *size))
        if not isinstance(features, Tensor) or features.shape != (IMAGES, columns):
            raise SettingsError(f"expected features [{IMAGES}, {columns}] in training too, got {shape_text(features)}")
        if not any(p.requires_grad and p.ndim >= 2 for p in encoder.parameters()):
            raise SettingsError("expected weights to train, a matrix or kernel at least, got none")
        if not features.requires_grad:
            raise SettingsError("expected features that depend on the weights, got some without a gradient")
        features.sum().backward()
        network = Network(encoder, ProjectionHead(columns, run.projection), None, run.ce_head).eval()
        with torch.no_grad():
            layer_outputs(network, torch.rand(IMAGES, channels, *size))


@cache
def _rehearse_loss(run: Run, objective: Objective, channels: int, size: tuple[int, int], classes: int) -> None:
    count = min(run.batch_size, ROWS)
    with _named(objective.function, f"two views of {count} images"):
        reads = reads_of(objective)
        columns = _built(run, channels, size)[1] if reads == "features" else run.projection
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


def _built(run: Run, channels: int, size: tuple[int, int]) -> tuple[nn.Module, int]:
    with torch.random.fork_rng(devices=[]):
        encoder = build_encoder(run, channels, size)
        return encoder, feature_dimension(encoder, channels, size)


@contextmanager
def _named(function: str, given: str) -> Iterator[None]:
    """Whatever goes wrong, in a sentence that names the function, the line of its file and what it was given."""
    try:
        yield
    except SettingsError as error:
        said = str(error).removeprefix(f"{function}: ")
        raise SettingsError(f"{function}: {said}") from None
    except Exception as error:
        file = function.rpartition(":")[0]
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(file)]
        place = f"{file}, line {lines[-1]}: " if lines else ""
        said = " ".join(str(error).split())
        raise SettingsError(f"{function}: {place}{type(error).__name__}: {said} (given {given})") from error
