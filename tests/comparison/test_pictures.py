"""Pictures and printed matrices of many files of features."""

import itertools
import re

import numpy as np
import pytest

from twin_alignment.comparison.comparison_plot import WIDTH
from twin_alignment.comparison.file_comparison import compare_files

RNG = np.random.default_rng(0)
BASE = RNG.normal(size=(40, 6))


def compared(folder, count):
    paths = [folder / f"a_network_with_a_rather_long_name_of_seed_{seed}.npy" for seed in range(count)]
    for seed, path in enumerate(paths):
        np.save(path, BASE + 0.3 * seed * RNG.normal(size=BASE.shape))
    return compare_files(paths)


@pytest.mark.parametrize("count", [3, 5, 12, 16, 40])
def test_matrices_of_many_files_are_as_wide_as_a_page_and_their_words_do_not_touch(tmp_path, count):
    figure = compared(tmp_path, count).plot()
    figure.draw_without_rendering()
    assert figure.get_figwidth() == pytest.approx(WIDTH)
    for axes in figure.axes:
        numbers = [label.get_window_extent() for label in axes.get_xticklabels()]
        assert all(left.x1 <= right.x0 for left, right in itertools.pairwise(numbers))
        cells = [text.get_window_extent() for text in axes.texts]
        assert len(cells) in (0, count**2)
        for left, right in itertools.pairwise(cells):
            assert left.x1 <= right.x0 + 1 or left.y0 > right.y1  # side by side, or in another row
        for name in axes.get_yticklabels():
            assert not name.get_text() or name.get_window_extent().x0 >= -0.02 * figure.bbox.width  # saved whole


def test_no_number_loses_a_digit(tmp_path):
    found = compared(tmp_path, 3)
    pair = next(iter(found.pairs))
    object.__setattr__(found.pairs[pair]["cka"], "value", 10.5)
    texts = [text.get_text() for text in found.plot().axes[0].texts]
    assert texts.count("10.50") == 2
    assert texts.count("1.00") == 3


def test_the_printed_matrix_has_every_interval_once(tmp_path):
    found = compared(tmp_path, 4)
    text = str(found)
    for values in found.pairs.values():
        for one in values.values():
            assert text.count(f"[{one.low:z.4f}, {one.high:z.4f}]") >= 1
    assert len(re.findall(r"\[-?\d\.\d{4}, -?\d\.\d{4}\]", text)) == 6 * 4
