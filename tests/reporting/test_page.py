"""A whole report on paper and on a phone, in a real browser."""

import json
import re
import shutil
import subprocess

import pandas as pd
import pytest

from tests.reporting.planted_page import page
from tests.workflow.test_report import BROWSER, opened

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no Chromium is installed: the report is not opened in a browser"
)
PAGES = 18  # of a report with every figure and every claim, about two figures a sheet


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return page(tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def printed(report):
    """The printed pages' texts, with words apart by one space."""
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext is installed: the printed report is not read")
    paper = report.with_name("report.pdf")
    subprocess.run(
        [
            *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"),
            *(f"--user-data-dir={report.parent / 'profile'}", "--no-pdf-header-footer", f"--print-to-pdf={paper}"),
            report.as_uri(),
        ],
        capture_output=True,
        check=True,
        timeout=120,
    )
    text = subprocess.run(["pdftotext", "-raw", paper, "-"], capture_output=True, text=True, check=True).stdout
    return [" ".join(sheet.split()) for sheet in text.split("\f")[:-1]]


@pytest.mark.long  # Chromium takes half a minute to print the page
def test_it_is_printed_on_few_sheets(printed):
    assert len(printed) <= PAGES


@pytest.mark.long  # Chromium takes half a minute to print the page
def test_what_is_printed_of_provenance_has_its_values(report, printed):
    made = json.loads(report.with_name("provenance.json").read_text())
    text = "".join(printed).replace(" ", "")  # long names are broken over lines
    section = text.partition("Wherethiscomesfrom")[2]
    for name, one in made["files"].items():
        if name.endswith(".csv"):
            assert f"{name}{one['commit'][:12]}{one['settings'][:12]}" in section
    (environment,) = made["environments"]
    for facts in (environment["machine"], environment["packages"]):
        for label, value in facts.items():
            assert f"{label}:{value}" in section


@pytest.mark.long  # Chromium takes half a minute to print the page
def test_a_printed_claim_has_all_that_belongs_to_it(report, printed):
    rows = re.findall(r"<tr>(<td[^>]*><span class=\"verdict.*?)</tr>", report.read_text())
    text = "".join(printed).replace(" ", "")
    assert rows
    for label in ("measured:", "control:", "paper:"):
        assert text.count(label) >= len(rows)


@pytest.mark.long  # Chromium takes half a minute to print the page
def test_what_a_printed_claim_is_and_how_it_was_measured_stand_apart(report, printed):
    text = " ".join(printed)
    row = pd.read_csv(report.with_name("claims.csv")).iloc[0]
    assert f"{row['statement']} {row['quantity']}" in text
    assert f"holds if: {row['rule']} p = 0.040 (Holm, primary claims)" in text


def test_the_first_screen_has_the_question_an_answer_and_a_whole_figure(report, tmp_path):
    found = opened(report, tmp_path, 1280)
    assert 0 < found["images"][0]["bottom"] <= 800
    assert found["cells"] <= 1280  # and below no table goes on beyond its edge


def test_on_a_phone_nothing_is_wider_than_the_page_without_a_sign(report, tmp_path):
    found = opened(report, tmp_path, 390)
    assert found["width"] <= 390
    assert found["cells"] <= 390
    assert all(image["holder"] <= 390 and image["sign"] == "block" for image in found["images"])
