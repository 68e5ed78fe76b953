"""Text files: names of rows, headers of numbers, ids, labels and words, against the same numbers in memory."""

import numpy as np
import pandas as pd
import pytest

from tests.measures import definitions
from twin_alignment.comparison.file_comparison import compare_files
from twin_alignment.errors import InputError
from twin_alignment.features.feature_files import read_features, read_labels
from twin_alignment.measures.neural_collapse import cdnv

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 4))
Y = X + 0.3 * RNG.normal(size=(30, 4))
ORDER = RNG.permutation(30)
NAMES = [f"img{row}.png" for row in range(30)]
LABELS = np.arange(30) % 3
CKA = definitions.measures(X, Y)["cka"]


def write(path, values, names=None, called="", order=slice(None), **options):
    table = pd.DataFrame(values, columns=options.pop("columns", list("abcd")))
    if names is not None:
        table.insert(0, called, names)
    table.iloc[order].to_csv(path, index=False, **options)
    return path


def compared(first, second, **options):
    return compare_files([first, second], measures=["cka"], **options)


def value(found):
    (pair,) = found.pairs.values()
    return pair["cka"].value


@pytest.mark.parametrize(
    ("names", "called", "key"),
    [
        (NAMES, "", None),
        (NAMES, "file", None),
        (range(30), "", None),
        (range(500, 530), "", None),
        (range(500, 530), "id", "id"),
        ([f"{row:03d}" for row in range(30)], "image", "image"),
    ],
)
def test_rows_are_joined_by_their_names(tmp_path, names, called, key):
    first = write(tmp_path / "a.csv", X, names, called)
    second = write(tmp_path / "b.tsv", Y, names, called, ORDER, sep="\t")
    found = compared(first, second, key=key)
    moved = int((np.arange(30) != np.argsort(ORDER)).sum())
    assert found.joined == (f"{second}: reordered {moved} rows by name, to the order of {first}",)
    assert value(found) == pytest.approx(CKA, abs=1e-12)


def test_labels_are_joined_with_the_rows_of_every_file(tmp_path):
    first, second = write(tmp_path / "a.csv", X, NAMES), write(tmp_path / "b.csv", Y, NAMES, order=ORDER)
    expected = [cdnv(rows, LABELS) for rows in (X, Y)]
    for columns in (["", "label"], ["file", "class"], ["file", "Label"]):
        labels = pd.DataFrame({columns[0]: NAMES, columns[1]: LABELS})
        labels.sample(frac=1, random_state=1).to_csv(tmp_path / "labels.csv", index=False)
        found = compared(first, second, labels=tmp_path / "labels.csv")
        assert [one.cdnv for one in found.collapse.values()] == pytest.approx(expected)
        assert "labels.csv: reordered" in found.joined[1]


