"""Table 2: CKA and RSA of every pair of twins at the last epoch."""

from collections.abc import Mapping, Sequence

import pandas as pd

from pipeline.params import Objective
from pipeline.reporting.intervals import over_seeds
from pipeline.reporting.tables import encoder_name
from pipeline.runs import Run, by_setting


def table2(runs: Sequence[Run], objectives: Sequence[Objective], alignment: Mapping[Run, pd.DataFrame]) -> pd.DataFrame:
    """One row per dataset, split and pair, with mean and 95 % interval over seeds of both measures."""
    rows = []
    for setting, seeds in by_setting(runs).items():
        measured = pd.concat([alignment[run] for run in seeds])
        last = measured[measured["epoch"] == setting.epochs]
        for (first, second, split), group in last.groupby(["first", "second", "split"], sort=False):
            if {first, second} <= set(objectives):
                cka, rsa = (over_seeds(group[measure].tolist()) for measure in ("cka", "rsa"))
                rows.append(
                    {
                        "dataset": setting.dataset,
                        "classes": setting.classes,
                        "first": first,
                        "second": second,
                        "split": split,
                        "encoder": encoder_name(setting),
                        "epochs": setting.epochs,
                        "denominator": setting.denominator,
                        "n_seeds": cka.n,
                        "cka": cka.mean,
                        "cka_low": cka.low,
                        "cka_high": cka.high,
                        "rsa": rsa.mean,
                        "rsa_low": rsa.low,
                        "rsa_high": rsa.high,
                    }
                )
    return pd.DataFrame(rows)
