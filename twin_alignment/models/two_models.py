"""All layers of two networks, on the batches of a loader or on the images below a folder."""

from collections.abc import Iterable, Iterator, Mapping

from torch import Tensor, nn

from twin_alignment.models.extraction import Batch, LayerChoice, device_of, evaluated, first_batch
from twin_alignment.models.image_folder import ImageFolder, batch_count, batches
from twin_alignment.models.layer_sums import Pairs, compare_streams, memory
from twin_alignment.models.model_comparison import ModelComparison
from twin_alignment.models.model_loading import LoadedModel
from twin_alignment.progress import say, track

LARGE = 2**30  # bytes of sums that are said


def compare_models(
    a: nn.Module,
    b: nn.Module,
    loader: Iterable[Batch],
    layers: LayerChoice = "all",
    layers_b: LayerChoice = None,
    pool: str = "mean",
    intervals: Pairs = (),
) -> ModelComparison:
    """Compare every layer of one network with every layer of another, in one pass over the images.

    Only sums are kept, 8 bytes for each two columns of two layers. CKA and RSA are on cosine similarities.

    Args:
        a: network, on the device that computes.
        b: network on the same device.
        loader: batches, tensors [B, C, H, W], or tuples whose first item they are.
        layers: names of modules of `a`, or `all` direct children and blocks of stages. None: `representation`.
        layers_b: those of `b`. None: as `layers`.
        pool: `mean` or `max` over space or tokens, `cls` (the first token) or `flatten`.
        intervals: pairs (layer of `a`, layer of `b`) whose features are kept, for jackknife intervals over rows.

    Returns:
        The comparison: `table` is a pandas DataFrame, `matrix("cka")` all values of a measure, `plot()` a heat map.

    Raises:
        InputError: there is no such layer, or the loader gives no images; a ValueError too.

    Example:
        >>> import torch
        >>> a, b = (nn.Sequential(nn.Flatten(), nn.Linear(27, 8), nn.ReLU(), nn.Linear(8, width)) for width in (4, 6))
        >>> comparison = compare_models(a, b, [torch.rand(20, 3, 3, 3)], layers=["1", "3"])
        >>> comparison.table[["layer_a", "layer_b"]].to_numpy().tolist()
        [['1', '1'], ['1', '3'], ['3', '1'], ['3', '3']]
    """
    with evaluated(a, b):
        images, reader_a = first_batch(a, loader, layers, pool, "a")
        images, reader_b = first_batch(b, images, layers if layers_b is None else layers_b, pool, "b")
        return compare_streams(
            ("a", "b"),
            reader_a.names,
            reader_b.names,
            ((reader_a(batch), reader_b(batch)) for batch in images),
            intervals,
        )


def compare_on_folder(
    a: LoadedModel, b: LoadedModel, folder: ImageFolder, batch_size: int, intervals: Pairs = ()
) -> ModelComparison:
    """Compare the layers of two networks, with progress on standard error.

    Args:
        a: first network, its layers and preparation of images.
        b: second network, on the same device.
        folder: images.
        batch_size: images of a batch.
        intervals: pairs of layers that get intervals.

    Returns:
        The comparison.

    Raises:
        InputError: an image cannot be decoded, a pair has another layer, or there are fewer than 2 images.
    """
    device = device_of(a.reader.module)

    def features() -> Iterator[tuple[Mapping[str, Tensor], Mapping[str, Tensor]]]:
        items = batches(folder, [a.preprocessing, b.preprocessing], batch_size)
        for number, batch in enumerate(track(items, batch_count(folder, batch_size), "models")):
            if batch.names:
                both = a.reader(batch.tensors[0].to(device)), b.reader(batch.tensors[1].to(device))
                if number == 0:
                    _say_memory(*both)
                yield both

    return compare_streams((a.reference, b.reference), a.reader.names, b.reader.names, features(), intervals)


def _say_memory(features_a: Mapping[str, Tensor], features_b: Mapping[str, Tensor]) -> None:
    columns = [[rows.shape[1] for rows in features.values()] for features in (features_a, features_b)]
    if (size := memory(*columns)) > LARGE:
        say(f"sums of {len(columns[0])} x {len(columns[1])} layers take {size / 2**30:.1f} GiB: --layers-a takes some")
