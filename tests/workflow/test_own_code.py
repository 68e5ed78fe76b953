"""Encoders and losses of one's own are called before anything starts, and what is wrong is a sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.config.base import SettingsError, parse
from pipeline.config.params import Params
from pipeline.planning.expansion import plan

ROOT = Path(__file__).parents[2]
BUILD = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, give):
        super().__init__()
        self.layer, self.give = nn.Linear(64, 8), give

    def forward(self, x):
        return self.give(self.layer(x.flatten(1)), self.training)

def build(settings, channels, size):
    return {}
"""
LOSS = """
import torch

def loss(z1, z2, labels, temperature):
    return {}
"""
ENCODERS = {
    "nn.Sequential(nn.Conv2d(channels, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1))": (
        r"expected features \[B, d\] .*, of 2 images \[2, d\], got \[2, 8, 1, 1\]: nn\.Flatten\(\) at its end"
    ),
    "nn.Sequential(nn.Flatten(2), nn.Linear(64, 8))": r"of 2 images \[2, d\], got \[2, 1, 8\]: nn\.Flatten",
    "Net(lambda h, training: (h, h))": r"of 2 images \[2, d\], got tuple of 2$",
    "Net(lambda h, training: {'features': h})": r"of 2 images \[2, d\], got dict of 1$",
    "Net(lambda h, training: h.mean(0))": r"of 2 images \[2, d\], got \[8\]$",
    "Net(lambda h, training: h.mean(0, keepdim=True))": r"of 2 images \[2, d\], got \[1, 8\]$",
    "Net(lambda h, training: h.argsort())": r"as floating-point numbers, .* got \[2, 8\]$",
    "Net(lambda h, training: (h, h) if training else h)": r"expected features \[2, 8\] in training too, got tuple of 2",
    "Net(lambda h, training: h.detach())": "expected features that depend on the weights",
    "nn.Flatten()": "expected weights to train, a matrix or kernel at least, got none",
    "nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 8))": (
        r"RuntimeError: mat1 and mat2 shapes cannot be multiplied \(2x64 and 192x8\) \(given images \[2, 1, 8, 8\]\)"
    ),
    "nn.Liner(64, 8)": "mine.py, line 14: AttributeError: module 'torch.nn' has no attribute 'Liner'",
    "Net(lambda h, training: h.flaten(1))": "mine.py, line 14: AttributeError: 'Tensor' object has no attribute 'flat",
    "lambda images: images.flatten(1)": "expected a torch.nn.Module, got function",
    "(nn.Flatten(), 64)": "expected a torch.nn.Module, got tuple of 2",
    "settings.widht": "AttributeError: 'Run' object has no attribute 'widht'",
}
LOSSES = {
    "-(z1 * z2).sum(1) / temperature": r"expected one number, .* of shape \[\], got \[64\]: end it with \.mean\(\)",
    "-(z1 * z2).mean(0, keepdim=True)": r"tensor of shape \[\], got \[1, 8\]: end it with",
    "(z1.sum(), z2.sum())": r"tensor of shape \[\], got tuple of 2$",
    "(z1 * z2).mean().item()": r"tensor of shape \[\], got float$",
    "None": r"tensor of shape \[\], got NoneType$",
    "(z1 * z2).mean().detach()": "expected a loss that depends on z1 and z2, got one without a gradient",
    "torch.zeros((), requires_grad=True) + 1": "expected a loss that depends on z1 and z2, got one that reads neither",
    "((z1 * z2).sum(1) - 2).log().mean()": "expected a finite number, got nan",
    "z1.mena()": "mine.py, line 5: AttributeError: 'Tensor' object has no attribute 'mena'",
    "(z1 @ z2).mean()": r"RuntimeError: .*64x8 and 64x8.* \(given two views of 64 images\)",
}
GOOD = {
    "objectives": ["cl", "nscl"],
    "grid": [
        {"dataset": "digits", "encoder": "resnet10", "width": 4, "projection": 8, "epochs": 1, "warmup_epochs": 0}
    ],
}


def settings(**values):
    experiment = {
        **GOOD,
        "objectives": values.pop("objectives", GOOD["objectives"]),
        "grid": [{**GOOD["grid"][0], **values}],
    }
    return parse(Params, {"experiments": {"mine": experiment}}, "settings")


