"""Parts of the report, from files as the stages write them."""

import importlib
import re

import pandas as pd
import pytest

from pipeline.config.run import Run
from pipeline.reporting.headline_metrics import short_metrics
from pipeline.reporting.measured_tables import Reading
from pipeline.reporting.show import COUNTED, ELSEWHERE, Report
from pipeline.reporting.verdicts import COLUMNS
from pipeline.system.files import write_csv, write_json
from tests.reporting.planted import CONTROLLED, PAPER, PUBLISHED_CLASSES, trajectory
from tests.reporting.planted_tables import tables


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
    return [
        [re.sub("<.*?>", " ", cell).strip() for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row)] for row in rows
    ]


def test_a_claim_on_several_data_counts_once_and_its_rows_stand_in_brackets(report):
    head, paper, ours, checks = rows_of(report.summary())
    of = {name: index for index, name in enumerate(head)}
    assert (paper[0], paper[1]) == ("claims of the paper", "2")
    assert (paper[of["holds"]], paper[of["fails"]], paper[of["differs by data"]]) == ("1 (2)", "0 (1)", "1 (0)")
    assert (ours[0], ours[of["not learned"]]) == ("claims of ours", "1 (1)")
    assert (checks[0], checks[of["holds"]]) == ("checks of ours", "1 (1)")
    assert COUNTED in report.summary()


def test_checks_stand_apart_from_claims(report):
    assert "A check." in report.checks()
    assert "A check." not in report.claims("controls")
    assert len(rows_of(report.claims("controls"))) == 1 + 4


def test_every_claim_is_shown_once_and_those_not_run_are_only_named(tmp_path):
    rows = [claim("one", "holds"), claim("two", "fails", evidence="mine.csv"), claim("three", "not run", n=0)]
    write_csv(tmp_path / "claims.csv", pd.DataFrame(rows, columns=list(COLUMNS)))
    report = Report(str(tmp_path))
    shown = report.claims("controls") + report.other_claims()
    assert [shown.count(f"{name} is so.") for name in ("one", "two", "three")] == [1, 1, 0]
    assert report.other_claims() == ""


def test_a_cell_knows_its_columns_name_without_markup(report):
    labels = re.findall(r'data-label="(.*?)"', report.summary())
    assert labels[:3] == ["", "in all", "holds"]


def test_a_claim_shows_its_control_and_its_adjusted_p(report):
    head, first, *_ = rows_of(report.claims("controls"))
    assert dict(zip(head, first, strict=True))["control"] == "a replica"
    assert "p = 0.040 (Holm)" in dict(zip(head, first, strict=True))["holds if"]
    assert not rows_of(report.claims("fig6_weight_gap"))


def test_every_claim_stands_beside_its_verdict_on_photographs(report, tmp_path):
    there = [claim("one", "fails", "cifar100, C = 100", mean=-0.5, ci_low=-0.6, ci_high=-0.4)]
    other = tmp_path / "photographs"
    other.mkdir()
    write_csv(other / "claims.csv", pd.DataFrame(there, columns=list(COLUMNS)))
    head, one, two = rows_of(report.beside(Report(str(other))))
    assert head == ["the paper's claim", "the paper", "on photographs", "here"]
    numbers = "0.500 [0.400, 0.600] (5 seeds)"
    assert one == ["one is so.", "0.87", "fails  -0.500 [-0.600, -0.400] (5 seeds)", f"holds  {numbers}"]
    assert two[2] == "not run"
    assert " ".join(two[3].split()) == f"holds {numbers} digits, C = 10 fails {numbers} digit_pairs, C = 100"


def test_what_is_undecided_has_its_reason_beside_an_interval_on_one_side(report, tmp_path):
    rows = [claim("one", "undecided", mean=-0.067, ci_low=-0.093, ci_high=-0.041, p_holm=0.081)]
    write_csv(tmp_path / "claims.csv", pd.DataFrame(rows, columns=list(COLUMNS)))
    shown = " ".join(rows_of(Report(str(tmp_path)).beside(report))[1][3].split())
    assert shown == (
        "undecided -0.067 [-0.093, -0.041] (5 seeds) p = 0.081 after Holm&#x27;s correction for all claims"
    )


def test_figures_of_two_reports_have_names_of_their_own_on_a_page(report):
    (report.folder / "figures").mkdir()
    (report.folder / "figures" / "controls.png").write_bytes(b"picture")
    assert 'id="controls"' in report.picture("controls")
    assert 'id="photographs_controls"' in Report(str(report.folder), "photographs_").picture("controls")


