"""A first call of custom encoders and losses, so that their errors appear at planning."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from pipeline.config.base import SettingsError
from pipeline.config.dataset_settings import DatasetSpec
from pipeline.config.objective_settings import Objective
from pipeline.config.params import Params
from pipeline.config.run import Run
from pipeline.datasets.catalog import KNOWN, facts
from pipeline.datasets.catalog import resolve as dataset_spec


def rehearse_objectives(run: Run, objectives: Sequence[Objective], params: Params, where: str) -> None:
    """Call custom encoder and losses once, where the images' shape is known before they are prepared.

    Raises:
        SettingsError: names what a function returned instead of what is expected.
    """
    from pipeline.train.rehearsal import rehearse  # noqa: PLC0415  (torch takes seconds, and most plans need none)

    shape = _image_shape(dataset_spec(run.dataset, params.datasets))
    if shape is None:
        return
    channels, *size = shape
    for objective in objectives:
        try:
            rehearse(run, objective, channels, (size[0], size[1]), run.classes or 2)
        except SettingsError as error:
            raise SettingsError(f"{where}: {error}") from None


@cache
def _image_shape(spec: DatasetSpec) -> tuple[int, int, int] | None:
    """(channels, height, width) of views; None: the images are missing, and their size is not published."""
    sizes = facts(spec.source).sizes
    if sizes is None or (spec.source not in KNOWN and not all(Path(path).exists() for path in spec.paths)):
        return None
    _, _, channels, *size = sizes(spec)
    height, width = spec.views.size or size
    return channels, height, width
