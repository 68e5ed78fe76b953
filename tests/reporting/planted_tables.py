"""Tables 1 and 2 from made-up measures."""

import pandas as pd

from pipeline.reporting.accuracy_table import table1
from pipeline.reporting.agreement_table import LABELS, table2
from tests.reporting.planted import PAPER, PUBLISHED_CLASSES, moved, trajectory


def probes(run):
    accuracies = {"cl": 80.0 + run.seed, "nscl": 82.0, "untrained": 30.0}
    return pd.DataFrame(
        {"objective": o, "probe": p, "accuracy": a, "converged": True}
        for o, a in accuracies.items()
        for p in ("nccc", "lp")
    )


def tables(runs):
    raw = pd.DataFrame(
        {"objective": "raw_pixels", "probe": p, "accuracy": 40.0, "converged": True} for p in ("nccc", "lp")
    )
    movement = {run: pd.DataFrame([moved(run, e, o) for e in (0, 1, 2) for o in ("cl", "nscl")]) for run in runs}
    accuracies = {run: probes(run) for run in runs}
    baselines = {run.subset: raw for run in runs}
    one = table1(("cl", "nscl"), accuracies, baselines, movement, PAPER("table1"), PUBLISHED_CLASSES, {})
    cka = trajectory("alignment").query("dataset == 'digits' and measure == 'cka'")
    alignment = pd.concat([cka.assign(measure=measure) for measure in LABELS])
    every = {run: alignment[alignment["seed"] == run.seed] for run in runs}
    two = table2(("cl", "nscl"), every, pd.concat([PAPER("fig2"), PAPER("text")]), PUBLISHED_CLASSES, {})
    return one, two
