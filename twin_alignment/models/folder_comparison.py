"""All layers of two networks on the images below a folder, each network with its own preparation of images."""

from collections.abc import Iterator, Mapping

from torch import Tensor

from twin_alignment.models.extraction import device_of
from twin_alignment.models.image_folder import ImageFolder, batch_count, batches
from twin_alignment.models.model_comparison import ModelComparison, Pairs, compare_streams, memory
from twin_alignment.models.model_loading import LoadedModel
from twin_alignment.progress import say, track

LARGE = 2**30  # bytes of sums that are said


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
