"""Commands on networks: `extract` features of a folder of images, and compare all layers of two `models`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from twin_alignment.errors import InputError

PATH = click.Path(path_type=Path)
MODEL = (
    "MODEL is timm:NAME, torchvision:NAME, or FILE.py:FUNCTION, a function without arguments that returns a network."
)
EXTRACT_HELP = f"""Write the features of a network's layers for all images below a folder.

{MODEL}
"""
MODELS_HELP = f"""Compare all layers of two networks on all images below a folder: CKA and RSA.

{MODEL} Only sums are kept, so that the number of images has no limit.
"""
LAYERS_HELP = "Comma-separated names of modules, or all."

Command = TypeVar("Command", bound=Callable[..., Any])


def _image_options(command: Command) -> Command:
    """Options of both commands."""
    options = (
        click.option("--pretrained", is_flag=True, help="Load the weights of timm or torchvision (may download)."),
        click.option("--pool", type=click.Choice(["mean", "max", "cls", "flatten"]), default="mean", show_default=True),
        click.option("--size", type=click.IntRange(min=1), help="Height and width that the network reads; pixels."),
        click.option("--mean", help="Mean of each channel of pixels in [0, 1], separated by commas."),
        click.option("--std", help="Standard deviation of each channel, separated by commas."),
        click.option("--skip-unreadable", is_flag=True, help="Leave out and list files that cannot be read."),
        click.option("--batch-size", type=click.IntRange(min=1), default=32, show_default=True),
        click.option("--device", help="cpu, cuda, cuda:1, ...  [default: a GPU where there is one]"),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(help=EXTRACT_HELP)
@click.argument("model")
@click.option("--images", type=PATH, help="Folder of images; all below it, sorted by path.")
@click.option("--out", type=PATH, help="An .npz or .safetensors, with an array for each layer and names of rows.")
@click.option("--layers", help=f"{LAYERS_HELP}  [default: what the classifier reads]")
@click.option("--list-layers", is_flag=True, help="Print the layers and their shapes.")
@click.option("--weights", type=PATH, help="A .safetensors, or a .pt or .pth of tensors alone.")
@click.option("--seed", type=int, help="Seed of random weights.")
@_image_options
def extract(
    model: str, images: Path | None, out: Path | None, layers: str | None, list_layers: bool, **options: Any
) -> None:
    """Write the features of a network's layers for all images below a folder."""
    from twin_alignment.comparison.file_comparison import check_output  # noqa: PLC0415  (loads torch)
    from twin_alignment.models.extraction import extract_folder  # noqa: PLC0415
    from twin_alignment.models.image_folder import find_images  # noqa: PLC0415
    from twin_alignment.models.model_loading import device_named, layer_list, load_model  # noqa: PLC0415
    from twin_alignment.text_table import text_table  # noqa: PLC0415

    if not list_layers and (images is None or out is None):
        raise InputError("expected --images FOLDER and --out FILE, or --list-layers")
    if out is not None:
        if out.suffix.lower() not in (".npz", ".safetensors"):
            raise InputError(f"{out}: expected an .npz or .safetensors")
        check_output(out, [])
    folder = None if images is None or list_layers else find_images(images, options["skip_unreadable"])
    request = _request(model, options, layers, options["weights"], options["seed"], options["pretrained"])
    loaded = load_model(request, device_named(options["device"]))
    if folder is None or out is None:
        print(text_table(layer_list(loaded), ["layer", "shape", "columns"]))
        return
    print(extract_folder(loaded, folder, out, options["batch_size"]))


@click.command(help=MODELS_HELP)
@click.argument("model_a")
@click.argument("model_b")
@click.option("--images", type=PATH, required=True, help="Folder of images; all below it, sorted by path.")
@click.option("--csv", type=PATH, help="Write a row for each two layers.")
@click.option("--plot", type=PATH, help="Draw a heat map of CKA: a .png, .pdf or .svg.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--intervals", nargs=2, multiple=True, metavar="LAYER_A LAYER_B", help="Pair that gets intervals.")
@click.option("--layers-a", default="all", show_default=True, help=LAYERS_HELP)
@click.option("--layers-b", default="all", show_default=True, help=LAYERS_HELP)
@click.option("--weights-a", type=PATH, help="A .safetensors, or a .pt or .pth of tensors alone.")
@click.option("--weights-b", type=PATH, help="The same of MODEL_B.")
@click.option("--seed-a", type=int, help="Seed of random weights.")
@click.option("--seed-b", type=int, help="The same of MODEL_B.")
@_image_options
def models(
    model_a: str,
    model_b: str,
    images: Path,
    csv: Path | None,
    plot: Path | None,
    as_json: bool,
    intervals: tuple[tuple[str, str], ...],
    **options: Any,
) -> None:
    """Compare all layers of two networks on all images below a folder: CKA and RSA."""
    from twin_alignment.comparison.file_comparison import check_output  # noqa: PLC0415  (loads torch)
    from twin_alignment.models.image_folder import find_images  # noqa: PLC0415
    from twin_alignment.models.model_loading import device_named, load_model  # noqa: PLC0415
    from twin_alignment.models.two_models import compare_on_folder  # noqa: PLC0415

    if plot and plot.suffix not in (".png", ".pdf", ".svg"):
        raise InputError(f"{plot}: expected a .png, .pdf or .svg")
    for output in filter(None, (csv, plot)):
        check_output(output, [])
    folder = find_images(images, options["skip_unreadable"])
    device = device_named(options["device"])
    requests = []
    for model, side in ((model_a, "a"), (model_b, "b")):
        layers, weights, seed = (options[f"{key}_{side}"] for key in ("layers", "weights", "seed"))
        downloads = options["pretrained"] and weights is None and ".py:" not in model
        requests.append(_request(model, options, layers, weights, seed, downloads))
    loaded = [load_model(request, device) for request in requests]
    comparison = compare_on_folder(loaded[0], loaded[1], folder, options["batch_size"], intervals)
    if csv:
        comparison.table.to_csv(csv, index=False)
    if plot:
        comparison.plot().savefig(plot, dpi=200, bbox_inches="tight")
    print(comparison.to_json() if as_json else str(comparison))


def _request(
    model: str, options: dict[str, Any], layers: str | None, weights: Path | None, seed: int | None, pretrained: bool
) -> Any:
    """Network as the command asks for it."""
    from twin_alignment.models.model_loading import ModelRequest  # noqa: PLC0415  (loads torch)
    from twin_alignment.models.preprocessing import Overrides  # noqa: PLC0415

    overrides = Overrides(options["size"], *(_numbers(options[name], f"--{name}") for name in ("mean", "std")))
    names = layers if layers in (None, "all") else [name.strip() for name in str(layers).split(",")]
    return ModelRequest(model, weights, pretrained, seed, names, options["pool"], overrides)


def _numbers(text: str | None, option: str) -> tuple[float, ...] | None:
    try:
        return None if text is None else tuple(float(part) for part in text.split(","))
    except ValueError:
        raise InputError(f"{option}: expected numbers separated by commas, got {text!r}") from None
