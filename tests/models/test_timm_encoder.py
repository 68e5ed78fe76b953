"""Encoders of timm in the settings: features are timm's pooled ones, and what they do not read is refused."""

import pytest
import torch

from pipeline.config.base import SettingsError
from pipeline.config.run import Run
from pipeline.models.batch_norm import synchronise_batch_norm
from pipeline.models.empty import empty_network
from pipeline.models.encoders import check_encoder, module_of
from pipeline.models.layer_outputs import layer_outputs
from pipeline.models.network import build_encoder, feature_dimension

timm = pytest.importorskip("timm")


def run(encoder, **settings):
    return Run(dataset="digits", encoder=encoder, projection=8, **settings)


@pytest.mark.parametrize(("name", "columns"), [("resnet18", 512), ("vit_tiny_patch16_224", 192)])
def test_features_are_the_pooled_ones_of_timm(name, columns):
    ours = build_encoder(run(f"timm:{name}"), 1, (32, 32))
    assert ours.training
    size = {"img_size": 32} if "vit" in name else {}
    theirs = timm.create_model(name, in_chans=1, **size)
    missing = theirs.load_state_dict(ours.state_dict(), strict=False).missing_keys
    assert {key.partition(".")[0] for key in missing} <= {"fc", "head"}  # the classifier
    images = torch.rand(2, 1, 32, 32)
    expected = theirs.eval().forward_head(theirs.forward_features(images), pre_logits=True)
    torch.testing.assert_close(ours.eval()(images), expected)
    assert feature_dimension(ours, 1, (32, 32)) == columns


@pytest.mark.parametrize(
    ("name", "some"),
    [
        ("resnet18", {"conv1": 64, "layer1.0": 64, "layer4.0": 512}),
        ("vit_tiny_patch16_224", {"patch_embed": 192, "blocks.0": 192, "blocks.10": 192}),
        ("convnext_atto", {"stem.0": 40, "stages.2.blocks.5": 160}),
    ],
)
def test_its_layers_are_its_blocks(name, some):
    network = empty_network(run(f"timm:{name}"), 3, (64, 64)).eval()
    with torch.inference_mode():
        found = layer_outputs(network, torch.rand(2, 3, 64, 64))
    assert {layer: found[layer].shape[1] for layer in some} == some
    assert list(found)[-2:] == ["h", "z"]


@pytest.mark.parametrize(
    ("encoder", "settings", "sentence"),
    [
        ("timm:resnet19", {}, "encoder: expected a name of timm.list_models(), got 'timm:resnet19'"),
        ("timm:resnet18.a1_in1k", {}, "without the tag of weights, timm:resnet18, got 'timm:resnet18.a1_in1k'"),
        ("timm:resnet18", {"width": 16}, "width: expected 64 with timm:resnet18, which does not read it, got 16"),
        ("timm:resnet18", {"stem": "imagenet"}, "stem: expected cifar with timm:resnet18, which does not read it"),
    ],
)
def test_what_timm_cannot_do_is_a_sentence(encoder, settings, sentence):
    with pytest.raises(SettingsError) as refused:
        check_encoder(run(encoder, **settings), "here")
    assert str(refused.value).startswith("here: ")
    assert sentence in str(refused.value)


def test_a_size_that_timm_cannot_build_is_a_sentence():
    with pytest.raises(SettingsError, match=r"timm:vit_tiny_patch16_224: timm cannot build it for images \[3, 8, 8\]"):
        feature_dimension(build_encoder(run("timm:vit_tiny_patch16_224"), 3, (8, 8)), 3, (8, 8))


def test_a_name_of_timm_is_part_of_a_run_and_of_its_code():
    named = run("timm:resnet18", epochs=1, warmup_epochs=0)
    assert Run.from_name(named.name) == named
    assert "encoder=timm:resnet18" in named.name
    assert module_of(named.encoder) == "pipeline.models.timm_encoder"
    check_encoder(named, "here")


def test_batch_norms_with_an_activation_are_not_shared_silently():
    synchronise_batch_norm(timm.create_model("resnet18", num_classes=0))
    with pytest.raises(SettingsError, match=r"expected torch's batch norm, .* got BatchNormAct2d"):
        synchronise_batch_norm(timm.create_model("efficientnet_lite0", num_classes=0))
