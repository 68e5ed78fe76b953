"""Numbers of README, findings and evidence are those of the tables of the evidence."""

import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from pipeline.config.earlier_names import current_table
from pipeline.evidence.current_claims import current_claims
from pipeline.evidence.current_figures import draw_figure
from tests.docs.pages import ROOT

NUMBER = r"-?\d+\.\d+"
INTERVAL = re.compile(rf"({NUMBER}) \[({NUMBER}),\s+({NUMBER})\]")
COLUMNS = ["mean", "ci_low", "ci_high"]
EVIDENCE = ROOT / "reports" / "evidence"
FINDINGS = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", FINDINGS, re.M | re.S))
CIFAR, TINY_IMAGENET = SECTIONS["On CIFAR-100, on two cores"], SECTIONS["On Tiny-ImageNet, on two cores"]
PAGES = {folder.name: (folder / "README.md").read_text(encoding="utf-8") for folder in EVIDENCE.iterdir()}
TEXTS = [*PAGES.items(), ("cifar_two_cores", CIFAR), ("tiny_imagenet_two_cores", TINY_IMAGENET)]
RUN = (
    "cifar100/classes=100,encoder=resnet10,width=16,stem=imagenet,temperature=0.1,batch_size=256,"
    "epochs={epochs},warmup_epochs={warmup},trust_coefficient=0.01,seed={seed}"
)


@cache
def claims(folder):
    """Return the table of claims by today's rules; empty for evidence without measures."""
    path = EVIDENCE / folder
    return current_claims(path) if (path / "measures").is_dir() else pd.DataFrame(columns=COLUMNS)


def unknown(text, folder):
    """Return the intervals of a text (mean and both ends) that no row of a table rounds to."""
    printed = [match.groups() for match in INTERVAL.finditer(text)]
    tables = [*(pd.read_csv(file) for file in (EVIDENCE / folder).rglob("*.csv")), claims(folder)]
    rows = pd.concat([table[COLUMNS] for table in tables if set(COLUMNS) <= set(table)]).dropna().to_numpy()
    decimals = {len(interval[0].partition(".")[2]) for interval in printed}
    rounded = {tuple(f"{value:.{places}f}" for value in row) for places in decimals for row in rows}
    return [interval for interval in printed if interval not in rounded]


@pytest.mark.parametrize(("folder", "text"), TEXTS, ids=[folder for folder, _ in TEXTS])
def test_every_mean_with_an_interval_is_in_a_table(folder, text):
    assert unknown(text, folder) == []


def test_another_number_is_noticed():
    mean, low, _ = INTERVAL.search(CIFAR).groups()
    assert len(INTERVAL.findall(CIFAR)) > 15
    assert unknown(CIFAR.replace(f"{mean} [{low}", f"{low} [{low}"), "cifar_two_cores")


def test_the_numbers_of_the_readme_are_those_of_the_findings():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    results = readme.partition("## What was found")[2].partition("<details>")[0]
    assert len(INTERVAL.findall(results)) > 2
    assert set(INTERVAL.findall(results)) <= set(INTERVAL.findall(FINDINGS))


def test_the_readmes_figure_is_drawn_from_the_evidence(tmp_path):
    draw_figure(EVIDENCE / "cifar_two_cores", "along_path", tmp_path)
    drawn, kept = (pd.read_csv(folder / "along_path.csv") for folder in (tmp_path, ROOT / "docs" / "pictures"))
    pd.testing.assert_frame_equal(drawn, kept)
    rows = kept.query("source == 'twins' and measure == 'cka' and epoch == 8").set_index("second")["mean"]
    for twin in ("nscl", "scl", "cl_perturbed"):
        assert rows[twin] == pytest.approx(cka(twin, 8, 5).mean())