def test_an_answer_from_elsewhere_says_so_above_itself(tmp_path):
    table = pd.DataFrame([claim("stays_aligned", "holds", "cifar100, C = 100")], columns=list(COLUMNS))
    write_csv(tmp_path / "claims.csv", table)
    own = Report(str(tmp_path)).answer()
    assert own.startswith('<p class="answer"><strong>cifar100, C = 100.</strong>')
    assert Report(str(tmp_path), "photographs_").answer() == f"<p>{ELSEWHERE}</p>{own}"
    write_csv(tmp_path / "claims.csv", table.iloc[:0])
    assert Report(str(tmp_path), "photographs_").answer() == ""


def test_the_headline_has_the_controls_that_were_trained_and_no_others(report):
    controls = importlib.import_module("pipeline.reporting.figures.plot_controls")
    reading = Reading(lambda kind: trajectory(kind, ("nscl", "cl_perturbed")), PAPER, PUBLISHED_CLASSES)
    write_csv(report.folder / "figures" / "controls.csv", controls.table(reading))
    named = {row[1] for row in rows_of(report.headline())[1:]}
    assert {name.split(" (")[0] for name in named} == {
        "CL and NSCL, true labels",
        "CL and CL with one weight moved by 1e-6",
        "CL and CL of another seed",
        "NSCL less CL with one weight moved by 1e-6",
    }


def test_what_was_measured_is_told_of_the_runs_themselves(report):
    runs = [Run(dataset="flowers", encoder="resnet10", width=16, epochs=e, seed=s) for e, s in ((4, 0), (4, 1), (8, 0))]
    write_json(report.folder / "provenance.json", {"runs": {run.name: {} for run in runs}})
    assert rows_of(report.measured())[1:] == [["flowers", "resnet10, width 16", "4 to 8", "3"]]


def test_the_headline_has_nscl_beside_its_controls(report):
    controls = importlib.import_module("pipeline.reporting.figures.plot_controls")
    reading = Reading(lambda kind: trajectory(kind, CONTROLLED), PAPER, PUBLISHED_CLASSES)
    assert report.headline() == ""
    write_csv(report.folder / "figures" / "controls.csv", controls.table(reading))
    head, *rows = rows_of(report.headline())
    digits = {row[1]: dict(zip(head, row, strict=True)) for row in rows if row[0] == "digits, C = 10"}
    assert digits["CL and NSCL, true labels"]["CKA"].startswith("0.710 [0.685, 0.735]")  # planted, t of two degrees
    assert digits["CL and NSCL, shuffled labels"]["weight angle (degrees)"].startswith("56.8 [")
    assert digits["CL and CL of another seed (range of pairs)"]["CKA"] == "0.800 [0.700, 0.900]"
    assert digits["CL and CL of another seed (range of pairs)"]["weight angle (degrees)"] == "–"
    assert digits["NSCL less CL on a stream of its own (independent)"]["CKA"] == "0.000 [0.000, 0.000]"


@pytest.mark.parametrize("classes", [10, None])
def test_tables_show_baselines_and_training_also_where_classes_were_not_declared(report, classes):
    one, two = tables([Run(dataset="digits", classes=classes, epochs=2, seed=seed) for seed in (0, 1, 2)])
    write_csv(report.folder / "table1.csv", one)
    write_csv(report.folder / "table2.csv", two)
    name = "digits" if classes is None else "digits, C = 10"
    assert "The paper&#x27;s data that was not run here, with its published values, is in table1.csv: cifar" in (
        report.table1()
    )
    found = rows_of(report.table1())
    assert found[0] == ["data", "probe", "RAW PIXELS", "UNTRAINED", "CL", "NSCL"]  # what was run, and no more
    own = {row[1]: dict(zip(found[0], row, strict=True)) for row in found if row[0] == name}
    assert own["NCCC"]["RAW PIXELS"].startswith("40.0")
    assert own["NCCC"]["UNTRAINED"].startswith("30.0")
    assert own["path length"]["CL"] == "2.000"  # planted: batch / 1024 an epoch
    assert (own["displacement"]["UNTRAINED"], own["displacement"]["NSCL"]) == ("0.000", "2.000")
    assert own["displacement"]["RAW PIXELS"] == "–"
    head, *rows = rows_of(report.table2())
    assert [row[:2] for row in rows] == [[name, "NSCL"]]
    assert dict(zip(head, rows[0], strict=True))["CKA"] == "0.710 [0.685, 0.735]"
    metrics = short_metrics(*(pd.read_csv(report.folder / f"table{n}.csv") for n in (1, 2)), pd.DataFrame(CLAIMS))
    key = "digits" if classes is None else "digits-10"
    assert metrics["accuracy"][key]["raw_pixels"] == {"nccc": 40.0, "lp": 40.0}
    assert metrics["claims"] == {"holds": 1, "differs by data": 1, "not learned": 1}
    assert metrics["verdicts"] == {"fails": 1, "holds": 3, "not learned": 1}