def test_names_of_one_side_count_by_order_and_it_is_said(tmp_path):
    np.save(tmp_path / "x.npy", X)
    named = write(tmp_path / "b.csv", Y, NAMES)
    for other in (tmp_path / "x.npy", write(tmp_path / "a.csv", X), write(tmp_path / "c.csv", X, range(30))):
        found = compared(other, named)
        assert found.joined == (f"{other} has no names of rows: taken to be in the order of {named}",)
        assert value(found) == pytest.approx(CKA, abs=1e-12)
    twice = write(tmp_path / "twice.csv", Y, ["same"] * 30)  # names that nothing is joined by may repeat
    assert value(compared(tmp_path / "x.npy", twice)) == pytest.approx(CKA, abs=1e-12)
    reordered = write(tmp_path / "d.csv", X, NAMES, order=ORDER)
    with pytest.raises(InputError, match=r"c\.csv has no names of rows, and .*b\.csv and .*d\.csv are in different"):
        compare_files([tmp_path / "c.csv", named, reordered])
    with pytest.raises(InputError, match=r"x\.npy has no names of rows, and .*b\.csv and .*d\.csv are in different"):
        compare_files([tmp_path / "x.npy", named, reordered])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([*NAMES[1:], "new.png"], r"b\.csv: has no row named 'img0\.png', expected the names of .*a\.csv"),
        ([*NAMES[1:], NAMES[1]], r"b\.csv: line 31, column : 'img1\.png' is repeated|'img1\.png' is repeated"),
        ([*NAMES[1:], "NA"], r"b\.csv: line 31.*(missing|'NA' is no number)"),
    ],
)
@pytest.mark.parametrize("called", ["", "file"])
def test_names_that_do_not_fit_are_refused(tmp_path, names, message, called):
    first, second = write(tmp_path / "a.csv", X, NAMES, called), write(tmp_path / "b.csv", Y, names, called)
    with pytest.raises(InputError, match=message):
        compared(first, second)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        ("1,2\n3,4,5\n", "rows of different lengths"),
        ("1,2\n3,four\n", "line 2, column 2: 'four' is no number"),
        ("a,b\n1,2,3\n4,5,6\n", "line 2 has 3 cells, expected 2 as in the header"),
        ("a,b,c\n1,2\n4,5\n", "line 2 has 2 cells, expected 3 as in the header"),
        ("a,b,\n1,2,3\n", "line 2 has 3 cells, expected 2 as in the header"),
        ("a,b\n1,2\n3,4,5\n", "rows of different lengths: Error tokenizing data. C error: Expected 2"),
        ("a,b\n1,2\n3\n", "line 3, column b is empty, expected a row a line, all filled"),
        ("1,2,\n3,4,5\n", "line 1, column 3 is empty"),
        ("a,b\n1,\n3,\n", "line 2, column b is empty"),
        ("a,b\n1,2\n\n3,4\n", "line 3 is empty, expected a row a line"),
        ("a\n\n\n", "no rows below the header"),
        ("a,b\n", "no rows below the header"),
        ("\n1,2\n", "line 1 is empty"),
        ("1,2\n3,NA\n", "line 2, column 2: 'NA' is no number"),
        ("a,b\n3,nan\n", "line 2, column b: 'nan' is no number"),
        ("1.5,NA\n3,4\n", "line 1 is a header or a row, as it holds 1.5 and what is no number"),
        ("a;b\n1,5;2,5\n", "line 2, column a: '1,5' is no number"),
        (pd.DataFrame(X, pd.MultiIndex.from_product([range(3), range(10)])).to_csv(), "line 1, column 2 is"),
        (pd.DataFrame(X, columns=[[0, 0, 1, 1], [0, 1, 0, 1]]).to_csv(), "line 2, column 1 is empty"),
        (f"{'a' * 200_000},b\n1,2\n", "line 1: field larger than field limit"),
        ("0,1\n" * 6, "its first line, 0,1, may be a header or a row"),
        ('a,b\n1,"2\n3,4\n', "rows of different lengths|line 2, column b is empty"),
        (b"a,b\n1,2\n\xff,4\n", "is not text in UTF-8"),
    ],
)
def test_text_that_is_no_table_is_refused_with_its_line(tmp_path, content, message):
    (tmp_path / "bad.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=rf"bad\.csv: ({message})"):
        read_features(str(tmp_path / "bad.csv"))


@pytest.mark.parametrize(
    ("content", "note"),
    [
        ("a,b,\n1,2,\n3,4,\n", "header a, b"),
        ("a,b\n1,2,\n3,4,\n", "header a, b"),
        ("1,2,\n3,4,\n", "no header"),
        ("1,2\n3,4\n\n\n", "no header"),
        ("1;2\n3;4\n", "no header, separated by ';'"),
        (";a;b\nx;1;2\ny;3;4\n", "header a, b, rows named by the index, separated by ';'"),
        ('"a,b","c"\n1,2\n3,4', "header a,b, c"),
        ("\ufeff1, 2\r\n3, 4\r\n", "no header"),
    ],
)
def test_text_that_other_programs_write_is_read(tmp_path, content, note):
    (tmp_path / "a.csv").write_text(content, newline="")
    found = read_features(str(tmp_path / "a.csv"))
    assert (found.features.tolist(), found.note) == ([[1.0, 2.0], [3.0, 4.0]], note)


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ({"index": False, "header": False}, "no header"),
        ({"index": False, "header": list("abcd")}, "header a, b, c, ..."),
        ({"index": False}, "header 0, 1, 2, ..."),
        ({}, "header 0, 1, 2, ..., rows named by the index"),
    ],
)
def test_tables_of_pandas_are_read_with_header_and_index(tmp_path, options, note):
    for suffix, separator in (("csv", ","), ("tsv", "\t")):
        path = tmp_path / f"a.{suffix}"
        pd.DataFrame(X).to_csv(path, sep=separator, **options)
        found = read_features(str(path))
        assert found.features.numpy() == pytest.approx(X)
        assert found.text == f"{path}: 30 rows, 4 columns; {note}"


