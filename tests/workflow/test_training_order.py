"""Order in which runs are trained."""

from pipeline.config.base import parse
from pipeline.config.params import Params
from pipeline.jobs.task import tasks_of
from pipeline.jobs.training_order import longest_first
from pipeline.planning.expansion import plan
from tests.workflow.conftest import LAYOUT


def test_the_longest_training_is_first():
    """Twins times epochs times classes: 3 x 1 x 10, 2 x 4 x 10, 2 x 6 x 5; equal ones keep their order."""
    digits = {"dataset": "digits", "warmup_epochs": 0}
    experiments = {
        "short": {"objectives": ["cl", "nscl", "scl"], "grid": [{**digits, "epochs": 1, "seed": [0, 1]}]},
        "long": {"objectives": ["cl", "nscl"], "grid": [{**digits, "epochs": 4}]},
        "few_classes": {"objectives": ["cl", "nscl"], "grid": [{**digits, "epochs": 6, "classes": 5}]},
    }
    tasks = tasks_of(plan(parse(Params, {"experiments": experiments}, "settings")), LAYOUT)
    ordered = [task.job.run for task in longest_first(task for task in tasks if task.stage.is_training)]
    assert [(run.epochs, run.seed) for run in ordered] == [(4, 0), (6, 0), (1, 0), (1, 1)]
