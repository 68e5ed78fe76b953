"""What stays of a report where some of its cells show nothing."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from pipeline.reporting.notebook_page import without_empty


def code(shown):
    return new_code_cell(outputs=[new_output("display_data", {"text/html": shown})])


def sources(*cells):
    return [cell.source or cell.outputs[0].data["text/html"] for cell in without_empty(cells)]


def test_text_stays_where_what_follows_it_is_shown():
    text, other = new_markdown_cell("## One\nwords"), new_markdown_cell("more words")
    assert sources(text, code("<p>"), code(""), other, code(" \n")) == ["## One\nwords", "<p>"]


def test_text_goes_with_what_it_is_about_and_leaves_the_rest_of_its_section():
    text, other = new_markdown_cell("words of a figure"), code("<p>")
    assert sources(new_markdown_cell("## One"), code("<i>"), text, code(""), other) == ["## One", "<i>", "<p>"]


def test_a_section_that_shows_nothing_goes_with_its_heading():
    cells = (new_markdown_cell("## One\nwords"), code(""), new_markdown_cell("more"), code(""))
    assert sources(*cells, new_markdown_cell("## Two"), code("<p>")) == ["## Two", "<p>"]


@pytest.mark.parametrize(
    ("cells", "left"),
    [
        ([new_markdown_cell("more"), code("<p>")], ["## One\nmore", "<p>"]),
        ([code("<p>")], ["## One", "<p>"]),
        ([new_markdown_cell("more"), code(""), code("<p>")], ["## One", "<p>"]),
    ],
)
def test_a_heading_stays_with_the_rest_of_its_section(cells, left):
    assert sources(new_markdown_cell("## One\nwords"), code(""), *cells) == left


def test_text_alone_and_the_title_stay():
    assert sources(new_markdown_cell("# Title\nwords"), code(""), new_markdown_cell("alone")) == [
        "# Title\nwords",
        "alone",
    ]
