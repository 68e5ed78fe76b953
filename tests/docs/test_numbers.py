"""What is said of measured results has the numbers of the tables that lie beside it."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.config.earlier_names import current_table
from tests.docs.pages import ROOT

NUMBER = r"-?\d+\.\d+"
INTERVAL = re.compile(rf"({NUMBER}) \[({NUMBER}),\s+({NUMBER})\]")
COLUMNS = ["mean", "ci_low", "ci_high"]
EVIDENCE = ROOT / "reports" / "evidence"
PAGES = {folder.name: (folder / "README.md").read_text(encoding="utf-8") for folder in EVIDENCE.iterdir()}
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", (ROOT / "docs" / "findings.md").read_text(), re.M | re.S))
OF_CIFAR, OF_TINY_IMAGENET = SECTIONS["On CIFAR-100, on two cores"], SECTIONS["On Tiny-ImageNet, on two cores"]
TEXTS = [*PAGES.items(), ("cifar_two_cores", OF_CIFAR), ("tiny_imagenet_two_cores", OF_TINY_IMAGENET)]
RUN = (
    "cifar100/classes=100,encoder=resnet10,width=16,stem=imagenet,temperature=0.1,batch_size=256,"
    "epochs={epochs},warmup_epochs={warmup},trust_coefficient=0.01,seed={seed}"
)


def intervals(text):
    """A mean and the ends of its interval, as they are printed."""
    return [found.groups() for found in INTERVAL.finditer(text)]


def of_the_tables(folder):
    tables = [pd.read_csv(file) for file in folder.rglob("*.csv")]
    return pd.concat([table[COLUMNS] for table in tables if set(COLUMNS) <= set(table)]).dropna().to_numpy()


def unknown(printed, rows):
    """Those that no row gives when it is rounded as they are."""
    decimals = {len(found[0].partition(".")[2]) for found in printed}
    known = {tuple(f"{value:.{places}f}" for value in row) for places in decimals for row in rows}
    return [found for found in printed if found not in known]


def cka(twin, epoch, seeds, epochs=8):
    """With CL on test images, of every seed."""
    runs = [RUN.format(epochs=epochs, warmup=epochs // 8, seed=seed) for seed in range(seeds)]
    table = current_table(pd.read_csv(EVIDENCE / "cifar_two_cores" / "measures" / "alignment.csv.gz"))
    query = f"first == 'cl' and second == '{twin}' and epoch == {epoch} and split == 'test' and measure == 'cka'"
    values = table.query(query).set_index("run")["value"]
    return np.array([values[run] for run in runs])


def with_half(differences):
    """Their mean and half of its 95 % interval, as they are printed."""
    low, high = stats.ttest_1samp(differences, 0).confidence_interval()
    return f"{differences.mean():.3f} ± {(high - low) / 2:.3f}"


@pytest.mark.parametrize(("name", "text"), TEXTS, ids=[name for name, _ in TEXTS])
def test_every_mean_with_an_interval_is_one_of_the_tables(name, text):
    assert unknown(intervals(text), of_the_tables(EVIDENCE / name)) == []


def test_the_texts_have_such_numbers_and_another_one_would_be_found():
    text = PAGES["cifar_two_cores"]
    rows = of_the_tables(EVIDENCE / "cifar_two_cores")
    mean, low, high = intervals(text)[0]
    assert len(intervals(text)) > 20
    assert unknown(intervals(text.replace(f"{mean} [{low}", f"{mean} [{high}")), rows)


def test_differences_that_no_table_has_are_those_of_the_runs():
    page = " ".join(PAGES["cifar_two_cores"].split())
    for words, epoch in (("after two epochs", 2), ("after four", 4)):
        lead = with_half(cka("nscl", epoch, 5) - cka("cl_independent", epoch, 5))
        for text in (page, " ".join(OF_CIFAR.split())):
            assert re.search(rf"{lead} (of CKA )?{words}", text)
    assert f"CKA differs by {with_half(cka('nscl', 16, 3, epochs=16) - cka('nscl', 8, 3))}" in page
