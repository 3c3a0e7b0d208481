"""Whatever is wrong with a file of any format, it is told in words, and what is good is kept."""

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.columns import guess_mapping
from adapters.formats import FORMATS, format_of_start
from adapters.move import Move, Problem, UnusableFile
from adapters.safe_xml import START_BYTES

DATA = Path(__file__).parents[1] / "data"
SAMPLES = {
    "education_starters_leavers.csv": "csv",
    "nccis_sample_synthetic.xml": "nccis",
    "8864999_CTF_8844999_001.xml": "ctf",
    "ILR-10000001-2526-20251006-090000-01.xml": "ilr",
}
WHOLE = {sample: (DATA / sample).read_bytes() for sample in SAMPLES}
any_sample = st.sampled_from(sorted(SAMPLES))


def said(data: bytes, name: str | None = None) -> list[Move | Problem]:
    """Read a file as `hub read` does; a file that is no good at all is one problem."""
    try:
        found = format_of_start(data[:START_BYTES]) if name is None else FORMATS[name]
        mapping = guess_mapping(found.read_headers(io.BytesIO(data)))
        return list(found.read_moves(io.BytesIO(data), mapping))
    except UnusableFile as unusable:
        return [unusable.problem]


def good(found: list[Move | Problem]) -> list[Move]:
    """The records that can be used."""
    return [one for one in found if isinstance(one, Move)]


@given(any_sample, st.data())
def test_a_file_that_was_cut_short_keeps_what_came_before(sample: str, data: st.DataObject) -> None:
    """And the loss is said."""
    whole = WHOLE[sample]
    cut = data.draw(st.integers(1, len(whole) - 2))
    found = said(whole[:cut])
    kept = good(said(whole))
    assert [move.given for move in good(found)] == [move.given for move in kept[: len(good(found))]]
    if SAMPLES[sample] != "csv":
        assert any(isinstance(one, Problem) and not one.row_kept for one in found)


@given(any_sample, st.data())
def test_spoilt_bytes_never_raise_anything_else(sample: str, data: st.DataObject) -> None:
    """Every file ends in records and problems."""
    whole = bytearray(WHOLE[sample])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    for one in said(bytes(whole)):
        assert isinstance(one, Move | Problem)


@given(any_sample, st.sampled_from(sorted(FORMATS)))
def test_a_file_that_is_read_as_another_format_is_refused_by_it(sample: str, name: str) -> None:
    """No format takes another one's file for its own, except that nothing is wrong."""
    if name != SAMPLES[sample]:
        assert good(said(WHOLE[sample], name)) == []


@given(st.text(min_size=1, max_size=40), any_sample)
def test_no_problem_quotes_a_value(value: str, sample: str) -> None:
    """Values are personal; a date of birth that is none is named by its place alone."""
    secret = "secret" + re.sub(r"[^a-z]", "", value) + "value"
    text = WHOLE[sample].decode()
    spoilt = re.sub(r"(<(?:DOB|DateOfBirth|UPN|ULN|Postcode|Sex|Gender)>)[^<]*", rf"\1{secret}", text)
    spoilt = re.sub(r"\d\d/\d\d/\d{4}", secret, spoilt)
    problems = [one for one in said(spoilt.encode()) if isinstance(one, Problem)]
    assert problems
    assert not [one for one in problems if secret in str(one)]


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_an_empty_file_is_refused_in_words(name: str) -> None:
    """By every format."""
    (problem,) = said(b"", name)
    assert isinstance(problem, Problem)
    assert len(problem.reason.split()) > 3


@pytest.mark.parametrize("sample", sorted(SAMPLES))
def test_the_same_person_twice_is_the_same_twice(sample: str) -> None:
    """The second is not lost here: whoever publishes sends the same facts once."""
    text = WHOLE[sample].decode()
    pattern = r"<(YoungPersonsRecord|Pupil|Learner)>.*?</\1>|Farah[^\n]*\n"
    record = re.search(pattern, text, re.DOTALL)
    assert record is not None
    doubled = said(text.replace(record[0], record[0] * 2, 1).encode())
    assert len(good(doubled)) == len(good(said(WHOLE[sample]))) + 1
