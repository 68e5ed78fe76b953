"""Draw the classes of a subset, nested in their number."""

from __future__ import annotations

from dataclasses import asdict

from pydantic import Field

from pipeline.config.base import Settings, SettingsError
from pipeline.planning.plan import Plan
from pipeline.planning.stage import Stage
from pipeline.system.files import Inputs, Outputs


class SubsetJob(Settings):
    dataset: str
    classes: int | None
    seed: int = Field(ge=0)

    @property
    def subject(self) -> str:
        return f"{self.dataset}/classes={self.classes or 'all'},seed={self.seed}"


def job_of(plan: Plan, subject: str) -> SubsetJob:
    """Read `dataset/classes=C,seed=S`, where C is a number or `all`. Raises SettingsError for another text."""
    dataset, _, settings = subject.partition("/")
    plan.dataset(dataset)
    parts = dict(part.partition("=")[::2] for part in settings.split(","))
    try:
        classes = None if parts["classes"] == "all" else int(parts["classes"])
        return SubsetJob(dataset=dataset, classes=classes, seed=int(parts["seed"]))
    except (KeyError, ValueError):
        raise SettingsError(f"subset {subject!r}: expected dataset/classes=C,seed=S, C a number or all") from None


def run(job: SubsetJob, inputs: Inputs, outputs: Outputs) -> None:
    from pipeline.datasets.store import load_store
    from pipeline.datasets.subsets import draw_subset
    from pipeline.system.files import write_json

    names = load_store(inputs["store"][0]).manifest.class_names
    subset = draw_subset(job.dataset, names, job.classes or len(names), job.seed)
    write_json(outputs["subset"], asdict(subset))


STAGE = Stage(
    "subset",
    job_of,
    {"subset": "subset.json"},
    folder="subsets",
    reads=lambda job: {"store": [job.dataset]},
    subject="subset",
    subjects=lambda plan: plan.subsets,
)
