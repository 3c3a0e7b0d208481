"""Redeeming an invitation: once, with one's own keys, and not by trial and error."""

from dataclasses import replace
from datetime import timedelta

from hub.exchange.web.limits import RateLimits
from hub.protocols import canonical
from hub.protocols.names import MemberId, MemberKind
from tests.simulators.web_member import Line, WebHub, WebMember

LAMBETH = MemberId("mbr_lambeth")


def newcomer(hub: WebHub, client: Line, seed: int = 5) -> WebMember:
    """A member's system with keys of its own."""
    return WebMember(hub, client, LAMBETH, bytes([seed]) * 64)


def test_a_code_is_good_once(web_hub: WebHub) -> None:
    """The first to bring it is enrolled; the second, with other keys, is not."""
    with web_hub.serving() as client:
        code = web_hub.invites(LAMBETH, MemberKind.AUTHORITY)
        first = client.post("/v1/enrolments", json=newcomer(web_hub, client).enrolment(code))
        second = client.post("/v1/enrolments", json=newcomer(web_hub, client, 6).enrolment(code))
    assert (first.status_code, first.json()) == (201, {"member": LAMBETH})
    assert (second.status_code, second.json()["code"]) == (403, "invitation-unknown")


def test_a_lost_answer_is_given_again_under_the_same_key(web_hub: WebHub) -> None:
    """With an `Idempotency-Key`, a retry gets the first answer; another body under it is refused (I5)."""
    with web_hub.serving() as client:
        code = web_hub.invites(LAMBETH, MemberKind.AUTHORITY)
        body = newcomer(web_hub, client).enrolment(code)
        headers = {"Idempotency-Key": "try-1"}
        answers = [client.post("/v1/enrolments", json=body, headers=headers) for _ in range(2)]
        other = client.post("/v1/enrolments", json=body | {"entries": []}, headers=headers)
        stranger = client.post("/v1/enrolments", json=body | {"code": "other"}, headers=headers)
    assert [(one.status_code, one.json()) for one in answers] == [(201, {"member": LAMBETH})] * 2
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    assert (stranger.status_code, stranger.json()["code"]) == (403, "invitation-unknown")


def test_an_old_code_is_refused(web_hub: WebHub) -> None:
    """After fourteen days an invitation is over."""
    with web_hub.serving() as client:
        code = web_hub.invites(LAMBETH, MemberKind.AUTHORITY)
        web_hub.now += timedelta(days=15)
        answer = client.post("/v1/enrolments", json=newcomer(web_hub, client).enrolment(code))
    assert (answer.status_code, answer.json()["code"]) == (403, "invitation-unknown")


def test_keys_of_somebody_else_leave_the_code_unused(web_hub: WebHub) -> None:
    """A body whose entries are signed by another identity changes nothing, not even the code."""
    with web_hub.serving() as client:
        code = web_hub.invites(LAMBETH, MemberKind.AUTHORITY)
        mine, other = newcomer(web_hub, client), newcomer(web_hub, client, 6)
        stolen = mine.enrolment(code) | {"identity": other.identity.public.jwks}
        assert client.post("/v1/enrolments", json=stolen).status_code == 422
        assert client.post("/v1/enrolments", json=mine.enrolment(code)).status_code == 201


def test_a_member_that_is_not_approved_gets_no_token(web_hub: WebHub) -> None:
    """Until an operator has compared the fingerprint, the keys open nothing."""
    with web_hub.serving() as client:
        code = web_hub.invites(LAMBETH, MemberKind.AUTHORITY)
        mine = newcomer(web_hub, client)
        client.post("/v1/enrolments", json=mine.enrolment(code))
        web_hub.slot()
        answer = mine.asks_token()
    assert (answer.status_code, answer.json()["code"]) == (401, "client-untrusted")


def test_fractions_and_unknown_fields_are_refused(web_hub: WebHub) -> None:
    """The body is read strictly: no fraction, no field of one's own, no wrong type."""
    with web_hub.serving() as client:
        body = newcomer(web_hub, client).enrolment("code")
        kind = {"Content-Type": "application/json"}
        fraction = client.post("/v1/enrolments", content=b'{"code":1.5}', headers=kind)
        unknown = client.post("/v1/enrolments", json=body | {"role": "admin"})
        number = client.post("/v1/enrolments", json=body | {"code": 7})
        missing = client.post("/v1/enrolments", json={"code": "x"})
        plain = client.post("/v1/enrolments", content=b"{}", headers={"Content-Type": "text/plain"})
        long = client.post("/v1/enrolments", content=b" " * 2_000_000, headers=kind)
    assert (fraction.status_code, fraction.json()["code"][:5]) == (400, "json-")
    assert [one["pointer"] for one in unknown.json()["errors"]] == ["/role"]
    assert [one["pointer"] for one in number.json()["errors"]] == ["/code"]
    assert {one["pointer"] for one in missing.json()["errors"]} == {"/identity", "/entries"}
    assert {unknown.status_code, number.status_code, missing.status_code} == {422}
    assert (plain.status_code, plain.json()["code"]) == (415, "media-type")
    assert (long.status_code, long.json()["code"]) == (413, "body-too-large")


def test_codes_cannot_be_tried_at_leisure(web_hub: WebHub) -> None:
    """The one route that writes for strangers has a rate for all of them together: 429 beyond it."""
    seconds = [0.0]
    desk = replace(web_hub.service.desk, enrolments=RateLimits(1, 2, lambda: seconds[0]))
    web_hub.app.state.desk = desk
    with web_hub.serving() as client:
        body = newcomer(web_hub, client).enrolment("nonsense")
        answers = [client.post("/v1/enrolments", json=body) for _ in range(3)]
    assert [one.status_code for one in answers] == [403, 403, 429]
    assert answers[2].json()["code"] == "rate-limited"


def test_an_idempotency_key_has_a_form(web_hub: WebHub) -> None:
    """An empty or endless key is no key."""
    with web_hub.serving() as client:
        body = newcomer(web_hub, client).enrolment("code")
        for key in ("", "k" * 256, "\u00e9"):
            headers = {"Idempotency-Key": key.encode()}
            answer = client.post("/v1/enrolments", content=canonical.encode(body), headers={
                **headers, "Content-Type": "application/json"})  # fmt: skip
            assert (answer.status_code, answer.json()["code"]) == (400, "message-malformed")