@pytest.mark.parametrize(("header", "index"), [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize("words", [True, False])
def test_labels_are_numbers_or_words_with_or_without_header_and_index(tmp_path, header, index, words):
    values = np.array(["cat", "dog", "eel"])[LABELS] if words else LABELS
    pd.Series(values, name="kind").to_csv(tmp_path / "labels.csv", header=header, index=index)
    assert read_labels(str(tmp_path / "labels.csv"), 30).tolist() == LABELS.tolist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("kind\ncat\n\ncat\n", "line 3 is empty"),  # three lines and a header, without the empty one
        (",kind\n0,cat\n1,\n2,cat\n", "line 3, column kind is empty"),
        ("cat\nNaN\ndog\n", r"label 2 is missing \('NaN'\), expected one for every row"),
        ("1\nnan\n2\n", r"label 2 is missing \('nan'\)"),
        ("4\n5\n6\n7\n", "4 labels for 3 rows, as line 1, 4, is no header"),
        ("cat\ndog\ncat\ncat\n", "4 labels for 3 rows, as line 1, cat, is no header"),
        ("kind\n1\n2\n", "2 labels for 3 rows, as line 1, kind, is a header"),
        ("kind\n1\n2\n\n", "2 labels for 3 rows, as line 1, kind, is a header"),
        ("0,1\n1,2\n2,1\n", "2 columns, expected one of labels"),
    ],
)
def test_a_label_that_is_missing_or_one_too_many_is_refused(tmp_path, content, message):
    (tmp_path / "labels.csv").write_text(content)
    with pytest.raises(InputError, match=rf"labels\.csv: {message}"):
        read_labels(str(tmp_path / "labels.csv"), 3)


def test_a_header_that_counts_is_one_above_labels_too(tmp_path):
    (tmp_path / "labels.csv").write_text("0\n0\n1\n0\n")  # as pandas writes a column without a name
    assert read_labels(str(tmp_path / "labels.csv"), 3).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    "columns",
    [[1, 2, 3, 4], [2001, 2002, 2003, 2004], [1990, 1995, 2004, 2010], [10, 20, 30, 40], [0, 1, 2, 3], [7, 5, 3, 1]],
)
def test_a_header_of_numbers_is_no_row(tmp_path, columns):
    found = read_features(str(write(tmp_path / "a.csv", X, columns=columns)))
    assert found.features.numpy() == pytest.approx(X)
    assert found.note == f"header {', '.join(map(str, columns[:3]))}, ..."
    named = read_features(str(write(tmp_path / "b.csv", X, NAMES, "file", columns=columns)))
    assert named.features.numpy() == pytest.approx(X)


def test_a_first_row_is_no_header(tmp_path):
    whole = RNG.integers(0, 9, (30, 4))
    whole[0] = (3, 1, 4, 2)
    mixed = np.where(RNG.random((30, 4)) < 0.5, whole, X)
    mixed[0] = whole[0]
    zeros = X.copy()
    zeros[0] = 0
    for values in (X, whole, mixed, zeros):
        np.savetxt(tmp_path / "a.csv", values, "%.17g", ",")
        assert read_features(str(tmp_path / "a.csv")).features.numpy() == pytest.approx(values)
    pd.DataFrame(X, NAMES).to_csv(tmp_path / "a.csv", header=False)
    found = read_features(str(tmp_path / "a.csv"))
    assert (found.note, list(found.row_names)) == ("no header, rows named by column 1", NAMES)
    assert found.features.numpy() == pytest.approx(X)


