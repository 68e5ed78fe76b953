"""Custom encoders and losses are called before anything starts, and what is wrong is a sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.config.base import SettingsError, parse
from pipeline.config.params import Params
from pipeline.planning.expansion import plan
from tests.workflow.conftest import ROOT, write_shapes

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
    "Net(lambda h, training: (h, h))": r"of 2 images \[2, d\], got tuple of 2$",
    "Net(lambda h, training: h.mean(0, keepdim=True))": r"of 2 images \[2, d\], got \[1, 8\]$",
    "Net(lambda h, training: h.argsort())": r"as floating-point numbers, .* got \[2, 8\]$",
    "Net(lambda h, training: (h, h) if training else h)": r"expected features \[2, 8\] in training too, got tuple of 2",
    "Net(lambda h, training: h.detach())": "expected features that depend on the weights",
    "nn.Flatten()": "expected weights to train, a matrix or kernel at least, got none",
    "nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 8))": (
        r"RuntimeError: mat1 and mat2 shapes cannot be multiplied \(2x64 and 192x8\) \(given images \[2, 1, 8, 8\]\)"
    ),
    "nn.Liner(64, 8)": "mine.py, line 14: AttributeError: module 'torch.nn' has no attribute 'Liner'",
    "(nn.Flatten(), 64)": "expected a torch.nn.Module, got tuple of 2",
    "settings.widht": "AttributeError: 'Run' object has no attribute 'widht'",
}
LOSSES = {
    "-(z1 * z2).sum(1) / temperature": r"expected one number, .* of shape \[\], got \[64\]: end it with \.mean\(\)",
    "(z1.sum(), z2.sum())": r"tensor of shape \[\], got tuple of 2$",
    "None": r"tensor of shape \[\], got NoneType$",
    "(z1 * z2).mean().detach()": "expected a loss that depends on z1 and z2, got one without a gradient",
    "torch.zeros((), requires_grad=True) + 1": "expected a loss that depends on z1 and z2, got one that reads neither",
    "((z1 * z2).sum(1) - 2).log().mean()": "expected a finite number, got nan",
    "(z1 @ z2).mean()": r"RuntimeError: .*64x8 and 64x8.* \(given two views of 64 images\)",
}
FILES = {
    "import tortch\ndef loss(z1, z2, labels, temperature):\n    pass": "line 1: ModuleNotFoundError: No module named",
    "def loss(z1, z2):\n    return z1.mean()": "TypeError: .*loss.* takes 2 positional arguments but 4 were given",
    "class loss:\n    pass": "expected a function or a torch.nn.Module, got a loss",
    "def loss(*a):\n    return a[0].mean()\nloss.reads = 'h'": ("reads = 'h', expected one of z, projection, features"),
    "from torch import nn\nclass loss(nn.Module):\n    pass": "TypeError: .*",
}
WRONG = [
    *((BUILD.replace("{}", returned), "build", message) for returned, message in ENCODERS.items()),
    *((LOSS.replace("{}", returned), "loss", message) for returned, message in LOSSES.items()),
    *((text, "loss", message) for text, message in FILES.items()),
]
SMALL = {"dataset": "digits", "encoder": "resnet10", "width": 4, "projection": 8, "epochs": 1, "warmup_epochs": 0}


def settings(objectives=("cl", "nscl"), **values):
    experiment = {"objectives": list(objectives), "grid": [{**SMALL, **values}]}
    return parse(Params, {"experiments": {"mine": experiment}}, "settings")


@pytest.mark.parametrize(("text", "function", "message"), WRONG)
def test_what_cannot_be_trained_is_named_while_planning(tmp_path, monkeypatch, text, function, message):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(text)
    custom = {"encoder": "mine.py:build"} if function == "build" else {"objectives": ["cl", "mine.py:loss"]}
    with pytest.raises(SettingsError, match=rf"^experiments\.mine: mine\.py:{function}: .*{message}") as raised:
        plan(settings(**custom))
    assert "\n" not in str(raised.value)


def test_the_shape_of_custom_images_is_read_from_them(tmp_path, monkeypatch):
    """Grey images, by their files alone; with `views.size` the encoder is given that."""
    monkeypatch.chdir(tmp_path)
    write_shapes(tmp_path / "shapes")
    Path("mine.py").write_text(BUILD.replace("{}", "nn.Sequential(nn.Flatten(), nn.Linear(5, 8))"))
    for views, shape in (({}, "1, 8, 8"), ({"views": {"size": [6, 7]}}, "1, 6, 7")):
        values = settings(dataset="shapes", encoder="mine.py:build", batch_size=16).model_dump()
        values["datasets"] = {"shapes": {"source": "folder", "paths": ["shapes"], **views}}
        with pytest.raises(SettingsError, match=rf"\(given images \[2, {shape}\]\)"):
            plan(parse(Params, values, "settings"))


def test_a_file_may_import_timm_torchvision_and_files_next_to_it(tmp_path):
    """In a new process, in which nothing has imported them."""
    (tmp_path / "widths.py").write_text("WIDTH = 24\n")
    (tmp_path / "mine.py").write_text(
        "from __future__ import annotations\nimport timm\nfrom dataclasses import dataclass\n"
        "from torchvision import models\nfrom widths import WIDTH\n\n\n"
        "@dataclass\nclass Options:\n    classes: int = WIDTH\n\n\n"
        "def build(settings, channels, size):\n"
        "    return timm.create_model('resnet10t', num_classes=Options().classes, in_chans=channels)\n\n\n"
        "def tv(settings, channels, size):\n    model = models.resnet18(num_classes=WIDTH)\n"
        "    model.conv1 = type(model.conv1)(channels, 64, 3)\n    return model\n"
    )
    (tmp_path / "settings.json").write_text(settings(encoder=["mine.py:build", "mine.py:tv"]).model_dump_json())
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pipeline", "runs", "--params", "settings.json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("objectives=cl,nscl") == 2


@pytest.mark.long
def test_the_workflow_refuses_it_before_any_job(sources, tmp_path):
    project = sources.copy(tmp_path / "twins")
    project.edit("params.yaml", "encoder: resnet10", 'encoder: "mine.py:build"')
    conv = "nn.Sequential(nn.Conv2d(1, 8, 3), nn.AdaptiveAvgPool2d(1))"
    (project.path / "mine.py").write_text(BUILD.replace("{}", conv))
    output = project.run("snakemake", "--cores", "1", "trained", check=False)
    assert "mine.py:build: encoder: expected features [B, d]" in output
    assert "Traceback" not in output
    assert not (project.path / "results").exists()
