"""Tabulate what Theorem 1 and its sharper forms guarantee at the paper's own settings, with nothing trained."""

from __future__ import annotations

from dataclasses import asdict

from pipeline.config.base import Settings
from pipeline.planning.stage import Stage
from pipeline.system.files import Inputs, Outputs


class PromisedJob(Settings):
    delta: float


def run(job: PromisedJob, inputs: Inputs, outputs: Outputs) -> None:
    import pandas as pd

    from pipeline.reporting.published_settings import SCHEDULES, SETTINGS, bounds_of_setting
    from pipeline.system.files import write_csv

    rows = [bounds_of_setting(setting, schedule, job.delta) for setting in SETTINGS for schedule in SCHEDULES]
    write_csv(outputs["promised"], pd.DataFrame(map(asdict, rows)))


STAGE = Stage(
    "promised",
    lambda plan, _: PromisedJob(delta=plan.params.theory.delta),
    {"promised": "promised.csv"},
)
