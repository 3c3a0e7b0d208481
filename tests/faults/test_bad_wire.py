"""Anything malformed that reaches a real hub: a 4xx problem with a stable code, and nothing is stored."""

import contextlib
import json
import random
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from adapters.member import Gateway
from adapters.member.compose import compose
from adapters.member.home import Home
from hub.protocols.limits import BATCH_NOTICES, NOTICE_BYTES
from tests.faults.region import HOST, KENT, KINDS, FaultyRegion, make_faulty_region, people
from tests.faults.wire import JSON, Answer, Wire

SEED: Final = 7
CODE: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
FIELDS: Final = {"type", "title", "status", "detail", "code", "request_id"}
GROWS_BY_ITSELF: Final = frozenset(
    {"log_head", "log_entry", "log_node", "opening", "checkpoint", "sqlite_sequence"}
)
"""Tables that every slot adds to, whatever happens: the log grows alike."""

ITEM: Final = "dis_01jd0000000000000000000000"
NOTICE: Final = "ntc_01jd0000000000000000000000"
REQUEST: Final = "req_01jd0000000000000000000000"
TAKES_JSON: Final[dict[str, dict[str, Any]]] = {
    "/v1/enrolments": {"code": "c", "identity": {}, "entries": []},
    "/v1/members/mbr_kent/keys": {"document": {}},
    "/v1/agreements": {"document": {}, "signed": {}},
    "/v1/agreements/agr_kent-medway-movers/signatures": {"signed": {}},
    "/v1/agreements/agr_kent-medway-movers/suspension": {"word": {}},
    "/v1/agreement-evaluations": {"purpose": "participation"},
    "/v1/mandates": {"document": {}},
    "/v1/standing-requests": {"document": {}},
    "/v1/epochs": {"document": {}, "boxes": {}},
    f"/v1/notices/{NOTICE}/assertions": {"assertion": "a.b.c"},
    f"/v1/notices/{NOTICE}/withdrawal": {"withdrawal": "a.b.c"},
    f"/v1/inbox/{ITEM}/confirmation": {"confirmation": "a.b.c"},
    f"/v1/inbox/{ITEM}/acknowledgement": {"acknowledgement": "a.b.c"},
    f"/v1/inbox/{ITEM}/outcome": {"outcome": "a.b.c"},
    f"/v1/inbox/{ITEM}/approval": {"approval": "a.b.c"},
    f"/v1/inbox/{ITEM}/lead": {"lead": "a.b.c"},
    f"/v1/key-requests/{REQUEST}/grant": {"grant": "a.b.c", "box": None},
    f"/v1/key-requests/{REQUEST}/blind-grant": {"grant": "a.b.c", "boxes": []},
}
"""Every route that takes JSON, with a body of the right outer form and nothing true in it."""

WRONG: Final[list[Any]] = [None, 1, True, [], {}, "x", "x" * 9000]
GARBAGE: Final = {
    "nothing": b"",
    "no json": b"not json",
    "cut": b'{"document": {"a": "b',
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "bad utf-8": b'{"document": "\xff\xfe"}',
    "half a surrogate": b'{"document": "\\ud800"}',
    "utf-16": '{"document": {}}'.encode("utf-16"),
    "a field twice": b'{"document": {}, "document": {}}',
    "a fraction": b'{"document": 1.5}',
    "not a number": b'{"document": NaN}',
    "a huge number": b'{"document": 1' + b"0" * 400 + b"}",
    "deep": b'{"document": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    "two values": b"{} {}",
    "a nul": b'{"document": "\x00"}',
    "wrong types": b'{"document": 1, "signed": 1, "word": 1, "code": 1, "grant": 1, "box": 1, "boxes": 1}',
}


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyRegion]:
    """Give a region whose hub runs."""
    made = make_faulty_region(tmp_path_factory.mktemp("region"))
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def wire(region: FaultyRegion) -> Wire:
    """Give a member's connection."""
    return Wire(region, KENT)


@pytest.fixture(scope="module")
def envelope(region: FaultyRegion) -> bytes:
    """Give a notice that would be taken as it is."""
    return _envelope(region.homes[KENT])


@pytest.fixture(autouse=True)
def _nothing_is_stored(region: FaultyRegion) -> Iterator[None]:
    """Hold every test of this file to it: no row more, and the hub still answers."""
    before = _rows(region)
    yield
    assert _rows(region) == before
    assert region.process is not None
    assert region.process.poll() is None, region.said()


@pytest.mark.parametrize("path", TAKES_JSON)
@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_a_body_that_is_no_message_is_refused(wire: Wire, path: str, body: bytes) -> None:
    """Whatever is not the JSON that a route takes is a problem of the sender's."""
    _check_problem(wire.send("POST", path, body))


