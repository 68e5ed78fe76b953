"""The paper's published values."""

from pathlib import Path

import pandas as pd

REFERENCE = Path(__file__).parents[2] / "reports" / "reference" / "paper_values.csv"

PAPER_CLASSES = {"cifar10": 10, "cifar100": 100, "mini_imagenet": 100, "tiny_imagenet": 200, "imagenet1k": 1000}


def paper_values(artifact: str) -> pd.DataFrame:
    """Rows of one table or figure: dataset, split, epoch, objective, measure, value, tolerance, source."""
    values = pd.read_csv(REFERENCE)
    return values[values["artifact"] == artifact].drop(columns="artifact")
