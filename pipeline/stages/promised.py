"""Bounds of Theorem 1 and its sharper forms at the paper's own settings, without any training."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.reporting.published_settings import SCHEDULES, SETTINGS, bounds_of_setting
from pipeline.system.files import write_csv

if TYPE_CHECKING:
    from pipeline.jobs.declared import PromisedJob
    from pipeline.stages import Inputs, Outputs


def run(job: PromisedJob, inputs: Inputs, outputs: Outputs) -> None:
    """Write the bounds of all published settings."""
    bounds = [bounds_of_setting(setting, schedule, job.delta) for setting in SETTINGS for schedule in SCHEDULES]
    write_csv(outputs["promised"], pd.DataFrame(map(asdict, bounds)))
