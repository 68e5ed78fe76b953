"""Archives beside Python's own `zipfile`, which wrote them and reads them in another way."""

import io
import struct
import subprocess
import tracemalloc
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.datasets.archive import Archive, BadArchiveError, member_names

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0\\"), min_size=1, max_size=40)
MEMBERS = st.dictionaries(NAMES, st.binary(max_size=400), max_size=8)
COMMENTS = st.binary(max_size=60).filter(lambda comment: b"PK\5\6" not in comment)  # which zipfile takes for the end
METHODS = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])


def contents(path):
    with Archive(path) as archive:
        return [(name, archive.read(number, name)) for number, name in enumerate(member_names(path))]


def as_zipfile_has_it(path):
    with zipfile.ZipFile(path) as archive:
        return [(member.filename, archive.read(member)) for member in archive.infolist()]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MEMBERS, METHODS, st.binary(max_size=50), COMMENTS, st.booleans())
def test_what_zipfile_wrote_is_read_as_zipfile_reads_it(tmp_path, members, method, before, comment, streamed):
    path = tmp_path / "all.zip"
    buffer = io.BytesIO()
    with zipfile.ZipFile(Unseekable(buffer) if streamed else buffer, "w", method) as archive:
        archive.comment = comment
        for name, data in members.items():
            archive.writestr(name, data)
    path.write_bytes(before + buffer.getvalue())
    assert contents(path) == as_zipfile_has_it(path) == list(members.items())


class Unseekable(io.RawIOBase):
    """A pipe: sizes and checksums of a member stand behind it."""

    def __init__(self, buffer):
        self.buffer = buffer

    def writable(self):
        return True

    def write(self, data):
        return self.buffer.write(data)


def test_a_comment_may_look_like_the_end(tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("a.png", b"1")
        archive.comment = b"PK\5\6"
    assert contents(tmp_path / "all.zip") == [("a.png", b"1")]


def test_large_numbers_stand_in_the_extra_fields(tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 20)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    path, members = tmp_path / "long.zip", {f"{number}.png": bytes([number]) * 50 for number in range(6)}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    assert b"PK\6\6" in path.read_bytes()
    assert struct.pack("<L", 0xFFFFFFFF) in path.read_bytes()
    assert contents(path) == list(members.items())


def test_a_name_in_utf8_beside_another_is_the_name(tmp_path):
    """As Info-ZIP writes it: an extra field 0x7075, with a version, the checksum of the other name, and the name."""
    member = zipfile.ZipInfo("Z_rich.png")
    name = "Zürich.png".encode()
    body = struct.pack("<BL", 1, zlib.crc32(b"Z_rich.png")) + name
    member.extra = struct.pack("<HH", 0x7075, len(body)) + body
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr(member, b"1")
    assert contents(tmp_path / "all.zip") == [("Zürich.png", b"1")]


def test_names_without_a_mark_are_of_the_old_code_page(tmp_path):
    member = zipfile.ZipInfo("Z_rich.png")
    member.create_system = 0  # DOS
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr(member, b"1")
    data = (tmp_path / "all.zip").read_bytes().replace(b"Z_rich", b"Z\x81rich")
    (tmp_path / "all.zip").write_bytes(data)
    assert contents(tmp_path / "all.zip") == [("Zürich.png", b"1")] == as_zipfile_has_it(tmp_path / "all.zip")


def written(path: Path, method=zipfile.ZIP_DEFLATED, name="a/one.txt", data=bytes(range(256)) * 4):
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(name, data)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_no_altered_or_missing_byte_changes_what_is_read(tmp_path, method):
    """It is told apart, or it stands where nothing is read, as a date does."""
    whole = written(tmp_path / "whole.zip", method, data=b"what is in it " * 9).read_bytes()
    path, told = tmp_path / "bad.zip", 0
    for place in range(len(whole)):
        for data in (whole[:place], whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :]):
            path.write_bytes(data)
            try:
                found = contents(path)
            except BadArchiveError:
                told += 1
            else:
                assert found == [("a/one.txt", b"what is in it " * 9)], place
    assert told > len(whole)


def test_what_cannot_be_read_is_said(tmp_path):
    path, allowed = written(tmp_path / "packed.zip", zipfile.ZIP_BZIP2), "packed by method 12; allowed are stored and"
    with Archive(path) as archive, pytest.raises(BadArchiveError, match=allowed):
        archive.read(0, "a/one.txt")
    data = bytearray(written(tmp_path / "locked.zip").read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "locked.zip").write_bytes(data)
    with Archive(tmp_path / "locked.zip") as archive, pytest.raises(BadArchiveError, match="encrypted"):
        archive.read(0, "a/one.txt")


def test_an_archive_that_was_replaced_is_told_apart(tmp_path):
    with Archive(written(tmp_path / "all.zip", name="a/two.txt")) as archive:
        for number, name in ((0, "a/one.txt"), (1, "a/two.txt")):
            with pytest.raises(BadArchiveError, match="changed"):
                archive.read(number, name)


