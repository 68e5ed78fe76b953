"""The report in a real browser, and what makes it."""

import html
import json
import re
import shutil
import subprocess

import pandas as pd
import pytest

from pipeline.reporting.figures import FIGURES
from tests.workflow.conftest import ROOT

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

# added to a copy of the page: what the browser made of it
PROBE = """<script>addEventListener("load", () => parent.postMessage({
  figures: [...document.querySelectorAll("figure")].map(f => f.id),
  images: [...document.images].map(i => ({alt: i.alt, width: i.naturalWidth,
    bottom: i.getBoundingClientRect().bottom, holder: i.parentElement.clientWidth,
    scrolls: getComputedStyle(i.parentElement).overflowX,
    sign: getComputedStyle(i.closest("figure").querySelector(".sign")).display})),
  tables: document.querySelectorAll("table").length,
  verdicts: [...document.querySelectorAll(".verdict")].map(v => v.textContent),
  headings: [...document.querySelectorAll("h1, h2")].map(h => h.firstChild.textContent),
  loaded: performance.getEntriesByType("resource").map(r => r.name),
  links: [...document.querySelectorAll("[src], link[href]")].map(e => (e.src || e.href).slice(0, 40)),
  cells: Math.max(...[...document.querySelectorAll("td")].map(t => t.getBoundingClientRect().right)),
  names: [...document.querySelectorAll(".claims td")].map(t => getComputedStyle(t, "::before").content),
  width: document.documentElement.scrollWidth}, "*"))</script>"""
FRAME = """<iframe src="page.html" style="width: {width}px; height: 900px; border: 0"></iframe><pre id="found"></pre>
<script>
addEventListener("message", e => document.getElementById("found").textContent = JSON.stringify(e.data))
</script>"""


def opened(page, folder, width):
    """Return what a browser without a network makes of a page in a window of that width, in pixels."""
    (folder / "page.html").write_text(page.read_text().replace("</body>", PROBE + "</body>"))
    (folder / "frame.html").write_text(FRAME.format(width=width))
    done = subprocess.run(
        [
            *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"),
            *(f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=20000", "--dump-dom"),
            (folder / "frame.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return json.loads(html.unescape(re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL).group(1)))


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed: the report is not opened in a browser")
def test_a_browser_shows_every_figure_and_table_and_loads_nothing(finished, tmp_path):
    page = finished.path / "reports" / "report.html"
    wide = opened(page, tmp_path, 1200)
    assert wide["figures"] == list(dict.fromkeys(wide["figures"]))
    drawn = {path.stem for path in (finished.path / "reports" / "figures").glob("*.png")}
    assert set(wide["figures"]) == drawn | {"photographs_controls"}  # and no experiment's that the settings do not have
    assert {FIGURES[name].caption for name in drawn & set(FIGURES)} <= {image["alt"] for image in wide["images"]}
    assert all(image["width"] > 300 for image in wide["images"])
    assert wide["tables"] >= 5  # summary, tables 1 and 2, claims, provenance
    rows = pd.read_csv(finished.path / "reports" / "claims.csv", keep_default_na=False)
    assert set(rows["verdict"]) <= set(wide["verdicts"])
    assert "What was not run" in wide["headings"]
    assert wide["loaded"] == []
    assert all(link.startswith("data:") for link in wide["links"])
    narrow = opened(page, tmp_path, 390)
    assert narrow["width"] <= 390  # nothing makes a phone scroll sideways
    assert all(image["holder"] <= 390 for image in narrow["images"])
    assert {(image["scrolls"], image["sign"]) for image in narrow["images"]} == {("auto", "block")}
    assert {image["sign"] for image in wide["images"]} == {"none"}
    assert narrow["cells"] <= 390  # nor hides a column beyond the edge of its table
    assert '"measured"' in narrow["names"]  # each value has its column's name next to it
    assert set(wide["names"]) == {"none"}


def test_the_page_loads_nothing_from_elsewhere_and_sources_hold_no_outputs(finished):
    text = (finished.path / "reports" / "report.html").read_text()
    assert not re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', text)
    assert "@import" not in text
    assert "require.js" not in text
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert ".ipynb" not in listed


@pytest.mark.long
def test_the_same_results_give_the_same_page_and_a_failing_cell_leaves_the_notebook(project):
    page = project.path / "reports" / "report.html"
    before = page.read_bytes()
    page.unlink()
    project.pipeline("report")
    assert page.read_bytes() == before
    page.unlink()
    source = project.path / "reports" / "report.py"
    source.write_text(f"{source.read_text()}\n# %%\nmissing_name\n")
    output = project.run("snakemake", "--cores", "1", "--", "reports/report.html", check=False)
    assert "name 'missing_name' is not defined" in output
    assert not page.exists()
    assert "NameError" in (project.path / "reports" / "report.failed.ipynb").read_text()


@pytest.mark.long
def test_snakemakes_report_has_captions_and_categories(project):
    project.run("snakemake", "--report", "made.html")
    text = (project.path / "made.html").read_text()
    assert "Do labels change what contrastive learning learns?" in text
    page = (project.path / "reports" / "report.html").read_text()
    answers = re.findall(r'<p class="answer"><strong>.*?</strong> (.*?)</p>', page)
    assert answers
    assert all(answer.split(".")[0] in text for answer in answers)  # as text, and in the page itself encoded
    assert FIGURES["collapse"].caption in text
    for category in ("Tables", "Figures", "Claims", "Report"):
        assert f'"category": "{category}"' in text or f'"{category}"' in text
