"""Groups of labels: as settings name them, as maps say them, and the maps of the project."""

from collections import Counter

import pytest

from pipeline.config.base import SettingsError
from pipeline.config.label_groups import check_groups, groups_by_class, known_maps, read_groups
from pipeline.config.objective_settings import LabelGroups

NAMES = ("ant", "bee", "cat", "dog")


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def groups_of(name):
    return dict(read_groups(f"cifar100/{name}", "here")[1].classes)


def sizes(name):
    return sorted(Counter(groups_of(name).values()).values())


def test_cifar100_has_its_twenty_superclasses_of_five_classes():
    found = groups_of("superclasses")
    assert sizes("superclasses") == [5] * 20
    assert {name for name, group in found.items() if group == "fish"} == {
        "aquarium_fish",
        "flatfish",
        "ray",
        "shark",
        "trout",
    }
    assert found["mushroom"] == "fruit_and_vegetables"
    assert found["television"] == "household_electrical_devices"
    assert found["lawn_mower"] == "vehicles_2"


def test_coarser_maps_of_cifar100_merge_the_finer_ones():
    superclasses, five, two = map(groups_of, ("superclasses", "five", "two"))
    assert superclasses.keys() == five.keys() == two.keys()
    for fine, coarse in ((superclasses, five), (five, two)):
        pairs = {(fine[name], coarse[name]) for name in fine}
        assert len(pairs) == len(set(fine.values()))
    assert sizes("five") == [15, 15, 20, 25, 25]
    assert sizes("two") == [50, 50]


def test_animals_are_one_group_of_half_of_the_classes_and_each_other_class_its_own():
    animals, two = groups_of("animals"), groups_of("two")
    assert sizes("animals") == [1] * 50 + [50]
    for name, group in animals.items():
        assert group == ("animals" if two[name] == "animals_and_people" else name)


def test_a_file_is_seen_from_where_the_command_is_given_and_else_from_the_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "maps").mkdir()
    written(tmp_path / "maps" / "mine.csv", "group,class\nsmall, ant \n\nlarge,dog\n")
    assert read_groups("maps/mine.csv", "here") == (
        "mine",
        LabelGroups(kind="map", classes=(("ant", "small"), ("dog", "large"))),
    )
    of_the_project = read_groups("pipeline/datasets/label_maps/cifar100/two.csv", "here")
    assert of_the_project == read_groups("cifar100/two", "here")


@pytest.mark.parametrize(
    ("text", "name", "groups"),
    [
        ("random/20", "random_20", LabelGroups(kind="random", count=20)),
        ("random_images/5", "random_images_5", LabelGroups(kind="random_images", count=5)),
        ("random_half", "random_half", LabelGroups(kind="random_half")),
    ],
)
def test_groups_drawn_at_random_are_named_by_a_word(text, name, groups):
    assert read_groups(text, "here") == (name, groups)


@pytest.mark.parametrize("text", ["random", "random/", "random/-2", "random_half/2", "cifar100/three", "superclasses"])
def test_other_words_are_refused_with_those_that_are_known(text):
    with pytest.raises(SettingsError, match=r"^here: labels: expected FILE\.csv, .*cifar100/superclasses, .*, got "):
        read_groups(text, "here")
    assert "cifar100/superclasses" in known_maps()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected the columns class and group, got none"),
        ("class,label\nant,1\n", "expected the columns class and group, got class, label"),
        ("class,group\nant\n", "expected a class and a group in every row, got 'ant'"),
        ("class,group\nant,\n", "expected a class and a group in every row, got 'ant,'"),
    ],
)
def test_a_file_that_is_no_map_is_refused(tmp_path, text, message):
    with pytest.raises(SettingsError, match=message):
        read_groups(written(tmp_path / "mine.csv", text), "here")


def test_a_file_that_is_missing_or_is_no_text_is_refused(tmp_path):
    with pytest.raises(
        SettingsError, match=r"here: labels: expected a table of classes and groups, got no file x\.csv"
    ):
        read_groups("x.csv", "here")
    (tmp_path / "mine.csv").write_bytes(b"class,group\n\xff,1\n")
    with pytest.raises(SettingsError, match="expected a CSV table in UTF-8"):
        read_groups(str(tmp_path / "mine.csv"), "here")


def a_map(*rows):
    return LabelGroups(kind="map", classes=rows)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (a_map(("ant", "x"), ("bee", "y"), ("cat", "y")), "a group for each of the 4 classes, got rows of 3"),
        (a_map(("ant", "x"), ("ant", "y"), ("cat", "y"), ("dog", "y")), "expected every class once, got 'ant' twice"),
        (a_map(*((name, "x") for name in NAMES)), "expected two groups at least, got one"),
        (LabelGroups(kind="random", count=1), "expected 2 to 4 groups, got 1"),
        (LabelGroups(kind="random", count=5), "expected 2 to 4 groups, got 5"),
        (LabelGroups(kind="random_images", count=1), "expected 2 groups or more, got 1"),
    ],
)
def test_groups_that_do_not_fit_the_number_of_classes_are_refused(groups, message):
    with pytest.raises(SettingsError, match=f"here: .*{message}"):
        check_groups(groups, 4, "here")


def test_groups_that_fit_are_not_refused():
    check_groups(a_map(*zip(NAMES, "xxyy", strict=True)), 4, "here")
    check_groups(a_map(("ant", "x"), ("bee", "y")), None, "here")
    check_groups(LabelGroups(kind="random", count=4), 4, "here")
    check_groups(LabelGroups(kind="random_images", count=50), 4, "here")
    check_groups(LabelGroups(kind="random_half"), 4, "here")


def test_classes_are_named_or_counted():
    assert groups_by_class([("dog", "x"), ("0", "x"), ("bee", "y"), ("2", "y")], NAMES, "here") == {
        3: "x",
        0: "x",
        1: "y",
        2: "y",
    }
    assert groups_by_class([("1", "x"), ("0", "y")], ("1", "0"), "here") == {0: "x", 1: "y"}  # names come first


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("ant", "x"), ("0", "y")], "expected every class once, got 'ant' twice"),
        ([("ant", "x"), ("elk", "y")], "expected classes of the dataset, such as 'ant', got 'elk'"),
        ([("4", "x")], "expected classes of the dataset, such as 'ant', got '4'"),
        ([("ant", "x"), ("bee", "y"), ("dog", "y")], "expected a group for every class, got none for 'cat'"),
    ],
)
def test_maps_that_do_not_fit_the_classes_are_refused(rows, message):
    with pytest.raises(SettingsError, match=message):
        groups_by_class(rows, NAMES, "here")
