"""Networks whose features tell no input from another, by run: a finding, and in no mean of that epoch."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from pipeline.config.run import Run
from pipeline.reporting.tables import COLLAPSED, lost_row

Epochs = dict[tuple[str, ...], list[int]]  # objectives, of a network or a pair of them -> where it has collapsed


def collapsed_networks(movement: pd.DataFrame) -> Epochs:
    """Objectives of one run's movement, each with the epochs at which it has collapsed."""
    if "collapsed" not in movement:  # a column of runs in which something has
        return {}
    return _epochs(zip(movement[["objective"]].to_numpy(), movement["epoch"], movement["collapsed"], strict=True))


def collapsed_pairs(alignment: pd.DataFrame) -> Epochs:
    """Pairs of one run's alignment that has no value at some epoch, as one of both has collapsed."""
    rows = alignment[alignment["measure"] == "cka"]
    return _epochs(zip(rows[["first", "second"]].to_numpy(), rows["epoch"], rows["value"].isna(), strict=True))


def collapsed_rows(runs: Mapping[Run, Epochs]) -> list[dict[str, Any]]:
    """A row of a table without a number for each; `network` has the objectives."""
    return [
        {**lost_row(run, f"{COLLAPSED}, seed {run.seed}: {collapsed_text({names: epochs})}"), "network": names}
        for run, found in runs.items()
        for names, epochs in found.items()
    ]


def collapsed_text(found: Epochs) -> str:
    """`cl, ce at epochs 1, 2; cl and nscl at epoch 2`."""
    alike: dict[tuple[int, ...], list[str]] = {}
    for names, epochs in found.items():
        alike.setdefault(tuple(epochs), []).append(" and ".join(names))
    return "; ".join(
        f"{', '.join(names)} at epoch{'s' if len(epochs) > 1 else ''} {', '.join(map(str, epochs))}"
        for epochs, names in alike.items()
    )


def _epochs(rows: Iterable[tuple[Iterable[str], int, bool]]) -> Epochs:
    found: Epochs = {}
    for names, epoch, collapsed in rows:
        if collapsed and epoch not in found.setdefault(tuple(names), []):
            found[tuple(names)].append(epoch)
    return {names: epochs for names, epochs in found.items() if epochs}
