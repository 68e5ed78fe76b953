import pytest
import torch

from pipeline.config.training_settings import TrainingSettings
from pipeline.models.network import Network, ProjectionHead, build_encoder, feature_dimension
from twin_alignment.torchvision_shim import torchvision


@pytest.mark.parametrize(("name", "expansion"), [("resnet18", 1), ("resnet50", 4)])
@pytest.mark.parametrize("stem", ["cifar", "imagenet"])
def test_a_full_width_network_is_torchvisions(name, expansion, stem):
    ours = build_encoder(TrainingSettings(encoder=name, stem=stem), 3, (64, 64))
    theirs = torchvision.models.get_model(name)
    theirs.fc = torch.nn.Identity()
    if stem == "cifar":
        theirs.conv1 = torch.nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        theirs.maxpool = torch.nn.Identity()
    theirs.load_state_dict(ours.state_dict())  # the same parameters of the same shapes
    images = torch.rand(2, 3, 64, 64, dtype=torch.float64)  # sums are in another order
    torch.testing.assert_close(ours.double().eval()(images), theirs.double().eval()(images))
    ours.float()
    assert feature_dimension(ours, 3, (64, 64)) == 512 * expansion


@pytest.mark.parametrize("width", [4, 6, 8, 16])
def test_a_shortcut_takes_every_second_pixel_forward_and_backward(width):
    encoder = build_encoder(TrainingSettings(encoder="resnet10", width=width), 3, (16, 16))
    shortcut = encoder.layer2[0].downsample[0].to(memory_format=torch.channels_last)
    images = torch.randn(256, width, 8, 8).contiguous(memory_format=torch.channels_last).requires_grad_()
    weights = torch.randn(256, 2 * width, 4, 4).contiguous(memory_format=torch.channels_last)
    found = shortcut(images)
    (found * weights).sum().backward()
    taken, matrix = images.detach()[:, :, ::2, ::2].double(), shortcut.weight.detach()[:, :, 0, 0].double()
    close = {"rtol": 1e-4, "atol": 1e-3, "check_dtype": False}
    torch.testing.assert_close(found, torch.einsum("oi,nihw->nohw", matrix, taken), **close)
    expected = torch.einsum("nohw,nihw->oi", weights.double(), taken)
    torch.testing.assert_close(shortcut.weight.grad[:, :, 0, 0], expected, **close)
    expected = torch.einsum("oi,nohw->nihw", matrix, weights.double())
    torch.testing.assert_close(images.grad[:, :, ::2, ::2], expected, **close)
    assert images.grad.count_nonzero() == expected.numel()


def test_convolutions_start_as_he_et_al_say():
    torch.manual_seed(0)
    encoder = build_encoder(TrainingSettings(encoder="resnet18"), 3, (32, 32))
    weight = encoder.layer4[1].conv2.weight
    assert weight.std().item() == pytest.approx((2 / (512 * 9)) ** 0.5, rel=0.01)  # fan out = 512 channels x 3 x 3


@pytest.mark.parametrize(
    ("name", "width", "columns"),
    [("vit_small", 64, 384), ("vit_small", 8, 48), ("vit_micro", 16, 32)],
)
def test_transformers_take_square_images_of_any_channels(name, width, columns):
    encoder = build_encoder(TrainingSettings(encoder=name, width=width), 1, (32, 32))
    assert feature_dimension(encoder, 1, (32, 32)) == columns
    assert encoder(torch.rand(2, 1, 32, 32)).shape == (2, columns)


@pytest.mark.parametrize("size", [(8, 16), (28, 28)])
def test_a_transformer_refuses_sizes_it_cannot_cut(size):
    with pytest.raises(ValueError, match=f"{size[0]} x {size[1]} pixels: choose a square"):
        build_encoder(TrainingSettings(encoder="vit_small"), 3, size)


@pytest.mark.parametrize(("name", "side", "columns", "patch"), [("vit_small", 32, 384, 4), ("vit_base", 224, 768, 16)])
def test_the_papers_transformers_have_twelve_blocks_of_twelve_heads(name, side, columns, patch):
    ours = build_encoder(TrainingSettings(encoder=name), 3, (side, side))
    theirs = torchvision.models.VisionTransformer(side, patch, 12, 12, columns, 4 * columns)
    theirs.heads = torch.nn.Identity()
    theirs.load_state_dict(ours.state_dict())  # the same parameters of the same shapes
    images = torch.rand(1, 3, side, side)
    torch.testing.assert_close(ours.eval()(images), theirs.eval()(images))  # which the number of heads decides


def test_a_width_that_the_heads_cannot_share_is_refused():
    with pytest.raises(ValueError, match="width = 5 gives 30 columns, which its 12 heads"):
        build_encoder(TrainingSettings(encoder="vit_small", width=5), 3, (32, 32))


def test_the_projection_head_has_no_learned_bias_at_its_end():
    head = ProjectionHead(32, 16)
    shapes = {name: tuple(p.shape) for name, p in head.named_parameters() if p.requires_grad}
    assert shapes == {"0.weight": (32, 32), "1.weight": (32,), "1.bias": (32,), "3.weight": (16, 32), "4.weight": (16,)}
    z = head(torch.randn(64, 32))
    torch.testing.assert_close(z.mean(0), torch.zeros(16), atol=1e-5, rtol=0)  # so its columns are centred


def test_networks_give_unit_rows_or_logits():
    encoder = build_encoder(TrainingSettings(encoder="resnet10", width=4), 3, (8, 8))
    images = torch.rand(6, 3, 8, 8)
    unit = Network(encoder, ProjectionHead(32, 16), None, "features")(images)
    torch.testing.assert_close(unit.norm(dim=1), torch.ones(6))
    on_features = Network(encoder, ProjectionHead(32, 16), torch.nn.Linear(32, 5), "features")
    on_projection = Network(encoder, ProjectionHead(32, 16), torch.nn.Linear(16, 5), "projection")
    assert on_features(images).shape == on_projection(images).shape == (6, 5)
