"""What Theorem 1 and its sharper forms promise at the paper's own settings, with nothing trained."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pandas as pd

from pipeline.reporting.published_settings import SCHEDULES, SETTINGS, promised
from pipeline.system.files import write_csv

if TYPE_CHECKING:
    from pipeline.jobs.declared import PromisedJob
    from pipeline.stages import Inputs, Outputs


def run(job: PromisedJob, inputs: Inputs, outputs: Outputs) -> None:
    found = [promised(setting, schedule, job.delta) for setting in SETTINGS for schedule in SCHEDULES]
    write_csv(outputs["promised"], pd.DataFrame(map(asdict, found)))
