"""Weights of files: dictionaries and prefixes are found, heads may be missing, and nothing else is unpickled."""

import argparse

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from twin_alignment.errors import InputError
from twin_alignment.models.model_weights import load_weights


def network(classes=4):
    parts = {"conv": nn.Conv2d(3, 5, 3), "bn": nn.BatchNorm2d(5), "pool": nn.AdaptiveAvgPool2d(1)}
    model = nn.Sequential()
    for name, part in (parts | {"flat": nn.Flatten(), "fc": nn.Linear(5, classes)}).items():
        model.add_module(name, part)
    return model


def state(prefix="", drop="", classes=4):
    torch.manual_seed(1)
    named = network(classes).state_dict()
    return {f"{prefix}{name}": tensor for name, tensor in named.items() if not (drop and name.startswith(drop))}


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (state(), ""),
        (state("module."), "without the prefix 'module.'"),
        (state("backbone.encoder."), "without the prefix 'backbone.encoder.'"),
        ({"epoch": 3, "state_dict": state("module.")}, "read from 'state_dict', without the prefix 'module.'"),
        ({"a": {"b": state()}, "optimizer": {"state": {0: torch.zeros(3)}}}, "read from 'a.b'"),
        ({"model": state("encoder.") | {"projector.0.weight": torch.zeros(2, 2)}}, "1 tensors without the prefix"),
    ],
)
def test_weights_are_found(content, note, tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(content, path)
    model = network()
    loaded = load_weights(model, path, "fc", reads_classifier=True)
    assert note in " ".join(loaded.notes)
    assert bool(note) == bool(loaded.notes)
    for name, tensor in state().items():
        assert torch.equal(model.state_dict()[name], tensor), name


@pytest.mark.parametrize(
    "content", [state(drop="fc"), state(drop="fc") | {"fc.0.weight": torch.zeros(5, 5)}, state(classes=9)]
)
def test_a_head_is_missing_only_where_it_is_not_read(content, tmp_path):
    path = tmp_path / "weights.safetensors"
    save_file(content, path)
    model = network()
    loaded = load_weights(model, path, "fc", reads_classifier=False)
    assert not loaded.has_classifier
    assert torch.equal(model.conv.weight, state()["conv.weight"])
    with pytest.raises(InputError, match=r"fc\."):
        load_weights(network(), path, "fc", reads_classifier=True)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (state(drop="bn"), "lacks bn.bias, bn.running_mean, bn.running_var, ... (4"),
        (state() | {"extra.weight": torch.zeros(2)}, "has extra.weight, which the network lacks"),
        (state() | {"conv.weight": torch.zeros(5, 1, 3, 3)}, "conv.weight: expected (5, 3, 3, 3), got (5, 1, 3, 3)"),
        ({"other": torch.zeros(2)}, "has other, expected weights as bn.bias"),
        ({"epoch": 3}, "has no tensors"),
        ({"state_dict": state(), "args": argparse.Namespace(lr=1)}, "holds more than tensors"),
    ],
)
def test_other_weights_are_refused_in_a_sentence(content, sentence, tmp_path):
    path = tmp_path / "weights.pt"
    torch.save(content, path)
    with pytest.raises(InputError) as refused:
        load_weights(network(), path, "fc", reads_classifier=False)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_or_damaged_file_is_named(tmp_path):
    for name, content, sentence in (
        ("weights.pt", None, "no such file"),
        ("weights.h5", b"x", "expected weights of one of the formats"),
        ("weights.pth", b"damaged", "what can run code is not read"),
        ("weights.safetensors", b"damaged", "no readable weights"),
    ):
        if content:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=f"{name}: .*{sentence}"):
            load_weights(network(), tmp_path / name, "fc", reads_classifier=False)
