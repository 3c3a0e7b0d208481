"""An index as a file: one record of tokens a line."""

import os
from pathlib import Path

import pytest

from hub.matching.token_files import HeldRecord, read_index, write_index
from hub.matching.tokens import make_tokens
from hub.protocols.errors import MalformedMessage
from hub.protocols.names import EpochId
from tests.matching.people import AMELIA, EPOCH, KEY, STRANGER

RECORDS = [
    HeldRecord("a1", "kent", make_tokens(AMELIA, KEY, EPOCH, os.urandom)),
    HeldRecord("a2", "", make_tokens(STRANGER, KEY, EPOCH, os.urandom)),
]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Record by record, and no name of anybody is in the file."""
    path = tmp_path / "index.jsonl"
    assert write_index(path, RECORDS) == 2
    assert read_index(path) == RECORDS
    assert "Amelia" not in path.read_text()
    assert [one.name for one in tmp_path.iterdir()] == ["index.jsonl"]


def test_half_an_index_is_none(tmp_path: Path) -> None:
    """Whatever stops the writing, nothing stays."""

    def stopped() -> object:
        yield RECORDS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_index(tmp_path / "index.jsonl", stopped())  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    """By its number, and never by what it holds."""
    path = tmp_path / "index.jsonl"
    write_index(path, RECORDS)
    good = path.read_bytes()
    other = HeldRecord("a3", "", make_tokens(AMELIA, KEY, EpochId("ep_" + "1" * 26), os.urandom))
    write_index(tmp_path / "other.jsonl", [other])
    for code, data in (
        ("index-file", good + b"Amelia\n"),
        ("index-file", good + b'{"id":"x","member":"","tokens":{}}\n'),
        ("index-file", good + good.splitlines()[0].replace(b'{"id"', b'{"extra":1,"id"') + b"\n"),
        ("index-id", good + good.splitlines()[0] + b"\n"),
        ("epoch-differs", good + (tmp_path / "other.jsonl").read_bytes()),
    ):
        path.write_bytes(data)
        with pytest.raises(MalformedMessage, match="line 3") as refused:
            read_index(path)
        assert refused.value.code == code
        assert "Amelia" not in str(refused.value)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """With its name."""
    with pytest.raises(MalformedMessage, match=r"none\.jsonl") as refused:
        read_index(tmp_path / "none.jsonl")
    assert refused.value.code == "index-file"
