"""XML from strangers: small records come out of it, and nothing that it asks for is done."""

import io
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.move import Problem, UnusableFile
from adapters.safe_xml import DEPTH, RECORD_ELEMENTS, TEXT_CHARACTERS, Found, read_elements, root_of

WANTED = frozenset({"List/Item"})
GOOD = "<List><Item><Name>Asha</Name></Item><Item><Name>Ben</Name></Item></List>"


def said(text: str | bytes) -> list[Found | Problem]:
    """Read a document."""
    return list(read_elements(io.BytesIO(text.encode() if isinstance(text, str) else text), WANTED))


def names(text: str | bytes) -> list[str | None]:
    """Give the names in a document that has nothing wrong with it."""
    found = said(text)
    assert not [one for one in found if isinstance(one, Problem)]
    return [one.element.first("Name") for one in found if isinstance(one, Found)]


def refused(text: str | bytes) -> str:
    """Read a document of which nothing can be used; give the code."""
    with pytest.raises(UnusableFile) as caught:
        said(text)
    return caught.value.problem.code


def test_each_record_comes_with_its_place() -> None:
    """As an XPath that an editor can jump to."""
    places = [one.place for one in said(GOOD)]
    assert places == ["/List/Item[1]", "/List/Item[2]"]


def test_a_path_is_the_same_in_a_file_on_disk(tmp_path: Path) -> None:
    """A path is opened and closed, a stream is left open."""
    path = tmp_path / "list.xml"
    path.write_text(GOOD)
    assert [one.place for one in read_elements(path, WANTED)] == ["/List/Item[1]", "/List/Item[2]"]


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f'<?xml version="1.0"?><!-- a licence -->{GOOD}',
        "<a:List xmlns:a='x'><a:Item><a:Name> Asha </a:Name></a:Item><Item><Name>Ben</Name></Item></a:List>",
        "<List><Item><Name><![CDATA[Asha]]></Name></Item>\n<Item>\n<Name>B<!-- x -->en</Name></Item></List>",
    ],
)
def test_layout_prefixes_and_comments_do_not_matter(text: str) -> None:
    """What stands there is read."""
    assert names(text) == ["Asha", "Ben"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_read_in_any_form(encoding: str) -> None:
    """With a byte order mark and without."""
    assert names(GOOD.replace("Asha", "Zoë").encode(encoding)) == ["Zoë", "Ben"]


@pytest.mark.parametrize("encoding", ["windows-1252", "iso-8859-1"])
def test_a_stated_encoding_is_believed(encoding: str) -> None:
    """Older exports state them."""
    text = f'<?xml version="1.0" encoding="{encoding}"?>{GOOD}'.replace("Asha", "Zoë")
    assert names(text.encode(encoding)) == ["Zoë", "Ben"]


def test_letters_of_another_encoding_than_stated_are_read_and_that_is_said() -> None:
    """A file that says UTF-8 and was written as Windows-1252: common, and every row is good."""
    found = said(GOOD.replace("Asha", "Zo\xeb O\x92Brien").encode("latin-1"))
    *items, problem = found
    assert [one.element.first("Name") for one in items if isinstance(one, Found)] == ["Zoë O’Brien", "Ben"]  # noqa: RUF001 - what Windows wrote
    assert isinstance(problem, Problem)
    assert (problem.code, problem.row_kept) == ("letters-guessed", True)


def test_an_unknown_encoding_is_refused() -> None:
    """Nothing is guessed of it."""
    assert refused('<?xml version="1.0" encoding="klingon-8"?>' + GOOD) == "encoding-unknown"


BOMB = "<!DOCTYPE l [<!ENTITY a 'aa'><!ENTITY b '&a;&a;&a;'>]>"
OUTSIDE = "<!DOCTYPE l SYSTEM 'file:///etc/passwd'>"
OUTSIDE_ENTITY = "<!DOCTYPE l [<!ENTITY x SYSTEM 'http://127.0.0.1:9/x'>]>"


@pytest.mark.parametrize("head", [BOMB, OUTSIDE, OUTSIDE_ENTITY, "<!DOCTYPE List>"])
def test_a_document_type_is_refused_with_everything_in_it(head: str) -> None:
    """Entity bombs and external references need one; no export of these formats has one."""
    assert refused(head + GOOD.replace("Asha", "&x;")) == "xml-doctype"
    with pytest.raises(UnusableFile, match="document type"):
        root_of(head.encode())


def test_an_undeclared_entity_breaks_the_file() -> None:
    """It stands for nothing."""
    assert refused(GOOD.replace("Asha", "&x;")) == "xml-damaged"


def test_depth_is_limited() -> None:
    """A file can nest a million elements in a few kilobytes."""
    assert refused("<List><Item>" + "<a>" * DEPTH) == "xml-deep"


def test_the_size_of_a_record_is_limited() -> None:
    """What came before it is kept."""
    big = "<List><Item><Name>Asha</Name></Item><Item>" + "<a/>" * (RECORD_ELEMENTS + 1) + "</Item></List>"
    first, problem = said(big)
    assert isinstance(first, Found)
    assert isinstance(problem, Problem)
    assert (problem.place, problem.code) == ("/List/Item[2]", "xml-record-large")


def test_the_length_of_a_text_is_limited() -> None:
    """However it is cut into pieces."""
    assert refused(f"<List><Item><a>{'x' * (TEXT_CHARACTERS + 1)}</a></Item></List>") == "xml-text-long"


def test_the_size_of_a_file_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came before the limit is kept."""
    monkeypatch.setattr("adapters.safe_xml.FILE_BYTES", 70_000)
    *items, problem = said("<List>" + "<Item><Name>Asha</Name></Item>" * 5_000 + "</List>")
    assert len(items) > 2_000
    assert isinstance(problem, Problem)
    assert problem.code == "file-large"


@pytest.mark.parametrize("text", ["", "   ", "<", "<List>", "<List><Item><Name>Asha"])
def test_a_file_that_ends_before_its_first_record_is_refused(text: str) -> None:
    """In words that say what to do."""
    assert refused(text) == "file-cut-short"


def test_a_file_that_ends_in_the_middle_gives_what_came_before() -> None:
    """The problem names where."""
    first, problem = said(GOOD[: GOOD.index("Ben")])
    assert isinstance(first, Found)
    assert isinstance(problem, Problem)
    assert (problem.place, problem.code) == ("/List/Item[2]", "file-cut-short")
    assert "kept" in problem.reason


@pytest.mark.parametrize(
    "text", ["Forename,Surname", "PK\x03\x04", "<List></Item>", "<List><Item a=b></Item></List>"]
)
def test_what_is_not_xml_is_refused(text: str) -> None:
    """Nothing before it was good."""
    assert refused(text) in {"xml-damaged", "file-cut-short"}


def test_the_root_is_found_behind_comments() -> None:
    """In any encoding; what is no XML has none."""
    assert root_of(b"\xef\xbb\xbf <?xml version='1.0'?>\n<!-- <x> -->\n<n:Message xmlns:n='y'>") == "Message"
    assert root_of("<NCCIS/>".encode("utf-16")) == "NCCIS"
    assert root_of(b"Forename,Surname") is None
    assert root_of(b'{"given":"Asha"}') is None


def test_memory_does_not_grow_with_the_file() -> None:
    """Twenty thousand records take what one takes, and a little."""
    item = b"<Item><Name>Asha</Name><Town>Chatham</Town></Item>"
    stream = io.BytesIO(b"<List>" + item * 20_000 + b"</List>")
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_elements(stream, WANTED))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert peak < 4 * 1024 * 1024


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing else is raised."""
    for text in (data, GOOD.encode() + data, GOOD[:-7].encode() + data):
        try:
            found = said(text)
        except UnusableFile:
            continue
        assert all(isinstance(one, Found | Problem) for one in found)


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=3))
def test_a_spoilt_letter_costs_no_more_than_what_follows_it(at: int, put: bytes) -> None:
    """Records that were whole before it are given."""
    data = GOOD.encode()
    whole = data[:at].count(b"</Item>")
    try:
        found = said(data[:at] + put + data[at + 1 :])
    except UnusableFile:
        assert whole == 0
    else:
        assert sum(isinstance(one, Found) for one in found) >= whole