@pytest.mark.parametrize("first", ["1,2,3,4", "10,20,30,40", "0.5,1.0,1.5,2.0"])
def test_a_first_line_that_may_be_either_is_refused(tmp_path, first):
    rows = "\n".join(",".join(map(str, row)) for row in RNG.integers(0, 9, (30, 4)))
    (tmp_path / "a.csv").write_text(f"{first}\n{rows}\n")
    with pytest.raises(InputError, match=f"its first line, {first}, may be a header or a row"):
        read_features(str(tmp_path / "a.csv"))


@pytest.mark.parametrize("cell", ["1_0", "inf", "Infinity", "nan", "0x10", "1e", "١٢", "1,5", "--1", "1 000"])
def test_a_cell_that_a_csv_means_no_number_by_is_refused(tmp_path, cell):
    for line in (1, 3):
        lines = [["a", "b"], ["0.5", "1.5"], ["2.5", "2.25"], ["0.1", "0.2"]]
        lines[line][1] = f'"{cell}"'
        (tmp_path / "a.csv").write_text("\n".join(map(",".join, lines)))
        with pytest.raises(InputError, match=r"is no number|row \d is zero or not finite"):
            compared(tmp_path / "a.csv", tmp_path / "a.csv")


@pytest.mark.parametrize("form", ["%.4f", "%.2f", "%.17g"])
@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("separator", [",", ";"])
def test_decimal_commas_are_refused(tmp_path, form, columns, separator):
    rows = [separator.join(form % number for number in row[:columns]).replace(".", ",") for row in X]
    (tmp_path / "a.csv").write_text("\n".join(rows))
    with pytest.raises(InputError, match=r"is no number|holds words|expected at most 2\^53|no column of features"):
        read_features(str(tmp_path / "a.csv"))


@pytest.mark.parametrize("called", ["id", "image", "subject"])
@pytest.mark.parametrize("ids", [range(30), range(1, 31), RNG.permutation(1000)[:30], np.arange(30.0) + 7])
def test_ids_are_no_feature(tmp_path, called, ids):
    path = write(tmp_path / "a.csv", X, list(ids), called)
    with pytest.raises(InputError, match=rf"column {called} .* is no feature: .* by --key {called}"):
        read_features(str(path))
    found = read_features(str(path), key=called)
    assert found.features.numpy() == pytest.approx(X)
    assert list(found.row_names) == [str(one) for one in ids]


@pytest.mark.parametrize("called", ["label", "Class", "target"])
@pytest.mark.parametrize("labels", [LABELS, np.array(list("abc"))[LABELS]])
def test_a_column_of_labels_is_left_out_with_a_word(tmp_path, called, labels):
    pd.DataFrame(X).assign(**{called: labels}).to_csv(tmp_path / "a.csv", index=False)
    found = read_features(str(tmp_path / "a.csv"))
    assert found.features.numpy() == pytest.approx(X)
    assert f"left out: {called}" in found.note
    assert len(read_labels(str(tmp_path / "a.csv"), 30).unique()) == 3


def test_a_column_of_whole_numbers_among_others_is_said(tmp_path):
    pd.DataFrame(X).assign(kind=LABELS).to_csv(tmp_path / "a.csv", index=False)
    assert "whole numbers in kind" in read_features(str(tmp_path / "a.csv")).note


@pytest.mark.parametrize(
    "words",
    [["1_0", "10", "2"], ["0x1", "1", "2"], ["inf", "Infinity", "1"], ["n01", "1", "01a"], ["١", "1", "2"]],
)
def test_different_words_are_different_classes(tmp_path, words):
    (tmp_path / "labels.csv").write_text("\n".join(words[label] for label in LABELS))
    found = read_labels(str(tmp_path / "labels.csv"), 30).numpy()
    assert ((found[:, None] == found) == (LABELS[:, None] == LABELS)).all()


@pytest.mark.parametrize("words", [["01", "1", "2"], ["1.0", "1", "2"], ["1e1", "10", "2"]])
def test_two_spellings_of_one_number_are_refused(tmp_path, words):
    (tmp_path / "labels.csv").write_text("\n".join(words[label] for label in LABELS))
    with pytest.raises(InputError, match="are two words and one number"):
        read_labels(str(tmp_path / "labels.csv"), 30)


