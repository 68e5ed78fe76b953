"""What is said of measured results has the numbers of the tables that lie beside it."""

import re

import pandas as pd
import pytest

from tests.docs.pages import ROOT

NUMBER = r"-?\d+\.\d+"
INTERVAL = re.compile(rf"({NUMBER}) \[({NUMBER}),\s+({NUMBER})\]")
COLUMNS = ["mean", "ci_low", "ci_high"]
MEASURED = ROOT / "reports" / "measured"
FINDINGS = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
TEXTS = {
    **{folder.name: (folder / "README.md").read_text(encoding="utf-8") for folder in MEASURED.iterdir()},
    "cifar_two_cores/": FINDINGS.partition("## On CIFAR-100, on two cores")[2].partition("\n## ")[0],
    "tiny_imagenet_two_cores/": FINDINGS.partition("## On Tiny-ImageNet, on two cores")[2].partition("\n## ")[0],
}


def intervals(text):
    """A mean and the ends of its interval, as they are printed."""
    return [found.groups() for found in INTERVAL.finditer(text)]


def of_the_tables(folder):
    tables = [pd.read_csv(file) for file in folder.rglob("*.csv") if "results" not in file.parts]
    return pd.concat([table[COLUMNS] for table in tables if set(COLUMNS) <= set(table)]).dropna().to_numpy()


def unknown(printed, rows):
    """Those that no row gives when it is rounded as they are."""
    decimals = {len(found[0].partition(".")[2]) for found in printed}
    known = {tuple(f"{value:.{places}f}" for value in row) for places in decimals for row in rows}
    return [found for found in printed if found not in known]


@pytest.mark.parametrize("name", TEXTS)
def test_every_mean_with_an_interval_is_one_of_the_tables(name):
    assert unknown(intervals(TEXTS[name]), of_the_tables(MEASURED / name)) == []


def test_the_texts_have_such_numbers_and_another_one_would_be_found():
    text = TEXTS["cifar_two_cores"]
    rows = of_the_tables(MEASURED / "cifar_two_cores")
    mean, low, high = intervals(text)[0]
    assert len(intervals(text)) > 20
    assert unknown(intervals(text.replace(f"{mean} [{low}", f"{mean} [{high}")), rows)
