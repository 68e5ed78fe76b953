"""Encoders of rows: the built-in perceptron, and layers of convolutions in one dimension."""

import pytest
import torch
from torch import nn

from pipeline.config.base import SettingsError
from pipeline.config.training_settings import TrainingSettings
from pipeline.models.layer_outputs import layer_outputs
from pipeline.models.memory_layout import channels_last_kernels
from pipeline.models.network import Network, ProjectionHead, build_encoder, feature_dimension


@pytest.mark.parametrize(("channels", "size"), [(7, ()), (3, (5,)), (2, (4, 4))])
@pytest.mark.parametrize("depth", [1, 3])
def test_the_perceptron_has_its_width_and_depth(channels, size, depth):
    encoder = build_encoder(TrainingSettings(encoder="mlp", width=16, depth=depth), channels, size)
    matrices = [module.weight for module in encoder.modules() if isinstance(module, nn.Linear)]
    rows = torch.randn(9, channels, *size)
    columns = rows[0].numel()
    assert [tuple(matrix.shape) for matrix in matrices] == [(16, columns), *[(16, 16)] * (depth - 1)]
    assert feature_dimension(encoder, channels, size) == 16
    h = rows.flatten(1)
    for matrix in matrices:  # by definition, with the statistics of the batch
        h = h @ matrix.T
        h = ((h - h.mean(0)) / (h.var(0, correction=0) + 1e-5).sqrt()).clamp_min(0)
    torch.testing.assert_close(encoder(rows), h)


@pytest.mark.parametrize("name", ["resnet10", "vit_micro", "timm:resnet10t"])
@pytest.mark.parametrize(("size", "axes"), [((), "1 axis"), ((5,), "2 axes"), ((4, 4, 4), "4 axes")])
def test_encoders_of_images_refuse_rows(name, size, axes):
    message = f"^encoder: {name} reads images .* rows with {axes}: expected mlp or FILE.py:FUNCTION$"
    with pytest.raises(SettingsError, match=message):
        build_encoder(TrainingSettings(encoder=name), 8, size)


def test_layers_of_sequences_are_averaged_over_positions():
    torch.manual_seed(0)
    first = nn.Sequential(nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4))
    encoder = nn.Sequential(first, nn.ReLU(), nn.Conv1d(4, 6, 3), nn.AdaptiveAvgPool1d(1), nn.Flatten())
    network = Network(encoder, ProjectionHead(6, 3), None, "features").eval()
    rows = torch.randn(5, 2, 11)
    with torch.no_grad():
        layers = layer_outputs(network, rows)
        expected = first(rows).clamp_min(0).mean(2)
    assert {name: values.shape[1] for name, values in layers.items()} == {"0": 4, "h": 6, "z": 3}
    torch.testing.assert_close(layers["0"], expected)


def test_layers_of_tokens_are_averaged_over_tokens():
    encoder = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 6), nn.Flatten())
    network = Network(encoder, ProjectionHead(42, 3), None, "features").eval()
    rows = torch.randn(5, 7, 3)
    with torch.no_grad():
        torch.testing.assert_close(layer_outputs(network, rows)["0"], encoder[0](rows).mean(1))


def test_kernels_of_every_dimension_keep_their_values():
    for kind, dimensions in ((nn.Conv1d, 1), (nn.Conv2d, 2), (nn.Conv3d, 3)):
        network = nn.Sequential(kind(2, 3, 3))
        before = network[0].weight.detach().clone()
        channels_last_kernels(network)
        torch.testing.assert_close(network[0].weight, before)
        assert network[0].weight.stride() == (before.stride() if dimensions != 2 else (18, 1, 6, 2))
