"""Files of a tree that are no images of a set, counted by reason: what is missing shows before it is missed."""

from collections import Counter
from dataclasses import dataclass, field

from pipeline.datasets.trees import TreeFile


@dataclass
class LeftOut:
    """Counts by reason, with the first file of each."""

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, TreeFile] = field(default_factory=dict)

    def add(self, reason: str, file: TreeFile) -> None:
        self.counts[reason] += 1
        self.first.setdefault(reason, file)

    def sentences(self) -> tuple[str, ...]:
        """One for each reason."""
        return tuple(
            f"{count:,} left out: {reason} (first: {self.first[reason]})" for reason, count in self.counts.items()
        )