@pytest.mark.parametrize("returned", ENCODERS)
def test_an_encoder_that_cannot_be_trained_is_named_while_planning(tmp_path, monkeypatch, returned):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(BUILD.replace("{}", returned))
    with pytest.raises(SettingsError, match=r"^experiments\.mine: mine\.py:build: .*" + ENCODERS[returned]) as raised:
        plan(settings(encoder="mine.py:build"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("returned", LOSSES)
def test_a_loss_that_cannot_be_trained_is_named_while_planning(tmp_path, monkeypatch, returned):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(LOSS.replace("{}", returned))
    with pytest.raises(SettingsError, match=r"^experiments\.mine: mine\.py:loss: .*" + LOSSES[returned]) as raised:
        plan(settings(objectives=["cl", "mine.py:loss"]))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "import tortch\ndef loss(z1, z2, labels, temperature):\n    pass",
            "line 1: ModuleNotFoundError: No module named",
        ),
        (
            "def loss(z1, z2):\n    return z1.mean()",
            "TypeError: .*loss.* takes 2 positional arguments but 4 were given",
        ),
        ("class loss:\n    pass", "expected a function or a torch.nn.Module, got a loss"),
        (
            "def loss(*a):\n    return a[0].mean()\nloss.reads = 'h'",
            "reads = 'h', expected one of z, projection, features",
        ),
        ("from torch import nn\nclass loss(nn.Module):\n    pass", "TypeError: .*"),
    ],
)
def test_a_file_that_does_not_run_is_named_while_planning(tmp_path, monkeypatch, text, message):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(text)
    with pytest.raises(SettingsError, match=rf"^experiments\.mine: mine\.py:loss: .*{message}"):
        plan(settings(objectives=["mine.py:loss"]))


def test_the_shape_of_ones_own_images_is_asked_of_them(tmp_path, monkeypatch):
    """Grey images, by their files alone; with `views.size` the encoder is given that."""
    from tests.workflow.test_own_images import write_shapes

    monkeypatch.chdir(tmp_path)
    write_shapes(tmp_path / "shapes")
    for views, shape in (({}, "1, 8, 8"), ({"views": {"size": [6, 7]}}, "1, 6, 7")):
        Path("mine.py").write_text(BUILD.replace("{}", "nn.Sequential(nn.Flatten(), nn.Linear(5, 8))"))
        values = settings(dataset="shapes", encoder="mine.py:build", batch_size=16).model_dump()
        values["datasets"] = {"shapes": {"source": "folder", "paths": ["shapes"], **views}}
        with pytest.raises(SettingsError, match=rf"\(given images \[2, {shape}\]\)"):
            plan(parse(Params, values, "settings"))


def test_a_file_may_import_timm_torchvision_and_files_beside_it(tmp_path):
    """In a process of its own, in which nothing has imported them."""
    (tmp_path / "beside.py").write_text("WIDTH = 24\n")
    (tmp_path / "mine.py").write_text(
        "from __future__ import annotations\nimport timm\nfrom dataclasses import dataclass\n"
        "from torchvision import models\nfrom beside import WIDTH\n\n\n"
        "@dataclass\nclass Options:\n    classes: int = WIDTH\n\n\n"
        "def build(settings, channels, size):\n"
        "    return timm.create_model('resnet10t', num_classes=Options().classes, in_chans=channels)\n\n\n"
        "def tv(settings, channels, size):\n    model = models.resnet18(num_classes=WIDTH)\n"
        "    model.conv1 = type(model.conv1)(channels, 64, 3)\n    return model\n"
    )
    values = settings(encoder=["mine.py:build", "mine.py:tv"]).model_dump_json()
    (tmp_path / "settings.json").write_text(values)
    loads = "from pipeline.config.references import load; print(load('mine.py:build'))"
    for command in (["-P", "-c", loads], ["-P", "-m", "pipeline", "runs", "--params", "settings.json"]):
        found = subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.returncode == 0, found.stderr
    assert found.stdout.count("objectives=cl,nscl") == 2


def test_the_workflow_refuses_it_before_any_job(sources, tmp_path):
    project = sources.copy(tmp_path / "twins")
    project.edit("params.yaml", "encoder: resnet10", 'encoder: "mine.py:build"')
    (project.path / "mine.py").write_text(
        BUILD.replace("{}", "nn.Sequential(nn.Conv2d(1, 8, 3), nn.AdaptiveAvgPool2d(1))")
    )
    for command in (("snakemake", "--cores", "1", "trained"), ("snakemake", "-n", "all")):
        said = project.run(*command, check=False)
        assert "mine.py:build: encoder: expected features [B, d]" in said
        assert "got [2, 8, 1, 1]" in said
        assert "Traceback" not in said
    assert not (project.path / "results").exists()
