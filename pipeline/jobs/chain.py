"""The stages in the order of the chain."""

from pipeline.planning.stage import Stage
from pipeline.stages import (
    baselines,
    between_seeds,
    bounds,
    claims,
    comparison,
    curvature,
    early,
    figure,
    forcing,
    layers,
    loss_gap,
    measure,
    merging,
    metrics,
    prepare,
    promised,
    report,
    subset,
    table1,
    table2,
    twins,
)

_DATA_AND_TRAINING = (prepare, subset, twins)
_MEASURES = (measure, baselines, layers, early, between_seeds, bounds, promised, curvature, forcing, loss_gap, merging)
_FOR_READERS = (table1, table2, comparison, claims, metrics, figure, report)

STAGES: dict[str, Stage] = {
    module.STAGE.name: module.STAGE for module in (*_DATA_AND_TRAINING, *_MEASURES, *_FOR_READERS)
}
_MAKERS = {kind: stage for stage in STAGES.values() for kind in stage.writes}


def stage_of(kind: str) -> Stage:
    """Return the stage that writes a kind."""
    return _MAKERS[kind]
