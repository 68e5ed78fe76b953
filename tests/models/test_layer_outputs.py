import pytest
import torch
from torch import nn

from pipeline.config.run import Run
from pipeline.models.empty import empty_network
from pipeline.models.layer_outputs import layer_outputs
from pipeline.models.network import Network, ProjectionHead


class Known(nn.Module):
    """Two stages; its ReLU works in place and is called twice."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(1)  # before any stage
        self.second = nn.Linear(2, 3, bias=False)  # declared in another order than it is called
        self.first = nn.Conv2d(1, 2, 1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        with torch.no_grad():
            self.first.weight.copy_(torch.tensor([1.0, -2.0]).reshape(2, 1, 1, 1))
            self.second.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]]))

    def forward(self, x):
        maps = self.relu(self.first(self.norm(x)))
        return self.relu(self.second(maps.amax((2, 3))))


def test_every_stage_is_known_by_hand():
    network = Network(Known(), ProjectionHead(3, 4), None, "features").eval()
    network.encoder.norm.eps = 0.0
    x = torch.tensor([[1.0, 2.0], [-3.0, 4.0]]).reshape(1, 1, 2, 2)
    found = layer_outputs(network, x)
    assert list(found) == ["first", "h", "z"]
    assert found["first"].tolist() == [[(1 + 2 + 4) / 4, 6 / 4]]  # after the ReLU
    assert found["h"].tolist() == [[4.0, 6.0, 0.0]]
    z = network.projection_head(found["h"])
    torch.testing.assert_close(found["z"], z / z.norm())
    assert all(not module._forward_hooks for module in network.modules())


@pytest.mark.parametrize(
    ("encoder", "layers"),
    [
        ("resnet10", {"conv1": 8, "layer1": 8, "layer2": 16, "layer3": 32, "h": 64, "z": 16}),
        ("vit_micro", {"conv_proj": 16, **{f"encoder_layer_{i}": 16 for i in range(3)}, "h": 16, "z": 16}),
    ],
)
def test_layers_of_encoders_are_means_over_space_or_tokens(encoder, layers):
    network = empty_network(Run(dataset="digits", encoder=encoder, width=8, projection=16), 1, (8, 8)).eval()
    x = torch.rand(5, 1, 8, 8)
    with torch.inference_mode():
        found = layer_outputs(network, x)
        assert {name: rows.shape[1] for name, rows in found.items()} == layers
        torch.testing.assert_close(found["h"], network.encoder(x))
        torch.testing.assert_close(found["z"], network(x))
        if encoder == "resnet10":
            e = network.encoder
            maps = e.layer2(e.layer1(e.maxpool(e.relu(e.bn1(e.conv1(x))))))
            torch.testing.assert_close(found["layer2"], maps.flatten(2).mean(2))
        else:
            e = network.encoder
            cut = e.conv_proj(x)
            torch.testing.assert_close(found["conv_proj"], cut.flatten(2).mean(2))
            tokens = torch.cat([e.class_token.expand(5, -1, -1), cut.flatten(2).transpose(1, 2)], dim=1)
            block = e.encoder.layers.encoder_layer_0(tokens + e.encoder.pos_embedding)
            torch.testing.assert_close(found["encoder_layer_0"], block.mean(1))


def test_an_output_of_another_shape_is_refused():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(4, 4, batch_first=True)

        def forward(self, x):
            return self.rnn(x.flatten(1).unsqueeze(1))[0].squeeze(1)

    network = Network(Odd(), ProjectionHead(4, 4), None, "features").eval()
    with pytest.raises(ValueError, match=r"rnn: expected \[B, d\], .*, got tuple"):
        layer_outputs(network, torch.rand(2, 1, 2, 2))
    assert not network.encoder.rnn._forward_hooks
