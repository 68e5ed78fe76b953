"""Records vouch for themselves."""

import json

import pytest

from pipeline.config.base import SettingsError
from pipeline.jobs import records
from pipeline.jobs.records import read_record, write_record
from tests.workflow.faults.fuzz import sentence

RECORD = {"settings": {"epochs": 1}, "code": {"a": "b"}, "inputs": {}, "found": {2: 0.1, 10: (1, 2)}}


@pytest.fixture
def path(tmp_path):
    write_record(tmp_path / "a.json", RECORD)
    return tmp_path / "a.json"


def test_it_is_read_as_it_was_written_and_every_flipped_bit_is_found(path):
    """Except for spaces and line ends, which mean nothing."""
    written = {**RECORD, "found": {"2": 0.1, "10": [1, 2]}}
    assert read_record(path) == written == json.loads(json.dumps(RECORD))
    whole = path.read_bytes()
    for place in range(len(whole)):
        for bit in range(8):
            altered = bytearray(whole)
            altered[place] ^= 1 << bit
            path.write_bytes(altered)
            refused = sentence(lambda: read_record(path))
            assert str(path) in refused or whole[place : place + 1].isspace()
            assert refused or read_record(path) == written


def test_a_record_of_a_newer_version_is_refused_as_such(path, monkeypatch):
    monkeypatch.setattr(records, "FORMAT", records.FORMAT + 1)
    write_record(path, RECORD)
    monkeypatch.undo()
    with pytest.raises(SettingsError, match=r"a.json: expected a record of format 3, got 4"):
        read_record(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '{"settings": {}}', "[" * 100_000])
def test_another_text_is_named(path, text):
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"a.json: not a complete record, or altered; delete it"):
        read_record(path)
