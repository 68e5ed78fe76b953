"""Parts of the report, from files as the stages write them."""

import re

import pandas as pd
import pytest

from pipeline.config.run import Run
from pipeline.reporting import report_parts as parts
from pipeline.reporting.agreement_table import NOTHING_COMPARED
from pipeline.reporting.headline_metrics import short_metrics
from pipeline.reporting.verdicts import COLUMNS
from tests.reporting.planted import CONTROLLED
from tests.reporting.planted_figures import table_of
from tests.reporting.planted_tables import tables

NUMBERS = "0.500 [0.400, 0.600], smallest of interest 0.01 (5 seeds)"


def claim(name, verdict, data="digits, C = 10", kind="secondary", source="paper", **others):
    facts = {"claim": name, "kind": kind, "statement": f"{name} <is> so.", "source": source, "data": data}
    numbers = {"n": 5, "mean": 0.5, "ci_low": 0.4, "ci_high": 0.6, "smallest": 0.4, "largest": 0.6}
    texts = {"quantity": "CKA", "rule": "mean above 0", "control": "a_control", "paper": "0.87", "evidence": "controls"}
    tests = {"margin": 0.01, "p_value": 0.01, "p_adjusted": 0.04, "p_equivalent": 0.9, "left_out": ""}
    return {**facts, **numbers, **texts, **tests, "verdict": verdict, **others}


CLAIMS = pd.DataFrame(
    [
        claim("one", "holds"),
        claim("two", "holds"),
        claim("two", "fails", "digit_pairs, C = 100"),
        claim("three", "not learned", source="ours", p_value=None, p_adjusted=None),
        claim("six", "equivalent", kind="primary", left_out="digits, C = 2"),
        claim("four", "holds", kind="check", source="ours"),
        claim("five", "not run", n=0),
    ],
    columns=list(COLUMNS),
)


def rows_of(html):
    """Cells of every row of all tables, without markup."""
    rows = re.findall(r"<tr>(.*?)</tr>", html)
    cells = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row) for row in rows]
    return [[" ".join(re.sub("<.*?>", " ", cell).split()) for cell in row] for row in cells]


def test_a_claim_on_several_data_counts_once_and_its_rows_stand_in_brackets():
    head, *rows = rows_of(parts.verdict_counts(CLAIMS))
    primary, paper, ours, checks = (dict(zip(head, row, strict=True)) for row in rows)
    assert (primary[""], primary["equivalent"]) == ("primary claims of the paper", "1 (1)")
    assert (paper[""], paper["in all"]) == ("exploratory claims of the paper", "3")
    assert (paper["holds"], paper["fails"], paper["differs by data"]) == ("1 (2)", "0 (1)", "1 (0)")
    assert (ours[""], ours["not learned"]) == ("our exploratory claims", "1 (1)")
    assert (checks[""], checks["holds"]) == ("our checks", "1 (1)")
    assert not parts.verdict_counts(CLAIMS[CLAIMS["verdict"] == "not run"])


def test_a_claim_shows_all_that_belongs_to_it_and_one_not_run_is_left_out():
    html = parts.claims_html_table(CLAIMS)
    head, first, *others = rows_of(html)
    assert len(others) == 5
    shown = dict(zip(head, first, strict=True))
    assert shown["claim, and what is measured"] == "one &lt;is&gt; so. Exploratory. CKA one"
    assert (shown["verdict"], shown["measured"], shown["paper"]) == ("holds", NUMBERS, "0.87")
    assert (shown["control"], shown["holds if"]) == (
        "a_ control",
        "mean above 0 p = 0.040 (exploratory: false discovery rate of all such claims)",
    )
    assert re.findall(r'data-label="(.*?)"', html)[:3] == ["verdict", "claim, and what is measured", "data"]


def test_verdicts_are_next_to_those_on_other_data():
    there = pd.DataFrame([claim("one", "fails", "cifar100, C = 100", mean=-0.5, ci_low=-0.6, ci_high=-0.4)])
    head, one, two, six, five = rows_of(parts.verdicts_compared(CLAIMS, there))
    assert head == ["the paper's claim".replace("'", "&#39;"), "the paper", "on photographs", "here"]
    assert one[1:] == ["0.87", "fails -0.500 [-0.600, -0.400], smallest of interest 0.01 (5 seeds)", f"holds {NUMBERS}"]
    assert two[2:] == ["not run", f"holds {NUMBERS} digits, C = 10 fails {NUMBERS} digit_pairs, C = 100"]
    assert (six[3], five[3]) == (f"equivalent {NUMBERS}", "not run")


