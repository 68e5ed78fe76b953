"""Layers are found in networks of several kinds, hooked as a forward pass by hand computes them, and pooled."""

import pytest
import torch
from torch import nn

import twin_alignment as ta
from twin_alignment.models.layer_names import find_layers
from twin_alignment.pooling import pool
from twin_alignment.torchvision_shim import torchvision

timm = pytest.importorskip("timm")


def seeded(build):
    torch.manual_seed(0)
    return build().eval()


@pytest.mark.parametrize(
    ("build", "some", "number", "classifier"),
    [
        (torchvision.models.resnet18, ["conv1", "layer1.0", "layer4.1", "avgpool", "fc"], 15, "fc"),
        (torchvision.models.vit_b_16, ["conv_proj", "encoder.layers.encoder_layer_11"], 16, "heads.head"),
        (torchvision.models.efficientnet_b0, ["features.0", "features.6.3", "avgpool"], 21, "classifier.1"),
        (lambda: timm.create_model("resnet18"), ["conv1", "layer1.0", "layer4.1", "global_pool", "fc"], 15, "fc"),
        (lambda: timm.create_model("vit_tiny_patch16_224"), ["patch_embed", "blocks.0", "blocks.11"], 16, "head"),
        (lambda: timm.create_model("convnext_atto"), ["stem.0", "stages.2.blocks.5", "head"], 20, "head.fc"),
    ],
    ids=["resnet18", "vit_b_16", "efficientnet_b0", "timm resnet18", "timm vit_tiny", "timm convnext"],
)
def test_layers_are_children_and_blocks_in_their_order(build, some, number, classifier):
    with torch.random.fork_rng():
        layers = find_layers(build().eval(), torch.zeros(1, 3, 224, 224))
    assert [name for name in layers.blocks if name in some] == some
    assert len(layers.blocks) == number
    assert layers.classifier == classifier
    assert layers.blocks[-1] == "representation"


def test_features_are_those_of_a_forward_pass_by_hand():
    model = seeded(torchvision.models.resnet18)
    images = torch.rand(7, 3, 48, 48)
    found = ta.extract(model.train(), [(images[:4], "labels"), [images[4:]]], layers="all")
    assert model.training
    assert model.layer1[0].bn1.training
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in model.modules())
    model.eval()
    with torch.no_grad():
        maps = {"conv1": model.conv1(images)}
        maps["bn1"] = model.bn1(maps["conv1"])
        maps["relu"] = maps["bn1"].clamp_min(0)  # torchvision's works in place
        maps["maxpool"] = last = model.maxpool(maps["relu"])
        for stage in ("layer1", "layer2", "layer3", "layer4"):
            for number, block in enumerate(getattr(model, stage)):
                maps[f"{stage}.{number}"] = last = block(last)
        rows = {name: values.mean((2, 3)) for name, values in maps.items()}
        rows["avgpool"] = rows["representation"] = last.mean((2, 3))
        rows["fc"] = model.fc(rows["avgpool"])
    assert list(found) == [*maps, "avgpool", "fc", "representation"]
    for name, values in found.items():
        torch.testing.assert_close(values, rows[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["resnet18", "vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "convnext_atto"])
def test_the_representation_is_what_timm_calls_pre_logits(name):
    model = seeded(lambda: timm.create_model(name))
    images = torch.rand(2, 3, 224, 224)
    (found,) = ta.extract(model, [images]).values()
    with torch.no_grad():
        expected = model.forward_head(model.forward_features(images), pre_logits=True)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(("name", "channels"), [("swin_tiny_patch4_window7_224", 96), ("convnext_atto", 40)])
def test_maps_are_averaged_over_space_wherever_their_channels_are(name, channels):
    model = seeded(lambda: timm.create_model(name))
    layer = {96: "patch_embed", 40: "stem.0"}[channels]
    (found,) = ta.extract(model, [torch.rand(2, 3, 224, 224)], layers=[layer]).values()
    assert found.shape == (2, channels)


def test_pooling_by_definition():
    maps, tokens, rows = torch.rand(2, 3, 4, 5), torch.rand(2, 5, 3), torch.rand(2, 3)
    assert torch.equal(pool(maps, "x", "mean"), maps.mean((2, 3)))
    assert torch.equal(pool(maps, "x", "max"), maps.flatten(2).max(2).values)
    assert torch.equal(pool(maps, "x", "flatten"), maps.reshape(2, 60))
    assert torch.equal(pool(tokens, "x", "mean"), tokens.mean(1))
    assert torch.equal(pool(tokens, "x", "max"), tokens.max(1).values)
    assert torch.equal(pool(tokens, "x", "cls"), tokens[:, 0])
    assert torch.equal(pool(tokens, "x", "flatten"), tokens.reshape(2, 15))
    for how in ("mean", "max", "cls", "flatten"):
        assert torch.equal(pool(rows, "x", how), rows)
    last = torch.rand(2, 4, 4, 3)
    assert torch.equal(pool(last, "x", "mean", square=True), last.mean((1, 2)))
    assert torch.equal(pool(last, "x", "mean"), last.mean((2, 3)))  # images that are not square: channels come first
    for wrong, how in ((maps, "cls"), (torch.rand(2, 2, 2, 2, 2), "mean"), ((rows,), "mean")):
        with pytest.raises(ValueError, match=r"x: expected"):
            pool(wrong, "x", how)


class Shared(nn.Module):
    """A ReLU that is called twice, an LSTM that returns a tuple, and no classifier."""

    def __init__(self):
        super().__init__()
        self.first, self.relu, self.rnn = nn.Linear(3, 4), nn.ReLU(), nn.LSTM(4, 4, batch_first=True)

    def forward(self, x):
        rows = self.relu(self.relu(self.first(x.mean((2, 3)))))
        return self.rnn(rows[:, None])[0][:, 0]


def test_ambiguous_layers_are_left_out_and_refused_by_name():
    model, images = Shared(), torch.rand(2, 3, 4, 4)
    found = ta.extract(model, [images], layers="all")
    assert list(found) == ["first", "representation"]
    torch.testing.assert_close(found["representation"], model(images).detach())
    for layers in (["relu"], ["rnn"], ["frist"]):
        with pytest.raises(ta.InputError, match="called once and returns a tensor, as "):
            ta.extract(model, [images], layers=layers)
    with pytest.raises(ta.InputError, match="one batch or more"):
        ta.extract(model, [])
    with pytest.raises(ta.InputError, match="expected tensors"):
        ta.extract(model, [{"image": images}])
    with pytest.raises(ta.InputError, match="pool: expected one of"):
        ta.extract(model, [images], pool="median")