def cka(twin, epoch, seeds, epochs=8):
    """Return the CKA of a twin with CL on test images, a value for each seed."""
    runs = [RUN.format(epochs=epochs, warmup=epochs // 8, seed=seed) for seed in range(seeds)]
    table = current_table(pd.read_csv(EVIDENCE / "cifar_two_cores" / "measures" / "alignment.csv.gz"))
    query = f"first == 'cl' and second == '{twin}' and epoch == {epoch} and split == 'test' and measure == 'cka'"
    values = table.query(query).set_index("run")["value"]
    return np.array([values[run] for run in runs])


def mean_and_half(differences):
    low, high = stats.ttest_1samp(differences, 0).confidence_interval()
    return f"{differences.mean():.3f} ± {(high - low) / 2:.3f}"


def test_differences_that_no_table_has_are_those_of_the_runs():
    page, findings = (" ".join(text.split()) for text in (PAGES["cifar_two_cores"], CIFAR))
    for words, epoch in (("after two epochs", 2), ("after four", 4)):
        lead = mean_and_half(cka("nscl", epoch, 5) - cka("cl_independent", epoch, 5))
        assert all(re.search(rf"{lead} (of CKA )?{words}", text) for text in (page, findings))
    longer = mean_and_half(cka("nscl", 16, 3, epochs=16) - cka("nscl", 8, 3))
    assert f"CKA differs by {longer}" in page
    floor = ", ".join(f"{cka('cl_perturbed', epoch, 5).mean():.3f}" for epoch in (1, 2, 4))
    assert f"{floor} and {cka('cl_perturbed', 8, 5).mean():.3f} after 1, 2, 4 and 8 epochs" in findings


def test_verdicts_and_smallest_effects_are_those_of_today_s_rules():
    """Words of README and findings on primary claims, and the loss gap's slope and the drift's fall."""
    rows = claims("cifar_two_cores").set_index("claim")
    verdicts = {
        "label_contrast": "equivalent",
        "sharing_adds": "equivalent",
        "declines_beyond_floor": "equivalent",
        "nscl_closer_than_scl": "holds",
        "nscl_closer_than_ce": "holds",
    }
    primary = rows[(rows["kind"] == "primary") & (rows["verdict"] != "not run") & ~rows.index.str.endswith("_rsa")]
    assert primary["verdict"].to_dict() == verdicts
    assert set(primary["margin"]) == {0.01}
    assert not primary.loc["declines_beyond_floor", ["smallest", "largest"]].any()
    by_rsa = rows.loc[
        ["label_contrast_rsa", "sharing_adds_rsa", "labels_have_own_effect_rsa", "stays_aligned"], "verdict"
    ]
    assert set(by_rsa) == {"undecided"}
    findings = " ".join(CIFAR.split())
    assert f"in logarithms is {rows.loc['loss_gap_and_classes', 'mean']:.2f}" in findings
    assert f"by a factor of {np.exp(rows.loc['drift_falls', 'mean']):.2f}" in findings
    unrun = (
        "more_classes_epochs",
        "higher_temperature",
        "smaller_batches",
        "longer_training",
        "gentler_rules_published",
    )
    assert set(rows.loc[[*unrun], "verdict"]) == {"not run"}


def test_today_s_rules_say_of_tiny_imagenet_what_the_findings_say():
    rows = claims("tiny_imagenet_two_cores").set_index("claim")["verdict"]
    assert rows[["nscl_closer_than_ce", "nscl_closer_than_scl"]].tolist() == ["undecided", "not learned"]
    assert rows[["stays_aligned", "stays_aligned_rsa", "aligned_throughout"]].tolist() == [
        "holds",
        "holds",
        "undecided",
    ]


def test_the_slope_of_the_paper_over_batches_is_that_of_its_values():
    paper = pd.read_csv(ROOT / "reports" / "reference" / "paper_values.csv").query("measure == 'cka'")
    values = paper.set_index("artifact")["value"].astype(float)
    slope = (values["fig5_linear_B1024"] - values["fig5_linear_B256"]) / np.log(1024 / 256)
    assert f"a slope of {slope:.3f}" in CIFAR
