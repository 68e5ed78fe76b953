"""Files of folders and zip archives, alike."""

import io
import os
import subprocess
import zipfile

import pytest
from image_sets import write_folder, write_zip

from pipeline.config.base import SettingsError
from pipeline.datasets.trees import list_tree, read_files

MEMBERS = {"b/two.txt": b"2", "a/one.txt": b"1", "a.txt": b"3", "top.txt": b"0"}


def read(tree):
    files = list_tree(tree)
    return {file.path: data for file, data in zip(files, read_files(files), strict=True)}


def test_folders_and_archives_are_read_alike_and_can_be_mixed(tmp_path):
    trees = write_folder(tmp_path / "tree", MEMBERS), write_zip(tmp_path / "tree.zip", MEMBERS)
    for tree in trees:
        assert list(read(tree).items()) == [
            (name, MEMBERS[name]) for name in ("a/one.txt", "a.txt", "b/two.txt", "top.txt")
        ]
        assert str(list_tree(tree)[0]) == f"{tree}/a/one.txt"
    folder, archive = map(list_tree, trees)
    assert list(read_files([folder[3], archive[2], folder[0], archive[0]])) == [b"0", b"2", b"1", b"1"]


def test_links_are_followed_and_a_pipe_is_named(tmp_path):
    write_folder(tmp_path / "elsewhere", {"one.txt": b"1"})
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a").symlink_to(tmp_path / "elsewhere")
    assert read(tmp_path / "tree") == {"a/one.txt": b"1"}
    os.mkfifo(tmp_path / "tree" / "two.png")
    with pytest.raises(SettingsError, match=r"two\.png: expected a file or a folder, got a pipe"):
        list_tree(tmp_path / "tree")


@pytest.mark.parametrize(("name", "path"), [("a\\one.txt", "a/one.txt"), ("./a//one.txt", "a/one.txt")])
def test_archives_may_have_backslashes_and_detours_which_folders_have_not(tmp_path, name, path):
    assert read(write_zip(tmp_path / "tree.zip", {name: b"1"})) == {path: b"1"}
    assert read(write_folder(tmp_path / "tree", {"a\\one.txt": b"2"})) == {"a\\one.txt": b"2"}


def test_names_are_in_utf8_with_and_without_its_flag_or_in_the_old_code_page(tmp_path):
    flagged = write_zip(tmp_path / "flagged.zip", {"Zürich.png": b"1"})
    assert read(flagged) == {"Zürich.png": b"1"}
    plain = write_zip(tmp_path / "plain.zip", {"Z__rich.png": b"1"}).read_bytes()
    for raw, name in (("Zürich.png".encode(), "Zürich.png"), (b"Z\x81_rich.png", "Zü_rich.png")):
        (tmp_path / "plain.zip").write_bytes(plain.replace(b"Z__rich.png", raw))
        assert read(tmp_path / "plain.zip") == {name: b"1"}


def test_archives_of_info_zip_are_read(tmp_path):
    write_folder(tmp_path / "a", {"zwölf.txt": b"12"})
    try:
        subprocess.run(["zip", "-q", "-r", "all.zip", "a"], cwd=tmp_path, check=True)
    except FileNotFoundError:
        pytest.skip("Info-ZIP is missing")
    assert read(tmp_path / "all.zip") == {"a/zwölf.txt": b"12"}


def test_a_missing_tree_and_a_partial_archive_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent: missing"):
        list_tree(tmp_path / "absent")
    archive = write_zip(tmp_path / "cut.zip", MEMBERS)
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(SettingsError, match=r"cut\.zip: neither a folder nor a whole zip archive"):
        list_tree(archive)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_no_altered_or_missing_byte_changes_what_is_read(tmp_path, method):
    """It is named, or the file is read as it was, or under another name."""
    whole = write_zip(tmp_path / "bad.zip", {"a/one.txt": b"contents " * 9}, method).read_bytes()
    refused = 0
    for place in range(len(whole)):
        for data in (whole[:place], whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :]):
            (tmp_path / "bad.zip").write_bytes(data)
            try:
                found = read(tmp_path / "bad.zip")
            except SettingsError:
                refused += 1
            else:
                assert set(found.values()) <= {b"contents " * 9}, place
    assert refused > len(whole)


def test_an_encrypted_or_unknown_member_is_named(tmp_path):
    buffer = io.BytesIO()
    write_zip(buffer, {"a/one.txt": bytes(100)}, zipfile.ZIP_DEFLATED)
    for offset, value in ((8, 1), (10, 99)):  # the flag of encryption; a method that does not exist
        data = bytearray(buffer.getvalue())
        data[data.index(b"PK\1\2") + offset] = value
        (tmp_path / "bad.zip").write_bytes(data)
        with pytest.raises(SettingsError, match=r"bad\.zip/a/one\.txt: cannot be read"):
            read(tmp_path / "bad.zip")
