"""The local API: for this machine and the token's holder alone, and the same gateway behind it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from httpx import Response

from adapters.jsonl_file import write_line
from adapters.member.gateway import Gateway
from adapters.member.local_api import local_app
from adapters.move import Move
from hub.protocols.canonical import Json
from tests.adapters.member.conftest import come_to_rest, move
from tests.simulators.town import Town
from tests.simulators.wire import Wire
from tests.story.people import ADA

TOKEN = "the-token"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
Neighbours = tuple[Gateway, Gateway]


class NullPolling:
    """A poller that has got through; a development double, for tests alone."""

    reached = True


@dataclass(frozen=True)
class Asker:
    """Somebody on this machine."""

    app: FastAPI
    headers: Mapping[str, str]

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str | bytes] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        json: Json = None,
    ) -> Response:
        """Ask once."""

        async def ask() -> Response:
            way = httpx.ASGITransport(app=self.app)
            sent = {**self.headers, **(headers or {})}
            merged = [(_bytes(name), _bytes(value)) for name, value in sent.items()]
            async with httpx.AsyncClient(transport=way, base_url="http://127.0.0.1:8001") as asker:
                if json is not None:
                    return await asker.request(method, path, headers=merged, params=params, json=json)
                return await asker.request(method, path, headers=merged, params=params, content=content)

        return asyncio.run(ask())

    def get(self, path: str, headers: Mapping[str, str | bytes] | None = None, **params: str) -> Response:
        """GET, with parameters by name."""
        return self.request("GET", path, headers=headers, params=params or None)

    def post(self, path: str, body: Json = None) -> Response:
        """POST a JSON body."""
        return self.request("POST", path, json=body)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def client(gateway: Gateway) -> Asker:
    """Somebody on this machine who has the token."""
    return Asker(local_app(gateway, TOKEN, NullPolling()), BEARER)


def lines(*moves: Move) -> bytes:
    """An extract as JSON lines."""
    return "\n".join(write_line(one) for one in moves).encode()


def publish(gateway: Gateway, body: bytes, **params: str) -> Response:
    """Post a file."""
    return client(gateway).request("POST", "/publish", content=body, params={"type": "moved_out", **params})


# --- who may ask ---------------------------------------------------------------------------------

CALLS: list[tuple[str, str]] = [
    ("GET", "/health"),
    ("POST", "/publish?type=moved_out"),
    ("GET", "/inbox"),
    ("GET", "/inbox/dis_x"),
    ("POST", "/inbox/dis_x/open"),
    ("POST", "/inbox/dis_x/ack"),
]
OTHERS = ["", "Bearer", "Bearer other", f"Basic {TOKEN}", TOKEN, "Bearer \xe9"]
ELSEWHERE = [
    "hub.example",
    "hub.example:8001",
    "127.0.0.1.example",
    "10.0.0.1",
    "localhost.example",
    "[::2]",
    "",
]


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("given", OTHERS)
def test_without_the_token_nothing_is_answered(kent: Gateway, method: str, path: str, given: str) -> None:
    """Every route, whatever is sent in its place."""
    headers = {"Authorization": given.encode("latin-1")} if given else {}
    answer = Asker(local_app(kent, TOKEN, NullPolling()), {}).request(method, path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "token")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize("host", ELSEWHERE)
def test_a_host_that_is_not_this_machine_is_misdirected(
    kent: Gateway, method: str, path: str, host: str
) -> None:
    """A page that has its own name point here (DNS rebinding) gets nothing, not even with the token."""
    answer = client(kent).request(method, path, headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "host-other")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8001", "localhost", "localhost:9", "[::1]:8001"])
def test_this_machine_is_answered_by_any_of_its_names(kent: Gateway, host: str) -> None:
    """With or without a port."""
    assert client(kent).get("/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_of_other_sites_are_refused(kent: Gateway, headers: dict[str, str]) -> None:
    """And no answer ever allows another origin to read it."""
    answer = client(kent).get("/inbox", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "origin-other")
    assert "access-control-allow-origin" not in answer.headers
    assert client(kent).request("OPTIONS", "/inbox", headers=headers).status_code == 403


def test_an_own_page_is_not_another_site(kent: Gateway) -> None:
    """The same origin may ask."""
    own = {"Origin": "http://127.0.0.1:8001", "Sec-Fetch-Site": "same-origin"}
    assert client(kent).get("/health", headers=own).status_code == 200


# --- what it does -----------------------------------------------------------------------------------


def test_health_says_whether_the_hub_is_reached(kent: Gateway) -> None:
    """And what waits."""
    assert client(kent).get("/health").json() == {
        "member": "mbr_kent",
        "hub_reached": True,
        "queued": 0,
        "waiting": 0,
    }


def test_json_lines_are_published(kent: Gateway) -> None:
    """By their first bytes, whatever they are called; the same file again sends nothing."""
    done = publish(kent, lines(ADA))
    assert (done.status_code, len(done.json()["promised"]), done.json()["bad_rows"]) == (200, 1, [])
    assert publish(kent, lines(ADA)).json()["again"] == 1


def test_a_csv_file_is_published_and_bad_rows_are_named(kent: Gateway) -> None:
    """Good rows go; each bad one by row, column and reason."""
    csv = "Forename,Surname,DOB,Former postcode\nAda,Exampleton,12/11/2009,ME14 1XQ\nBen,Sample,someday,\n"
    done = publish(kent, csv.encode(), officer="N. Officer").json()
    assert len(done["promised"]) == 1
    assert [(one["row"], one["column"]) for one in done["bad_rows"]] == [("row 3", "DOB")]


def test_a_hub_that_is_down_keeps_the_file_queued(kent: Gateway, wire: Wire) -> None:
    """Accepted here, and sent later."""
    kent.epoch()
    wire.down = True
    done = publish(kent, lines(ADA))
    assert (done.status_code, done.json()["queued"]) == (202, 1)


@pytest.mark.parametrize(
    ("body", "params", "code"),
    [
        (b"", {}, "file-empty"),
        (b"no,such,columns\n1,2,3\n", {}, "headers-missing"),
        (b"x", {"type": "recall"}, "request-form"),
        (b"x", {"type": "surprise"}, "request-form"),
        (b"x", {"officer": ""}, "request-form"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_problem(
    kent: Gateway, body: bytes, params: dict[str, str], code: str
) -> None:
    """422 with a stable code, and nothing is sent."""
    answer = publish(kent, body, **params)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert kent.records.all_sent() == []


def test_a_file_that_is_too_long_is_refused(kent: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """While it comes, not when it has come."""
    monkeypatch.setattr("adapters.member.local_api.BODY_BYTES", 10)
    answer = publish(kent, b"x" * 11)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


@pytest.fixture
def arrived(town: Town, neighbours: Neighbours) -> Gateway:
    """Ada's move has been delivered to Medway."""
    move(*neighbours)
    come_to_rest(town, *neighbours)
    return neighbours[1]