@pytest.mark.parametrize("path", TAKES_JSON)
def test_an_unknown_field_is_refused_by_name_of_its_place(wire: Wire, path: str) -> None:
    """Meaning that is not understood is not accepted; the answer says where, and never what."""
    answer = wire.send("POST", path, json.dumps({**TAKES_JSON[path], "surprise": "Ada"}).encode())
    assert _check_problem(answer)["status"] == 422
    assert "/surprise" in [error["pointer"] for error in answer.document["errors"]]
    assert b"Ada" not in answer.body


@pytest.mark.parametrize("path", TAKES_JSON)
def test_a_body_of_the_right_form_with_nothing_true_in_it_is_refused(wire: Wire, path: str) -> None:
    """What is signed by nobody, or about nothing, is refused."""
    _check_problem(wire.send("POST", path, json.dumps(TAKES_JSON[path]).encode()))


@pytest.mark.parametrize("path", [*TAKES_JSON, "/v1/notices", "/v1/notice-batches", "/oauth/token"])
def test_a_body_of_another_media_type_is_refused(wire: Wire, path: str) -> None:
    """A route takes one media type and says which."""
    for media_type in ("text/plain", "application/xml", "multipart/form-data; boundary=x", ""):
        answer = wire.send("POST", path, b"{}", media_type)
        assert _check_problem(answer)["code"] == "media-type" or path == "/oauth/token"


@pytest.mark.parametrize("path", [*TAKES_JSON, "/v1/notices", "/v1/notice-batches", "/oauth/token"])
def test_an_oversize_body_is_refused(wire: Wire, path: str) -> None:
    """A body has a limit, and the limit holds while reading, whatever a header says."""
    media_type = {"/v1/notice-batches": "application/x-ndjson"}.get(path, JSON)
    if path == "/oauth/token":
        media_type = "application/x-www-form-urlencoded"
    body = b'{"document": "' + b"x" * (9 * 1024 * 1024) + b'"}'
    # answered and closed before all of it was read: nothing more can be asked for
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        assert _check_problem(wire.send("POST", path, body, media_type))["status"] in {400, 413}


def test_a_notice_cut_off_anywhere_is_refused(wire: Wire, envelope: bytes) -> None:
    """A notice that is not whole is not a notice."""
    chance = random.Random(SEED)
    for end in sorted(chance.sample(range(len(envelope)), 60)):
        _check_problem(wire.send("POST", "/v1/notices", envelope[:end]))


def test_a_notice_with_a_changed_byte_is_refused(wire: Wire, envelope: bytes) -> None:
    """No byte of a notice can be changed without its sender."""
    chance = random.Random(SEED)
    for place in sorted(chance.sample(range(len(envelope)), 150)):
        changed = bytearray(envelope)
        changed[place] ^= 1 << chance.randrange(8)
        _check_problem(wire.send("POST", "/v1/notices", bytes(changed)))


def test_a_notice_with_a_field_more_less_or_twice_is_refused(wire: Wire, envelope: bytes) -> None:
    """A notice has its fields, all of them, once."""
    whole = json.loads(envelope)
    for name in whole:
        less = {other: value for other, value in whole.items() if other != name}
        _check_problem(wire.send("POST", "/v1/notices", json.dumps(less).encode()))
        twice = envelope[:-1] + b',"' + name.encode() + b'":null}'
        _check_problem(wire.send("POST", "/v1/notices", twice))
        for other in [wrong for wrong in WRONG if wrong != whole[name]]:
            _check_problem(wire.send("POST", "/v1/notices", json.dumps({**whole, name: other}).encode()))
    _check_problem(wire.send("POST", "/v1/notices", json.dumps({**whole, "more": 1}).encode()))


def test_a_notice_over_its_limit_is_refused_as_too_large(wire: Wire, envelope: bytes) -> None:
    """One byte over the limit is too many; blanks make no difference to what a notice says."""
    body = envelope + b" " * (NOTICE_BYTES - len(envelope) + 1)
    assert _check_problem(wire.send("POST", "/v1/notices", body))["status"] == 413


def test_a_batch_answers_for_each_line_and_keeps_none_that_is_wrong(wire: Wire, envelope: bytes) -> None:
    """Each line stands or falls by itself; the batch has a limit of lines."""
    lines = [
        b"not json",
        envelope[:-9],
        b"\xff\xfe",
        b"[]",
        b"{}",
        envelope.replace(b'"box":null', b'"box":1'),
    ]
    answer = wire.send("POST", "/v1/notice-batches", b"\n".join(lines), "application/x-ndjson")
    assert answer.status == 200
    assert len(answer.document["results"]) == len(lines)
    for result in answer.document["results"]:
        assert 400 <= result["status"] < 500
        assert CODE.fullmatch(result["code"])
    for body in (b"", b"\n".join([b"{}"] * (BATCH_NOTICES + 1))):
        _check_problem(wire.send("POST", "/v1/notice-batches", body, "application/x-ndjson"))


