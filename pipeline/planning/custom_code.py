"""A first call of custom views, encoders and losses, so that their errors appear at planning."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import ARRAYS, DatasetSpec
from pipeline.config.objective_settings import Objective
from pipeline.config.params import Params
from pipeline.config.run import Run
from pipeline.datasets.array_splits import digests, read_arrays
from pipeline.datasets.catalog import resolve as dataset_spec
from pipeline.datasets.store import Split
from pipeline.planning.view_shape import view_shape
from pipeline.system.files import sha256


def rehearse_objectives(run: Run, objectives: Sequence[Objective], params: Params, where: str) -> None:
    """Call custom encoder and losses once, where the images' shape is known before they are prepared.

    Raises:
        SettingsError: names what a function returned instead of what is expected.
    """
    from pipeline.train.rehearsal import rehearse  # noqa: PLC0415  (torch takes seconds, and most plans need none)

    shape = view_shape(dataset_spec(run.dataset, params.datasets))
    if shape is None:
        return
    channels, *size = shape
    for objective in objectives:
        try:
            rehearse(run, objective, channels, tuple(size), run.classes or 2)
        except SettingsError as error:
            raise SettingsError(f"{where}: {error}") from None


def rehearse_arrays(dataset: str, params: Params) -> None:
    """Read a dataset's arrays and call their view function once, where the files are there.

    Raises:
        SettingsError: says what is wrong with the arrays, or what the function returned.
    """
    spec = dataset_spec(dataset, params.datasets)
    if spec.source == ARRAYS and all(Path(path).is_file() for path in spec.paths):
        try:
            _rehearse_arrays(spec, digests(spec), *(sha256(Path(file)) for file in spec.views.files))
        except SettingsError as error:
            raise SettingsError(f"datasets.{dataset}: {error}") from None


@cache  # a plan asks for every run
def _rehearse_arrays(spec: DatasetSpec, _: tuple[tuple[str, str], ...], *__: str) -> None:
    import torch  # noqa: PLC0415

    from pipeline.datasets.images import Images  # noqa: PLC0415
    from pipeline.train.view_rehearsal import rehearse_views  # noqa: PLC0415

    source = read_arrays(spec)
    classes = tuple(range(len(source.class_names)))
    split = Split(source.train.rows, source.train.labels)
    rehearse_views(spec.views, Images(split, classes, (), (), torch.device("cpu")))
