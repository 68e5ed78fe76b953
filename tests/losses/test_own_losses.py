"""Losses of one's own that read more than unit rows, and have parameters and heads."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from pipeline.config.objectives import resolve
from pipeline.train.loss_call import loss_function, loss_module, reads_of
from pipeline.train.twin import initial_network
from pipeline.train.twin_training import train_twins

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "objective.md").read_text(), re.DOTALL)
VICREG = next(block for block in BLOCKS if "class VICReg" in block).replace("size=8192", "size=12")

BARLOW_TWINS = """
import torch
from torch import nn
def loss(z1, z2, labels, temperature):
    a, b = ((z - z.mean(0)) / z.std(0, correction=0) for z in (z1, z2))
    c = a.T @ b / len(a)
    on = (c.diagonal() - 1).square().sum()
    return on + 5e-3 * (c.square().sum() - c.diagonal().square().sum())
loss.reads = "projection"
"""
PREDICTOR = """
from torch import nn
from torch.nn.functional import cosine_similarity
class Loss(nn.Module):
    reads = "projection"
    def __init__(self, settings, columns):
        super().__init__()
        self.predictor = nn.Sequential(nn.Linear(columns, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, columns))
    def forward(self, z1, z2, labels, temperature):
        p1, p2 = self.predictor(z1), self.predictor(z2)
        return 2 - cosine_similarity(p1, z2.detach()).mean() - cosine_similarity(p2, z1.detach()).mean()
"""
OWN = {"vicreg": (VICREG, "VICReg"), "barlow_twins": (BARLOW_TWINS, "loss"), "predictor": (PREDICTOR, "Loss")}


@pytest.fixture(params=OWN)
def own(request, tmp_path):
    text, name = OWN[request.param]
    (tmp_path / f"{request.param}.py").write_text(text)
    return resolve(f"{tmp_path}/{request.param}.py:{name}")


def vicreg_by_sums(z1, z2):
    """Equations 1 to 6 of Bardes et al. (2022), by entries, with the released code's mean in (5), half in (6)."""
    n, d = z1.shape
    invariance = sum((z1[i, j] - z2[i, j]) ** 2 for i in range(n) for j in range(d)) / n / d
    total = 25 * invariance
    for z in (z1, z2):
        mean = [sum(z[i, j] for i in range(n)) / n for j in range(d)]
        c = [
            [sum((z[i, j] - mean[j]) * (z[i, k] - mean[k]) for i in range(n)) / (n - 1) for k in range(d)]
            for j in range(d)
        ]
        total += 25 / 2 * sum(max(0, 1 - (c[j][j] + 1e-4) ** 0.5) for j in range(d)) / d
        total += sum(c[j][k] ** 2 for j in range(d) for k in range(d) if j != k) / d
    return total


def test_the_page_has_vicreg_as_its_authors_compute_it(tmp_path, small_run):
    (tmp_path / "vicreg.py").write_text(VICREG)
    objective = resolve(f"{tmp_path}/vicreg.py:VICReg")
    torch.manual_seed(0)
    module = loss_module(objective, small_run, 5)
    layers = [type(layer).__name__ for layer in module.expander]
    assert layers == ["Linear", "BatchNorm1d", "ReLU"] * 2 + ["Linear"]
    h = torch.randn(2, 7, 5)
    rows = [module.expander(one).detach().double().numpy() for one in h]
    found = loss_function(objective, module)(*h, torch.zeros(7), 0.5)
    assert found.item() == pytest.approx(vicreg_by_sums(*rows), rel=1e-5)


def test_what_is_read_is_what_the_network_gives(own, small_run):
    network = initial_network(small_run, own, 1, (8, 8), 4).eval()
    images = torch.rand(6, 1, 8, 8)
    features = network.encoder(images)
    if reads_of(own) == "features":
        torch.testing.assert_close(network(images), features)
        assert not [name for name in network.state_dict() if name.startswith("projection_head")]
    else:
        torch.testing.assert_close(network(images), network.projection_head(features))
        assert not torch.allclose(network(images).norm(dim=1), torch.ones(6))


def test_its_parameters_are_trained_and_kept_and_others_start_the_same(own, small_run, images, recipe, tmp_path):
    folder = tmp_path / "run"
    train_twins(small_run, [resolve("cl"), own], [0, 1, 3], images, recipe, folder, tmp_path / "state.pt")
    first, last = (load_file(folder / f"{own.name}-epoch{epoch:04d}.safetensors") for epoch in (0, 3))
    cl = load_file(folder / "cl-epoch0000.safetensors")
    encoder = [name for name in cl if name.startswith("encoder.")]
    assert all(torch.equal(cl[name], first[name]) for name in encoder)
    weights = [name for name, value in first.items() if value.ndim >= 2]
    assert not [name for name in weights if torch.equal(first[name], last[name])]
    assert any(name.startswith("loss.") for name in weights) == (not own.name.endswith(".loss"))


def test_it_is_trained_to_the_same_bits_after_an_interruption(own, small_run, images, recipe, tmp_path):
    def trained(name, epochs):
        for until in epochs:
            run = small_run.model_copy(update={"epochs": until, "horizon_epochs": 3})
            train_twins(run, [own], [1, 3], images, recipe, tmp_path / name, tmp_path / f"{name}.pt", origin="same")
        return (tmp_path / name / f"{own.name}-epoch0003.safetensors").read_bytes()

    assert trained("whole", [3]) == trained("parts", [2, 3])


def test_it_learns(own, small_run, images, recipe, tmp_path):
    run = small_run.model_copy(update={"epochs": 12, "learning_rate": 2.0})
    steps = train_twins(run, [own], [], images, recipe, tmp_path / "run", tmp_path / "state.pt").steps
    course = np.array([row.loss for row in steps])
    assert course[-8:].mean() < course[:8].mean()