def test_the_inbox_names_nobody(arrived: Gateway) -> None:
    """Ids and states alone, by state where asked."""
    listed = client(arrived).get("/inbox")
    assert [(one["stage"], one["state"], one["seen"]) for one in listed.json()["data"]] == [
        ("identity", "same", False),
        ("rest", "opened", False),
    ]
    assert "Exampleton" not in listed.text
    assert len(client(arrived).get("/inbox", state="opened").json()["data"]) == 1


def test_a_delivery_is_shown_in_clear_and_noted_as_seen(arrived: Gateway) -> None:
    """With the clause that let each part come."""
    item = arrived.received()[0].item
    shown = client(arrived).get(f"/inbox/{item}").json()
    assert shown["facts"]["identity"]["family"] == "Exampleton"
    assert shown["about"]["grounds"][0]["agreement"] == "agr_kent-medway-movers"
    assert shown["seen"] is False
    assert client(arrived).post(f"/inbox/{item}/open").json()["seen"] is True
    assert client(arrived).get("/inbox").json()["data"][0]["seen"] is True


def test_an_outcome_reaches_the_sender(town: Town, neighbours: Neighbours, arrived: Gateway) -> None:
    """And an acknowledgement without one says that it has reached the people."""
    item = arrived.received()[1].item
    assert client(arrived).post(f"/inbox/{item}/ack", {}).json() == {"item": item, "level": "actioned"}
    done = client(arrived).post(f"/inbox/{item}/ack", {"outcome": "in_caseload"})
    assert done.json() == {"item": item, "outcome": "in_caseload"}
    come_to_rest(town, *neighbours)
    assert neighbours[0].records.all_sent()[0].state == "closed"


