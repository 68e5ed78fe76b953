"""A folder of one's own images, whose classes are counted, goes through every table, figure and page."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

pytestmark = pytest.mark.long  # the whole chain once more

SETTINGS = (
    (
        "  digits: {source: digits, classes: 10, views: {crop_scale: [0.4, 1.0], flip: 0.0}}",
        "  shapes: {source: folder, paths: [shapes]}",
    ),
    ("dataset: digits, classes: 4, epochs: 1, seed: [0, 1]", "dataset: shapes, batch_size: 16, epochs: 1"),
)


def write_shapes(folder: Path) -> None:
    """Images of 8 x 8 pixels, of three classes, each a bright square in a place of its own."""
    random = np.random.default_rng(0)
    for split, count in (("train", 24), ("test", 12)):
        for label, corner in (("left", 0), ("middle", 2), ("right", 4)):
            (folder / split / label).mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(0, 100, (8, 8))
                pixels[2:6, corner : corner + 4] += 150
                Image.fromarray(pixels.astype(np.uint8)).save(folder / split / label / f"{number}.png")


@pytest.fixture(scope="module")
def shapes(sources, tmp_path_factory):
    project = sources.copy(tmp_path_factory.mktemp("shapes") / "twins")
    write_shapes(project.path / "shapes")
    for old, new in SETTINGS:
        project.edit("params.yaml", old, new)
    project.run("snakemake", "--cores", "2", "--quiet", "all")
    return project


def test_tables_and_figures_are_of_them(shapes):
    reports = shapes.path / "reports"
    for table in ("table1.csv", "table2.csv"):
        rows = pd.read_csv(reports / table).query("status != 'not run'")
        assert set(rows["dataset"]) == {"shapes"}
        assert set(rows["classes"]) == {3}
    drawn = {path.stem for path in (reports / "figures").glob("*.png")}
    assert {"fig1_angles", "fig2_trajectory", "fig3_classes", "fig4_temperature", "fig6_weight_gap", "merging"} <= drawn
    for figure in drawn:
        table = pd.read_csv(reports / "figures" / f"{figure}.csv")
        assert "dataset" not in table or set(table["dataset"]) <= {"shapes", "simulated"}, figure


def test_the_page_names_them(shapes):
    page = (shapes.path / "reports" / "report.html").read_text()
    assert "shapes" in page
    assert "all as these settings" in shapes.pipeline("verify")
