import io
import itertools
import os
import struct
import zipfile

import pytest
from image_sets import write_folder, write_zip

from pipeline.config.base import SettingsError
from pipeline.datasets.trees import list_tree, read_files

MEMBERS = {"b/two.txt": b"2", "a/one.txt": b"1", "top.txt": b"0", "a/.hidden": b"no", "__MACOSX/a/._one.txt": b"no"}


@pytest.fixture
def trees(tmp_path):
    return write_folder(tmp_path / "tree", MEMBERS), write_zip(tmp_path / "tree.zip", MEMBERS)


def test_folders_and_archives_are_read_alike(trees):
    for tree in trees:
        files = list_tree(tree)
        assert [str(file.path) for file in files] == ["a/one.txt", "b/two.txt", "top.txt"]
        assert list(read_files(reversed(files))) == [b"0", b"2", b"1"]
        assert str(files[0]) == f"{tree}/a/one.txt"


def test_files_of_several_trees_can_be_mixed(trees):
    folder, archive = map(list_tree, trees)
    assert list(read_files([folder[0], archive[1], folder[2], archive[0]])) == [b"1", b"2", b"0", b"1"]


def test_links_are_followed(tmp_path):
    write_folder(tmp_path / "elsewhere", {"one.txt": b"1"})
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a").symlink_to(tmp_path / "elsewhere")
    assert list(read_files(list_tree(tmp_path / "tree"))) == [b"1"]


def test_a_pipe_is_named_and_not_waited_for(tmp_path):
    write_folder(tmp_path / "tree", {"a/one.png": b"1"})
    os.mkfifo(tmp_path / "tree" / "a" / "two.png")
    with pytest.raises(SettingsError, match=r"a/two.png: neither a file nor a folder"):
        list_tree(tmp_path / "tree")


def test_an_archive_may_have_backslashes_and_a_folder_has_them_in_names(tmp_path):
    assert [file.path.parts for file in list_tree(write_zip(tmp_path / "a.zip", {"a\\one.txt": b"1"}))] == [
        ("a", "one.txt")
    ]
    files = list_tree(write_folder(tmp_path / "tree", {"a\\one.txt": b"2"}))
    assert [file.path.parts for file in files] == [("a\\one.txt",)]
    assert list(read_files(files)) == [b"2"]


def test_members_may_be_written_with_detours(tmp_path):
    files = list_tree(write_zip(tmp_path / "tree.zip", {"./a//one.txt": b"1"}))
    assert [str(file.path) for file in files] == ["a/one.txt"]
    assert list(read_files(files)) == [b"1"]


@pytest.mark.parametrize("name", ["../one.txt", "a/../../one.txt", "/etc/one.txt", "a\\..\\..\\one.txt"])
def test_members_that_point_out_are_refused(tmp_path, name):
    archive = write_zip(tmp_path / "tree.zip", {"a/fine.txt": b"", name: b""})
    with pytest.raises(SettingsError, match=r"tree.zip: member .* points out of the archive"):
        list_tree(archive)


def test_what_is_no_tree_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent: not there"):
        list_tree(tmp_path / "absent")
    archive = write_zip(tmp_path / "cut.zip", MEMBERS)
    archive.write_bytes(archive.read_bytes()[:-40])  # a partial download
    with pytest.raises(SettingsError, match=r"cut.zip: neither a folder nor a whole zip archive"):
        list_tree(archive)


def test_an_archive_with_a_broken_directory_is_named(tmp_path):
    archive = write_zip(tmp_path / "bad.zip", MEMBERS)
    data = bytearray(archive.read_bytes())
    data[data.index(b"PK\x01\x02")] = 0
    archive.write_bytes(data)
    with pytest.raises(SettingsError, match=r"bad.zip: n"):
        list_tree(archive)


def test_an_archive_in_several_parts_is_named(tmp_path):
    """By `zipfile` already, where it looks whether it is one."""
    archive = write_zip(tmp_path / "part.zip", MEMBERS)
    data = archive.read_bytes()
    end = data.index(b"PK\5\6")
    long = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 5, 5, 0, 0)
    archive.write_bytes(data[:end] + long + struct.pack("<4sLQL", b"PK\6\7", 0, end, 2) + data[end:])
    with pytest.raises(SettingsError, match=r"part.zip: not a whole zip archive"):
        list_tree(archive)


def test_a_damaged_member_is_named(tmp_path):
    start = 30 + len("a/one.txt")  # of the contents, behind the member's header
    for method, place in itertools.product((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED), (start, start + 50)):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as opened:
            opened.writestr("a/one.txt", bytes(range(256)))
        data = bytearray(buffer.getvalue())
        data[place] ^= 255
        archive = tmp_path / "tree.zip"
        archive.write_bytes(data)
        with pytest.raises(SettingsError, match=r"tree.zip/a/one.txt: cannot be read"):
            list(read_files(list_tree(archive)))