@pytest.mark.parametrize(
    "path",
    [
        "/v1/inbox?limit=0",
        "/v1/inbox?limit=501",
        "/v1/inbox?limit=many",
        "/v1/inbox?wait=-1",
        "/v1/inbox?wait=1e9",
        "/v1/inbox?cursor=AAAA",
        "/v1/inbox?cursor=%00",
        "/v1/inbox?cursor=" + "A" * 5000,
        "/v1/inbox/dis_1",
        "/v1/inbox/..%2f..%2fetc%2fpasswd",
        "/v1/inbox/%00/delivery",
        f"/v1/inbox/{ITEM}/delivery",
        "/v1/notices/ntc_1",
        "/v1/notices?limit=-1",
        "/v1/members?cursor=x",
        "/v1/members/mbr_nobody/keys",
        "/v1/members/%F0%9F%92%A3/keys",
        "/v1/agreements/agr_nothing/versions/99999999999999999999",
        "/v1/agreements/agr_nothing/versions/-1",
        "/v1/epochs/ep_1/wrapped-key",
        "/v1/disclosures/99999999999999999999",
        "/v1/disclosures/-1",
        "/v1/disclosures/1/proof/more",
        "/v1/refusals?quarter=2026Q5",
        "/v1/refusals?quarter=0000Q0",
        "/v1/refusals",
        "/log/tile/0/../../keys/hub.key",
        "/log/tile/0/999",
        "/log/tile/99/000",
        "/log/tile/entries/x999/000",
        "/nowhere",
    ],
)
def test_an_address_that_leads_nowhere_or_asks_for_nonsense_is_refused(wire: Wire, path: str) -> None:
    """Paths, ids, cursors and numbers are read as narrowly as bodies are."""
    _check_problem(wire.send("GET", path, media_type=None))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
def test_a_method_that_is_not_there_is_refused(wire: Wire, method: str) -> None:
    """What a route cannot do it says."""
    assert _check_problem(wire.send(method, "/v1/inbox"))["status"] == 405


def test_credentials_that_do_not_hold_are_refused(wire: Wire, envelope: bytes) -> None:
    """No token, another scheme, a forged one, no proof, two, somebody else's, a used one."""
    path, token = "/v1/notices", wire.token
    proof = wire.proof("POST", path, token)
    for headers in (
        {},
        {"Authorization": f"Bearer {token}", "DPoP": proof},
        {"Authorization": f"DPoP {token[:-4]}AAAA", "DPoP": proof},
        {"Authorization": "DPoP a.b.c", "DPoP": proof},
        {"Authorization": "DPoP \xff\xfe", "DPoP": proof},
        {"Authorization": f"DPoP {token}"},
        {"Authorization": f"DPoP {token}", "DPoP": proof + "," + proof},
        {"Authorization": f"DPoP {token}", "DPoP": wire.proof("GET", path, token)},
        {"Authorization": f"DPoP {token}", "DPoP": wire.proof("POST", "/v1/inbox", token)},
        {"Authorization": f"DPoP {token}", "DPoP": wire.proof("POST", path, "another token")},
        {"Authorization": f"DPoP {token}", "DPoP": "x" * 4000},
    ):
        answer = wire.send_bare("POST", path, envelope, {"Content-Type": JSON, **headers})
        assert _check_problem(answer)["status"] in {400, 401}


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /v1/notices HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        b"POST /v1/notices HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"POST /v1/notices HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /v1/inbox HTTP/1.1\r\nHost: x\r\n" + b"A" * 100_000,
    ],
)
def test_bytes_that_are_no_request_get_no_success(region: FaultyRegion, request_bytes: bytes) -> None:
    """What is not HTTP is answered with a 4xx or not at all, and the hub lives on."""
    with socket.create_connection((HOST, region.port), 10) as connection:
        connection.sendall(request_bytes)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(4096)
    assert not answer or re.match(rb"HTTP/1\.1 4\d\d ", answer)


def _check_problem(answer: Answer) -> Any:  # noqa: ANN401 - the document, whose fields are looked at here
    assert 400 <= answer.status < 500, answer
    assert answer.media_type in {"application/problem+json", JSON}, answer
    document = answer.document
    assert document.keys() >= FIELDS, document
    assert document["status"] == answer.status
    assert CODE.fullmatch(document["code"]), document
    return document


def _envelope(path: Path) -> bytes:
    home = Home(path)
    with Gateway(path) as gateway:
        epoch = gateway.epoch()
    (move,) = people(SEED, 1)
    return compose(
        move, KINDS[KENT], home.pinned(), home.keyring(), epoch, "A. Officer", datetime.now(UTC)
    ).envelope


def _rows(region: FaultyRegion) -> dict[str, int]:
    names = [row[0] for row in region.ask("select name from sqlite_master where type = 'table'")]
    counted = sorted(set(names) - GROWS_BY_ITSELF)
    return {name: region.ask(f'select count(*) from "{name}"')[0][0] for name in counted}  # noqa: S608 - names of tables