def test_an_undecided_claim_has_its_reason():
    rows = pd.DataFrame([claim("one", "undecided", mean=-0.067, ci_low=-0.093, ci_high=-0.041, p_adjusted=0.081)])
    shown = rows_of(parts.verdicts_compared(CLAIMS, rows))[1][2]
    assert shown.startswith("undecided -0.067 [-0.093, -0.041], smallest of interest 0.01 (5 seeds) p = 0.081, explor")


def test_a_picture_has_its_caption_and_a_prefix_on_a_page_with_another(tmp_path):
    assert parts.picture(tmp_path, "controls") == ""
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "controls.png").write_bytes(b"picture")
    assert 'id="controls"' in parts.picture(tmp_path, "controls")
    assert 'id="photographs_controls"' in parts.picture(tmp_path, "controls", prefix="photographs_")
    assert "<figcaption>a &lt; b" in parts.picture(tmp_path, "controls", "a < b")


def test_the_headline_has_nscl_next_to_the_controls_that_were_trained():
    head, *rows = rows_of(parts.controls_table(table_of("controls", twins=CONTROLLED)))
    digits = {row[1]: dict(zip(head, row, strict=True)) for row in rows if row[0] == "digits, C = 10"}
    assert digits["CL and NSCL, true labels"]["CKA"] == "0.710"  # planted; of three seeds, without an interval
    assert digits["CL and NSCL, shuffled labels"]["weight angle (degrees)"] == "56.8"
    assert digits["CL and CL of another seed (range of pairs)"]["CKA"] == "0.800 [0.700, 0.900]"
    assert digits["CL and CL of another seed (range of pairs)"]["weight angle (degrees)"] == "–"
    assert digits["NSCL − independent-data CL"]["CKA"] == "0.000"
    few = rows_of(parts.controls_table(table_of("controls", twins=("nscl", "cl_perturbed"))))
    assert not any("independent" in row[1] or "shuffled" in row[1] for row in few)


def test_runs_are_counted_by_data_and_network():
    runs = [Run(dataset="flowers", encoder="resnet10", width=16, epochs=e, seed=s) for e, s in ((4, 0), (4, 1), (8, 0))]
    assert rows_of(parts.runs_table(runs))[1:] == [["flowers", "resnet10, width 16", "4 to 8", "3"]]
    assert parts.runs_table([]) == ""


@pytest.mark.parametrize("classes", [10, None])
def test_tables_have_baselines_and_training_also_where_classes_were_not_declared(classes):
    one, two = tables([Run(dataset="digits", classes=classes, epochs=2, seed=seed) for seed in (0, 1, 2)])
    name = "digits" if classes is None else "digits, C = 10"
    html = parts.accuracy_tables(one)
    assert "data that was not run, with its published values, is in table1.csv: cifar" in html
    head, *rows = rows_of(html)
    assert head == ["data", "probe", "RAW PIXELS", "UNTRAINED", "CL", "NSCL"]  # what was run
    nccc = dict(zip(head, rows[0], strict=True))
    assert (nccc["data"], nccc["RAW PIXELS"][:4], nccc["UNTRAINED"][:4]) == (name, "40.0", "30.0")
    training = {row[1]: dict(zip(rows[2], row, strict=True)) for row in rows[3:]}
    assert training["path length"]["CL"] == "2.000"  # planted: batch / 1024 an epoch
    assert (training["displacement"]["UNTRAINED"], training["displacement"]["NSCL"]) == ("0.000", "2.000")
    head, *rows = rows_of(parts.similarity_table(two))
    assert [row[:2] for row in rows] == [[name, "CL–NSCL"]]
    assert dict(zip(head, rows[0], strict=True))["CKA"] == "0.710"
    metrics = short_metrics(one, two, CLAIMS)
    assert metrics["accuracy"]["digits" if classes is None else "digits-10"]["raw_pixels"] == {"nccc": 40.0, "lp": 40.0}
    assert metrics["claims"] == {"equivalent": 1, "holds": 1, "differs by data": 1, "not learned": 1, "not run": 1}
    assert metrics["verdicts"] == {"equivalent": 1, "fails": 1, "holds": 3, "not learned": 1, "not run": 1}


def test_a_table_without_pairs_says_so():
    _, two = tables([Run(dataset="digits", classes=10, epochs=2, seed=0)])
    assert NOTHING_COMPARED in parts.similarity_table(two.iloc[:0], "agreement.csv")
