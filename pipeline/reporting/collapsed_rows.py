"""Collapsed networks, whose features do not distinguish inputs: reported by run, and in no mean of that epoch."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from pipeline.config.run import Run
from pipeline.reporting.tables import COLLAPSED, lost_row

Epochs = dict[tuple[str, ...], list[int]]  # one network or a pair, by objectives -> epochs at which it has collapsed


def collapsed_networks(movement: pd.DataFrame) -> Epochs:
    """Collapsed objectives of one run's movement."""
    if "collapsed" not in movement:  # a column of runs in which something has
        return {}
    return _epochs(zip(movement[["objective"]].to_numpy(), movement["epoch"], movement["collapsed"], strict=True))


def collapsed_pairs(alignment: pd.DataFrame) -> Epochs:
    """Pairs of one run's alignment without a value, because a network has collapsed."""
    rows = alignment[alignment["measure"] == "cka"]
    return _epochs(zip(rows[["first", "second"]].to_numpy(), rows["epoch"], rows["value"].isna(), strict=True))


def collapsed_rows(runs: Mapping[Run, Epochs]) -> list[dict[str, Any]]:
    """Rows of a table without numbers, one a network or pair; `network` has the objectives."""
    return [
        {**lost_row(run, f"{COLLAPSED}, seed {run.seed}: {collapsed_text({names: when})}"), "network": names}
        for run, epochs in runs.items()
        for names, when in epochs.items()
    ]


def collapsed_text(epochs: Epochs) -> str:
    """Words such as `cl, ce at epochs 1, 2; cl and nscl at epoch 2`."""
    by_epochs: dict[tuple[int, ...], list[str]] = {}
    for names, when in epochs.items():
        by_epochs.setdefault(tuple(when), []).append(" and ".join(names))
    return "; ".join(
        f"{', '.join(names)} at epoch{'s' if len(when) > 1 else ''} {', '.join(map(str, when))}"
        for when, names in by_epochs.items()
    )


def _epochs(rows: Iterable[tuple[Iterable[str], int, bool]]) -> Epochs:
    epochs: Epochs = {}
    for names, epoch, collapsed in rows:
        if collapsed and epoch not in epochs.setdefault(tuple(names), []):
            epochs[tuple(names)].append(epoch)
    return {names: when for names, when in epochs.items() if when}
