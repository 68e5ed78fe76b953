"""A run: everything that decides the weights of one set of twins, and its name.

A run trains all its objectives side by side on one stream of random numbers. Its name is the dataset, then every field
that does not have its published value:

    digit_pairs/classes=100,encoder=resnet10,width=16,batch_size=256,epochs=8,seed=0

The name is for people and paths. The whole value, defaults included, decides whether a result is current.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from pipeline.config.base import SettingsError, parse
from pipeline.config.training_settings import TrainingSettings


class Run(TrainingSettings):
    """One twin run: everything that decides its weights, except which objectives take part."""

    dataset: str
    classes: int | None = Field(None, ge=2)
    """C', drawn by subset_seed; None: all classes"""
    subset_seed: int | None = Field(0, ge=0)
    """None: the run's seed, so that every seed has other classes"""
    seed: int = Field(0, ge=0)

    @property
    def name(self) -> str:
        """`dataset/field=value,...` without fields at their defaults, except the seed."""
        parts = [
            f"{field}={_text(getattr(self, field))}"
            for field, default in _NAMED
            if field == "seed" or getattr(self, field) != default
        ]
        return f"{self.dataset}/{','.join(parts)}"

    @classmethod
    def from_name(cls, name: str) -> Run:
        """Parse a name. Raises SettingsError if it is not the name of a run."""
        dataset, _, rest = name.partition("/")
        values: dict[str, Any] = {"dataset": dataset}
        for part in rest.split(","):
            field, equals, text = part.partition("=")
            if not equals or field in values:
                raise SettingsError(f"run name {name!r}: expected dataset/field=value,field=value, got {part!r}")
            values[field] = _value(field, text)
        run = parse(cls, values, f"run name {name!r}")
        if run.name != name:
            raise SettingsError(f"run name {name!r}: the canonical name of this run is {run.name!r}")
        return run

    @property
    def subset(self) -> str:
        """Name of the class subset that the run trains on, with the seed that draws it."""
        seed = self.seed if self.subset_seed is None else self.subset_seed
        return f"{self.dataset}/classes={self.classes or 'all'},seed={seed}"

    @property
    def network_inputs(self) -> dict[str, list[str]]:
        """Kind -> subjects of what is read to show the run's networks its images."""
        return {"store": [self.dataset], "subset": [self.subset], "checkpoints": [self.name]}

    @property
    def setting(self) -> Run:
        """The run with seed 0, equal for runs that differ only in their seed."""
        return self.model_copy(update={"seed": 0})


_ORDER = {"classes": 0, "subset_seed": 2, "seed": 3}  # in a name: classes first, seeds last
_NAMED = [  # fields and their defaults
    (field, Run.model_fields[field].default)
    for field in sorted(Run.model_fields, key=lambda field: _ORDER.get(field, 1))
    if field != "dataset"
]


def _text(value: Any) -> str:
    """Write a field's value."""
    if value is None:
        return "none"
    return "+".join(value) or "nothing" if isinstance(value, tuple) else str(value)


def _value(field: str, text: str) -> Any:
    """Read a field's value; pydantic converts numbers."""
    if field == "shared":
        return () if text == "nothing" else tuple(text.split("+"))
    if field == "subset_seed" and text == "none":  # elsewhere it is a word: lars_exclude=none
        return None
    return text