def test_columns_that_cannot_be_told_apart_are_refused(tmp_path):
    path = write(tmp_path / "a.csv", X, NAMES, "file")
    table = pd.read_csv(path).assign(kind=np.array(["cat", "dog", "eel"])[LABELS])
    table.to_csv(path, index=False)
    with pytest.raises(InputError, match="columns file, kind all hold words, expected one that names the rows"):
        read_features(str(path))
    found = read_features(str(path), key="file")
    assert (found.note.count("left out: kind"), list(found.row_names)) == (1, NAMES)
    with pytest.raises(InputError, match="0 columns 'name', expected one of file, a, b, c, d, kind"):
        read_features(str(path), key="name")
    table.drop(columns="file").to_csv(path, index=False)
    with pytest.raises(InputError, match="line 5, column kind: 'cat' is repeated, expected numbers"):
        read_features(str(path))


def test_truth_values_are_numbers_and_no_header(tmp_path):
    for columns in (list("abcd"), [0, 1, 2, 3]):
        pd.DataFrame(X > 0, columns=columns).to_csv(tmp_path / "a.csv", index=False)
        assert read_features(str(tmp_path / "a.csv")).features.tolist() == (X > 0).tolist()
    pd.DataFrame(X > 0).to_csv(tmp_path / "a.csv", index=False, header=False)
    with pytest.raises(InputError, match="line 1 is a header or a row, as it holds"):
        read_features(str(tmp_path / "a.csv"))


def test_two_columns_of_whole_numbers_may_be_one_with_decimal_commas(tmp_path):
    (tmp_path / "a.csv").write_text("\n".join(f"{abs(row[0]):.1f}".replace(".", ",") for row in X + 3))
    assert read_features(str(tmp_path / "a.csv")).note == "no header, unless its commas are decimal"


def test_labels_without_names_count_by_order_beside_named_rows(tmp_path):
    first, second = write(tmp_path / "a.csv", X, range(30), "id"), write(tmp_path / "b.csv", Y, range(30), "id", ORDER)
    (tmp_path / "labels.csv").write_text("\n".join(map(str, LABELS)))
    found = compared(first, second, labels=tmp_path / "labels.csv", key="id")
    assert [one.cdnv for one in found.collapse.values()] == pytest.approx([cdnv(rows, LABELS) for rows in (X, Y)])


def test_labels_beside_names_need_no_header(tmp_path):
    first, second = write(tmp_path / "a.csv", X, NAMES), write(tmp_path / "b.csv", Y, NAMES)
    for labels in (LABELS, np.array(list("abc"))[LABELS]):
        for header in (False, ["file", "kind"]):
            table = pd.DataFrame({"file": NAMES, "kind": labels}).iloc[ORDER]
            table.to_csv(tmp_path / "labels.csv", index=False, header=header)
            found = compared(first, second, labels=tmp_path / "labels.csv")
            assert [one.cdnv for one in found.collapse.values()] == pytest.approx([cdnv(X, LABELS), cdnv(Y, LABELS)])
            assert "labels.csv: reordered" in found.joined[1]


def test_a_name_that_labels_repeat_is_refused(tmp_path):
    first, second = write(tmp_path / "a.csv", X, NAMES), write(tmp_path / "b.csv", Y, NAMES)
    names = [NAMES[4] if row == 3 else name for row, name in enumerate(NAMES)]
    pd.DataFrame({"file": names, "label": LABELS}).to_csv(tmp_path / "labels.csv", index=False)
    with pytest.raises(InputError, match=r"labels.csv: row name 'img4.png' is repeated"):
        compared(first, second, labels=tmp_path / "labels.csv")


def test_what_is_left_out_beside_labels_is_said(tmp_path):
    first, second = write(tmp_path / "a.csv", X), write(tmp_path / "b.csv", Y)
    pd.DataFrame({"id": ORDER + 100, "label": LABELS}).to_csv(tmp_path / "labels.csv", index=False)
    found = compared(first, second, labels=tmp_path / "labels.csv")
    assert found.joined == (f"{tmp_path / 'labels.csv'}: header label, left out: id",)
