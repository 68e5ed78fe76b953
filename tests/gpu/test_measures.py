"""What is measured of features on a GPU is what the CPU measures."""

from dataclasses import astuple

import pytest
import torch

from pipeline.config.probe_settings import ProbeSettings
from pipeline.evaluate.probing import probes
from twin_alignment.measures.jackknife import Pair, Prepared
from twin_alignment.measures.registry import MEASURES


def features(rows=240, columns=24, classes=6):
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(rows) % classes
    centres = torch.randn(classes, columns, generator=generator)
    a = centres[labels] + torch.randn(rows, columns, generator=generator)
    return a, a + torch.randn(rows, columns, generator=generator), labels


@pytest.mark.parametrize("name", MEASURES)
def test_alignment_is_the_cpus(device, name):
    a, b, _ = features()
    here, there = (MEASURES[name](Pair(Prepared(a.to(one), "a"), Prepared(b.to(one), "b"))) for one in ("cpu", device))
    *numbers, note = astuple(there)
    assert tuple(numbers) == pytest.approx(astuple(here)[:-1], rel=1e-5, nan_ok=True)
    assert note == here.note


def test_probes_are_the_cpus(device):
    a, _, labels = features()
    data = a[::2], labels[::2], a[1::2], labels[1::2]
    here, there = probes(*data, ProbeSettings()), probes(*(part.to(device) for part in data), ProbeSettings())
    assert {name: result.accuracy for name, result in there.items()} == {
        name: pytest.approx(result.accuracy) for name, result in here.items()
    }
