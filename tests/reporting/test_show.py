"""Parts of the report, from files as the stages write them."""

import importlib
import re

import pandas as pd
import pytest

from pipeline.files import write_csv
from pipeline.reporting import claims
from pipeline.reporting.metrics import short_metrics
from pipeline.reporting.reading import Reading
from pipeline.reporting.show import ANSWERS, Report
from pipeline.reporting.table1 import table1
from pipeline.reporting.table2 import SHOWN, table2
from pipeline.reporting.verdicts import COLUMNS
from pipeline.settings.run import Run
from tests.reporting.planted import CONTROLLED, PAPER, PUBLISHED_CLASSES, moved, trajectory


def claim(name, verdict, data="digits, C = 10", kind="claim", source="paper", **others):
    facts = {"claim": name, "kind": kind, "statement": f"{name} is so.", "source": source, "data": data}
    numbers = {"n": 5, "mean": 0.5, "ci_low": 0.4, "ci_high": 0.6, "smallest": 0.4, "largest": 0.6}
    texts = {"quantity": "CKA", "rule": "mean above 0", "control": "a replica", "paper": "0.87", "evidence": "controls"}
    return {**facts, **numbers, **texts, "p_value": 0.01, "p_holm": 0.04, "verdict": verdict, **others}


CLAIMS = [
    claim("one", "holds"),
    claim("two", "holds"),
    claim("two", "fails", "digit_pairs, C = 100"),
    claim("three", "not learned", source="ours", p_value=None, p_holm=None),
    claim("four", "holds", kind="check", source="ours", statement="A check."),
]


@pytest.fixture
def report(tmp_path):
    write_csv(tmp_path / "claims.csv", pd.DataFrame(CLAIMS, columns=list(COLUMNS)))
    return Report(str(tmp_path))


def rows_of(html):
    """Cells of every row of all tables, without markup."""
    rows = re.findall(r"<tr>(.*?)</tr>", html)
    return [[re.sub("<.*?>", " ", cell).strip() for cell in re.findall(r"<t[hd]>(.*?)</t[hd]>", row)] for row in rows]


def test_a_claim_on_several_data_counts_once_and_its_rows_stand_in_brackets(report):
    head, paper, ours, checks = rows_of(report.summary())
    of = {name: index for index, name in enumerate(head)}
    assert (paper[0], paper[1]) == ("claims of the paper", "2")
    assert (paper[of["holds"]], paper[of["fails"]], paper[of["differs by data"]]) == ("1 (2)", "0 (1)", "1 (0)")
    assert (ours[0], ours[of["not learned"]]) == ("claims of ours", "1 (1)")
    assert (checks[0], checks[of["holds"]]) == ("checks of ours", "1 (1)")


def test_checks_stand_apart_from_claims(report):
    assert "A check." in report.checks()
    assert "A check." not in report.claims()
    assert len(rows_of(report.claims())) == 1 + 4


def test_a_claim_shows_its_control_and_its_adjusted_p(report):
    head, first, *_ = rows_of(report.claims("controls"))
    assert dict(zip(head, first, strict=True))["control"] == "a replica"
    assert "p = 0.040 (Holm)" in dict(zip(head, first, strict=True))["holds if"]
    assert not rows_of(report.claims("fig6_weight_gap"))


def test_the_answers_name_verdict_statement_and_numbers_of_what_was_run(report):
    assert report.answers().count("<li>") == 0  # no claim of these has been tested
    answer = claim("chaos", "fails", mean=0.25, ci_low=0.2, ci_high=0.3)
    write_csv(report.folder / "claims.csv", pd.DataFrame([answer, *CLAIMS], columns=list(COLUMNS)))
    (line,) = re.findall("<li>(.*?)</li>", Report(str(report.folder)).answers())
    text = re.sub("<.*?>", "", line)
    assert text == "fails chaos is so. digits, C = 10: CKA: 0.250 [0.200, 0.300] (5 seeds)"


def test_every_answer_is_a_claim():
    assert set(ANSWERS) <= set(claims.CLAIMS)


def test_the_headline_has_nscl_beside_its_controls(report):
    controls = importlib.import_module("pipeline.reporting.figures.controls")
    reading = Reading(lambda kind: trajectory(kind, CONTROLLED), PAPER, PUBLISHED_CLASSES)
    assert "Controls were not run" in report.headline()
    write_csv(report.folder / "figures" / "controls.csv", controls.table(reading))
    head, *rows = rows_of(report.headline())
    digits = {row[1]: dict(zip(head, row, strict=True)) for row in rows if row[0] == "digits, C = 10"}
    assert digits["CL and NSCL, true labels"]["CKA"].startswith("0.710 [0.685, 0.735]")  # planted, t of two degrees
    assert digits["CL and NSCL, shuffled labels"]["weight angle (degrees)"].startswith("56.8 [")
    assert digits["CL and CL of another seed (range of pairs)"]["CKA"] == "0.800 [0.700, 0.900]"
    assert digits["CL and CL of another seed (range of pairs)"]["weight angle (degrees)"] == "–"
    assert digits["NSCL less CL on a stream of its own (replica)"]["CKA"] == "0.000 [0.000, 0.000]"


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
    one = table1(("cl", "nscl"), accuracies, baselines, movement, PAPER("table1"), PUBLISHED_CLASSES)
    cka = trajectory("alignment").query("dataset == 'digits' and measure == 'cka'")
    alignment = pd.concat([cka.assign(measure=measure) for measure in SHOWN])
    every = {run: alignment[alignment["seed"] == run.seed] for run in runs}
    two = table2(("cl", "nscl"), every, pd.concat([PAPER("fig2"), PAPER("text")]), PUBLISHED_CLASSES)
    return one, two


@pytest.mark.parametrize("classes", [10, None])
def test_tables_show_baselines_and_training_also_where_classes_were_not_declared(report, classes):
    one, two = tables([Run(dataset="digits", classes=classes, epochs=2, seed=seed) for seed in (0, 1, 2)])
    write_csv(report.folder / "table1.csv", one)
    write_csv(report.folder / "table2.csv", two)
    name = "digits" if classes is None else "digits, C = 10"
    found = rows_of(report.table1())
    assert found[0] == ["data", "probe", "RAW PIXELS", "UNTRAINED", "CL", "NSCL", "SCL", "CE"]
    own = {row[1]: dict(zip(found[0], row, strict=True)) for row in found if row[0] == name}
    assert own["NCCC"]["RAW PIXELS"].startswith("40.0")
    assert own["NCCC"]["UNTRAINED"].startswith("30.0")
    assert own["path length"]["CL"] == "2.000"  # planted: batch / 1024 an epoch
    assert (own["displacement"]["UNTRAINED"], own["displacement"]["NSCL"]) == ("0.000", "2.000")
    assert own["displacement"]["RAW PIXELS"] == "NA"
    head, *rows = rows_of(report.table2())
    assert [row[:2] for row in rows] == [[name, "NSCL"]]
    assert dict(zip(head, rows[0], strict=True))["CKA"] == "0.710 [0.685, 0.735]"
    metrics = short_metrics(*(pd.read_csv(report.folder / f"table{n}.csv") for n in (1, 2)), pd.DataFrame(CLAIMS))
    key = "digits" if classes is None else "digits-10"
    assert metrics["accuracy"][key]["raw_pixels"] == {"nccc": 40.0, "lp": 40.0}
    assert metrics["claims"] == {"holds": 1, "differs by data": 1, "not learned": 1}
    assert metrics["verdicts"] == {"fails": 1, "holds": 3, "not learned": 1}
