"""The plain implementation that ours is timed against computes the same."""

import json
import re
import subprocess
import sys

import pytest
import torch

from benchmarks import plain
from pipeline.config.objectives import resolve
from pipeline.train.lars import LARS, parameter_groups
from pipeline.train.loss_call import loss_function


@pytest.mark.parametrize("name", ["cl", "nscl", "scl"])
def test_plain_losses_are_ours(name):
    generator = torch.Generator().manual_seed(0)
    z1, z2 = (torch.nn.functional.normalize(torch.randn(12, 5, generator=generator), dim=1) for _ in range(2))
    labels = torch.arange(12) % 3
    if name == "scl":
        found = plain.supervised_contrastive_loss(z1, z2, labels, 0.5)
    else:
        found = plain.contrastive_loss(z1, z2, labels, 0.5, supervised=name == "nscl")
    assert found.item() == pytest.approx(loss_function(resolve(name))(z1, z2, labels, 0.5).item(), rel=1e-5)


def test_the_plain_optimiser_takes_our_steps():
    networks = []
    for _ in range(2):
        torch.manual_seed(0)
        networks.append(torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3)))
    ours = LARS(parameter_groups(networks[0], "bias_and_norm"), lr=0.1)
    for network, optimiser in zip(networks, (ours, plain.LARS(networks[1].parameters(), 0.1)), strict=True):
        for step in range(3):
            optimiser.zero_grad()
            network(torch.randn(8, 4, generator=torch.Generator().manual_seed(step))).square().mean().backward()
            optimiser.step()
    for a, b in zip(networks[0].parameters(), networks[1].parameters(), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.long
def test_the_suite_runs_by_one_command(tmp_path):
    subprocess.run([sys.executable, "-m", "benchmarks", "--quick", "--device", "cpu", "--out", tmp_path], check=True)
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    assert all(row["seconds"] > 0 and row["floor"] > 0 for row in rows)
    assert "How cost grows" in (tmp_path / "RESULTS.md").read_text()
    assert (tmp_path / "scale.png").read_bytes().startswith(b"\x89PNG")


def test_planning_is_timed_beside_snakemake_alone():
    command = [sys.executable, "-m", "benchmarks.planning", "--runs", "3", "--repeats", "1"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert re.search(r"ratio of the times: \d\.\d\d", done.stdout)