@pytest.mark.parametrize(("record", "place"), [(b"PK\5\6", 4), (b"PK\5\6", 6), (b"PK\1\2", 34)])
def test_one_part_of_several_is_told_apart(tmp_path, record, place):
    """By the number of its disk: of the end, of the directory's start, of a member."""
    data = bytearray(written(tmp_path / "all.zip").read_bytes())
    struct.pack_into("<H", data, data.index(record) + place, 1)
    (tmp_path / "part.zip").write_bytes(data)
    with pytest.raises(BadArchiveError, match="one part of several"):
        Archive(tmp_path / "part.zip")


@pytest.mark.parametrize(("count", "fits"), [(34, True), (33, False), (0, False)])
def test_a_count_of_members_is_one_modulo_65536(tmp_path, count, fits):
    """Without the longer fields: as writers have it that count on from 0."""
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        for number in range(65_570):
            archive.writestr(zipfile.ZipInfo(f"{number}.png"), b"")
    data = bytearray((tmp_path / "many.zip").read_bytes())
    long, end = data.index(b"PK\6\6"), data.index(b"PK\5\6")
    struct.pack_into("<HHLL", data, end + 8, count, count, *struct.unpack_from("<QQ", data, long + 40))
    (tmp_path / "many.zip").write_bytes(data[:long] + data[end:])
    if fits:
        assert list(member_names(tmp_path / "many.zip")) == [f"{number}.png" for number in range(65_570)]
    else:
        with pytest.raises(BadArchiveError, match="another length than it says"):
            list(member_names(tmp_path / "many.zip"))


@contextmanager
def little_memory():
    """Half a megabyte at most."""
    tracemalloc.start()
    yield
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000


@pytest.mark.parametrize("size", [0, 1000])
def test_a_packed_member_takes_no_more_memory_than_it_says(tmp_path, size):
    data = bytearray(written(tmp_path / "bomb.zip", data=bytes(900_000)).read_bytes())
    data[data.index(b"PK\1\2") + 24 : data.index(b"PK\1\2") + 28] = struct.pack("<L", size)
    (tmp_path / "bomb.zip").write_bytes(data)
    with little_memory(), Archive(tmp_path / "bomb.zip") as archive, pytest.raises(BadArchiveError, match="checksum"):
        archive.read(0, "a/one.txt")


def test_nor_does_one_whose_packed_length_is_another(tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("small.txt", b"1")
        archive.writestr("large.txt", bytes(5_000_000))
    data = bytearray((tmp_path / "all.zip").read_bytes())
    struct.pack_into("<L", data, data.index(b"PK\1\2") + 20, 4_000_000)
    (tmp_path / "lies.zip").write_bytes(data)
    with little_memory(), Archive(tmp_path / "lies.zip") as archive, pytest.raises(BadArchiveError, match="damaged"):
        archive.read(0, "small.txt")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("lie", [2**40, 2**60, 2**63, 2**64 - 1])
@pytest.mark.parametrize("lies", ["size", "packed", "offset", "directory size", "directory offset"])
def test_lies_about_lengths_are_told_and_take_no_memory(tmp_path, monkeypatch, lies, lie, method):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 20)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 0)
    first = bytes(range(256)) * 4
    with zipfile.ZipFile(tmp_path / "all.zip", "w", method) as archive:
        archive.writestr("a/zero.txt", b"")
        archive.writestr("a/one.txt", first)
    data = bytearray((tmp_path / "all.zip").read_bytes())
    # behind the second entry's name its extra field: kind, length, size, size when packed, offset
    field = data.rindex(b"PK\1\2") + 46 + len("a/one.txt") + 4
    end = data.index(b"PK\6\6")
    place = {"size": 0, "packed": 8, "offset": 16}.get(lies)
    place = {"directory size": end + 40, "directory offset": end + 48}[lies] if place is None else field + place
    if lies == "size":
        assert struct.unpack_from("<Q", data, place)[0] == len(first)
    struct.pack_into("<Q", data, place, lie)
    (tmp_path / "lies.zip").write_bytes(data)
    try:
        found = contents(tmp_path / "lies.zip")
    except BadArchiveError:
        return
    assert (lies, found[1]) == ("size", ("a/one.txt", first))  # which is the checksum's then


def test_what_info_zip_wrote_is_read(tmp_path):
    (tmp_path / "a").mkdir()
    for name in ("one.txt", "zwölf.txt"):
        (tmp_path / "a" / name).write_bytes(name.encode())
    try:
        subprocess.run(["zip", "-q", "-r", "all.zip", "a"], cwd=tmp_path, check=True)
    except FileNotFoundError:
        pytest.skip("Info-ZIP is not here")
    assert dict(contents(tmp_path / "all.zip")) == {
        "a/": b"",
        **{f"a/{name}": name.encode() for name in ("one.txt", "zwölf.txt")},
    }
