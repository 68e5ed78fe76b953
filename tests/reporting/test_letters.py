"""What is written in figures: within its frame, in letters of one size, in one order."""

import itertools

import pytest
from matplotlib.text import Text

from pipeline.reporting.figures import FIGURES
from pipeline.reporting.page_size import WIDTH
from pipeline.reporting.style import LETTERS, MEASURES, note, objective_label
from tests.reporting.planted import CONTROLLED, DOSED
from tests.reporting.planted_figures import MODULES, table_of

SENTENCE = "digits, C = 10: nearest class centre (%) CL 89.1 to 93.3, untrained 69.8, raw pixels 89.2; of CL: path 2"


@pytest.fixture(scope="module", params=FIGURES)
def drawn(request):
    """Each figure with its note, of data with a long name."""
    table = table_of(request.param, twins=DOSED if request.param == "label_fraction" else CONTROLLED)
    table = table.replace("digits", "tiny_imagenet")
    if "panel" in table:
        table["panel"] = table["panel"].str.replace("digits", "tiny_imagenet")
    figure = MODULES[request.param].draw(table)
    note(figure, [SENTENCE])
    figure.draw_without_rendering()
    return figure


def written(figure):
    """Every text that is seen, and its box in pixels; ticks beyond their axis have one too, and are not drawn."""
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    beyond = {id(label) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in unseen(axis)}
    return [(text, text.get_window_extent()) for text in texts if id(text) not in beyond]


def unseen(axis):
    low, high = sorted(axis.get_view_interval())
    for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
        if not low <= tick.get_loc() <= high:
            yield from (tick.label1, tick.label2)


def test_nothing_leaves_the_figure(drawn):
    assert drawn.get_figwidth() in (WIDTH, pytest.approx(WIDTH * 2 / 3))
    for text, box in written(drawn):
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= drawn.bbox.x1 + 1 and box.y1 <= drawn.bbox.y1 + 1
        assert inside, text.get_text()


def test_labels_are_no_longer_than_their_axes(drawn):
    for axes in drawn.axes:
        frame, label = axes.get_window_extent(), axes.yaxis.label.get_window_extent()
        assert not axes.get_ylabel() or label.height <= frame.height, axes.get_ylabel()


def test_no_words_lie_over_others(drawn):
    for (one, a), (other, b) in itertools.combinations(written(drawn), 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        up = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across <= 1 or up <= 1, (one.get_text(), other.get_text())


def test_letters_have_one_size(drawn):
    assert {text.get_fontsize() for text, _ in written(drawn)} == {LETTERS}


def test_twins_with_groups_are_named_as_those_of_the_project():
    assert objective_label("nscl_random_images_20") == "NSCL random images 20"
    assert objective_label("mine.loss_two") == "MINE.LOSS_TWO"


def test_panels_and_legends_stand_in_one_order(drawn):
    data = [axes.get_title().split("\n")[0] for axes in drawn.axes]
    named = [title.removeprefix("training, ") for title in data if ", C = " in title]
    numbers = [(title.split(",")[0], int(title.split("= ")[1])) for title in named]
    assert numbers == sorted(numbers)
    across = [axes.get_ylabel()[:3] for axes in drawn.axes if axes.get_ylabel()[:3] in ("CKA", "RSA")]
    rows = [across[i : i + len(MEASURES)] for i in range(0, len(across), len(MEASURES))]
    assert "RSA" not in across or all(row == ["CKA", "RSA"] for row in rows)
    for legend in drawn.legends:
        labels = [text.get_text().removeprefix("CL–") for text in legend.get_texts()]
        twins = [name for name in map(objective_label, CONTROLLED) if name in labels]
        assert [label for label in labels if label in twins] == twins