@pytest.mark.parametrize(
    "ask",
    [
        lambda asker: asker.get("/inbox/dis_00000000000000000000000001"),
        lambda asker: asker.post("/inbox/dis_00000000000000000000000001/open"),
        lambda asker: asker.post("/inbox/dis_00000000000000000000000001/ack", {}),
    ],
)
def test_what_is_not_here_is_not_found(kent: Gateway, ask: Callable[[Asker], Response]) -> None:
    """A problem document with a stable code."""
    answer = ask(client(kent))
    assert (answer.status_code, answer.json()["code"]) == (404, "item-unknown")


@pytest.mark.parametrize("body", [{"outcome": "lost"}, {"surprise": 1}, [], "x"])
def test_an_answer_of_another_form_is_refused(arrived: Gateway, body: Json) -> None:
    """Unknown fields and words alike."""
    answer = client(arrived).post(f"/inbox/{arrived.received()[0].item}/ack", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "request-form")


def test_a_hub_that_is_down_or_declines_is_told_apart(arrived: Gateway, wire: Wire) -> None:
    """Try later, or not at all."""
    item = arrived.received()[1].item
    wire.down = True
    assert client(arrived).post(f"/inbox/{item}/ack", {}).status_code == 503
    wire.down = False
    declined: Json = {"code": "declined", "detail": "as things are"}
    wire.tampers = lambda *_: (409, declined)
    answer = client(arrived).post(f"/inbox/{item}/ack", {})
    assert (answer.status_code, answer.json()["code"]) == (409, "declined")


def test_there_is_nothing_else(kent: Gateway, tmp_path: Path) -> None:
    """No documentation pages and no schema: they would be pages on this machine."""
    for path in ("/docs", "/redoc", "/openapi.json", "/"):
        assert client(kent).get(path).status_code == 404


def test_a_tracker_sets_flags_and_reads_recalls(town: Town, neighbours: Neighbours) -> None:
    """The same book behind it; what is no flag of that person's is told as such."""
    kent, _ = neighbours
    asker = Asker(local_app(kent, TOKEN, NullPolling()), BEARER)
    objection: dict[str, Json] = {
        "ref": "K-1",
        "kind": "objection",
        "made_by": "young_person",
        "officer": "A. Officer",
    }
    told = asker.post("/flags", objection).json()
    assert (told["kind"], told["outcome"], told["recalled"]) == ("objection", "received", [])
    how: Json = {"officer": "A. Officer", "outcome": "upheld"}
    assert asker.post(f"/flags/{told['flag']}/decision", how).json()["outcome"] == "upheld"
    assert asker.post(f"/flags/{told['flag']}/end", {"officer": "A. Officer"}).json()["withdrawn"]
    assert len(asker.get("/flags", ref="K-1").json()["data"]) == 1
    assert asker.get("/recalls").json() == {"data": []}
    wrong = asker.post("/flags", {**objection, "made_by": "officer"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "flag-maker")
    assert asker.post("/flags/flg_none/end", {"officer": "A. Officer"}).status_code == 404
    assert asker.post("/inbox/dis_none/recall-done").status_code == 404
