"""A first call of custom encoders and losses, so that their errors appear at planning."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.config.base import SettingsError
from pipeline.config.objective_settings import Objective
from pipeline.config.params import Params
from pipeline.config.run import Run
from pipeline.datasets.catalog import resolve as dataset_spec
from pipeline.planning.view_shape import view_shape


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
