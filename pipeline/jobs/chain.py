"""The stages in the order of the chain."""

import importlib

from pipeline.jobs.stage_names import STAGE_NAMES
from pipeline.planning.stage import Stage

STAGES: dict[str, Stage] = {name: importlib.import_module(f"pipeline.stages.{name}").STAGE for name in STAGE_NAMES}
_MAKERS = {kind: stage for stage in STAGES.values() for kind in stage.writes}


def stage_of(kind: str) -> Stage:
    """Return the stage that writes a kind."""
    return _MAKERS[kind]
