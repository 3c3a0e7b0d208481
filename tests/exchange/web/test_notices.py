"""Publishing over HTTP: the promise, the repeat, and every notice that is not taken."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest

from hub.exchange.stages import Standing
from hub.protocols import canonical
from hub.protocols.limits import BATCH_NOTICES, NOTICE_BYTES
from hub.protocols.names import EpochId, MemberId, MemberKind, NoticeType
from hub.protocols.notice import Assertion, assertion_json, write_envelope
from hub.protocols.promise import read_promise
from hub.protocols.signing import Typ, sign
from hub.protocols.token_record import FILTER_BYTES, OTHER_BYTES, SLOT_BYTES
from tests.exchange.web.conftest import Region
from tests.simulators.web_member import WebMember

NDJSON: Final = "application/x-ndjson"


def kept(region: Region) -> int:
    """How many notices of Kent's are kept."""
    with region.hub.store.read() as work:
        return len(work.notices.of_member(region.kent.member, "", 500))


def test_the_promise_names_what_was_kept(region: Region) -> None:
    """202, and the hub's signed word about this very manifest, by which slot it is in the log."""
    manifest, envelope = region.kent.manifest()
    answer = region.kent.publishes(write_envelope(envelope))
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/notices/{manifest.notice}"
    promise = read_promise(answer.json()["promise"], region.hub.hub.key.public)
    assert promise.notice == manifest.notice
    assert promise.in_log_by == region.hub.now + 2 * region.hub.hub.slot
    assert kept(region) == 1


def test_the_same_notice_again_gets_the_first_promise(region: Region) -> None:
    """A retry, a slot later, has the same answer and no second effect (I5)."""
    data = region.kent.notice()
    first = region.kent.publishes(data)
    region.hub.slot()
    again = region.kent.publishes(data)
    assert (again.status_code, again.json()) == (202, first.json())
    assert kept(region) == 1


def test_another_notice_under_a_kept_id_is_a_conflict(region: Region) -> None:
    """An id belongs to the first manifest that came with it."""
    manifest, envelope = region.kent.manifest()
    assert region.kent.publishes(write_envelope(envelope)).status_code == 202
    answer = region.kent.publishes(region.kent.notice(notice=manifest.notice))
    assert (answer.status_code, answer.json()["code"]) == (409, "notice-id-taken")
    assert kept(region) == 1


def test_the_answer_is_alike_whether_or_not_somebody_waits(region: Region) -> None:
    """Publishing into a match and into nothing answers in the same shape (I9)."""
    region.hub.agrees("kent-medway-movers", region.kent, region.medway)
    nobody = region.kent.publishes(region.kent.notice())
    region.hub.slot()
    somebody = region.medway.publishes(region.medway.notice(NoticeType.NEW_ARRIVAL))
    assert nobody.status_code == somebody.status_code == 202
    assert nobody.json().keys() == somebody.json().keys()
    assert len(nobody.content) == len(somebody.content)


def _changed(data: bytes, **fields: Any) -> bytes:  # noqa: ANN401
    return canonical.encode(json.loads(data) | fields)


def _flipped(data: bytes) -> bytes:
    """The same notice with one character of its signature changed."""
    envelope = json.loads(data)
    head, payload, signature = envelope["manifest"].split(".")
    bent = ("A" if signature[5] != "A" else "B").join((signature[:5], signature[6:]))
    return _changed(data, manifest=f"{head}.{payload}.{bent}")


def test_what_is_malformed_or_untrue_is_not_kept(region: Region) -> None:
    """Each is a problem with a stable code; nothing is stored and nothing is shown of the inside."""
    kent, data = region.kent, region.kent.notice()
    impostor: WebMember = replace(kent)
    impostor.signing = region.medway.signing
    stranger: WebMember = replace(kent)
    stranger.signing = region.custodian.access
    now = region.hub.now
    cases: dict[str, tuple[bytes, int, str]] = {
        "no JSON": (b"not json", 400, "json-"),
        "a fraction": (b'{"manifest":1.5}', 400, "json-"),
        "a name twice": (b'{"manifest":"a","manifest":"b"}', 400, "json-"),
        "not UTF-8": (b'"\xff"', 400, "json-"),
        "a list": (b"[]", 422, "field-type"),
        "an unknown field": (_changed(data, golden_record=True), 422, "field-unknown"),
        "a missing field": (b"{}", 422, "field-missing"),
        "a changed signature": (_flipped(data), 422, ""),
        "another's key": (impostor.notice(), 422, "signing-key"),
        "an access key": (stranger.notice(), 422, "signing-key"),
        "another's name": (kent.notice(sender=region.medway.member), 422, "sender-other"),
        "an unknown suite": (kent.notice(suite="MN-1999Z"), 422, "suite-unknown"),
        "an unknown epoch": (kent.notice(epoch=EpochId("ep_" + "0" * 26)), 422, "token"),
        "an unknown recipient": (kent.notice(recipient=MemberId("mbr_nobody")), 422, "recipient-unknown"),
        "itself as recipient": (kent.notice(recipient=kent.member), 422, "recipient-self"),
        "from tomorrow": (kent.notice(issued_at=now + timedelta(days=1)), 422, "notice-from-the-future"),
        "signed last month": (
            kent.notice(issued_at=now - timedelta(days=8)),
            422,
            "notice-stale",
        ),
    }
    for name, (body, status, code) in cases.items():
        answer = kent.publishes(body)
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json", name
        assert 400 <= answer.status_code < 500, (name, problem)
        assert (answer.status_code, problem["code"][: len(code)]) == (status, code), (name, problem)
        assert "Traceback" not in answer.text, name
    assert kept(region) == 0


def _with_tokens(data: bytes, **groups: str) -> bytes:
    """The same notice with other token groups beside its manifest."""
    return _changed(data, tokens=json.loads(data)["tokens"] | groups)


def test_tokens_of_a_wrong_number_size_or_epoch_are_not_kept(region: Region) -> None:
    """One token less or more, a filter cut short, a group left out, an epoch unknown: a code each."""
    data = region.kent.notice()
    groups = {
        name: canonical.unb64u(json.loads(data)["tokens"][name])
        for name in ("name_birth", "evidence", "other")
    }
    lengths = {
        "a token less": ("evidence", -SLOT_BYTES),
        "a token more": ("other", SLOT_BYTES),
        "a filter cut short": ("name_birth", -FILTER_BYTES),
        "a filter too long": ("name_birth", FILTER_BYTES),
        "no bytes at all": ("other", -OTHER_BYTES),
    }
    cases = {
        name: (_with_tokens(data, **{group: canonical.b64u(_sized(groups[group], by))}), 400, "binary-size")
        for name, (group, by) in lengths.items()
    }
    another = canonical.b64u(bytes([groups["name_birth"][0] + 1]) + groups["name_birth"][1:])
    cases["another layout"] = (_with_tokens(data, name_birth=another), 400, "tokens-layout")
    cases["tokens of another epoch"] = (_with_tokens(data, epoch="ep_" + "7" * 26), 422, "token-digest")
    region.hub.epoch = EpochId("ep_" + "7" * 26)
    cases["an epoch that nobody opened"] = (region.kent.notice(), 422, "epoch-expired")
    for name, (body, status, code) in cases.items():
        answer = region.kent.publishes(body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (name, answer.json())
    assert kept(region) == 0


def _sized(data: bytes, by: int) -> bytes:
    return data[:by] if by < 0 else data + bytes(by)


def test_an_epoch_that_has_ended_takes_no_more_notices(region: Region) -> None:
    """Its tokens would meet nobody: made again under the epoch in force, the notice is taken."""
    region.hub.now += timedelta(days=300)
    region.hub.slot()
    region.kent.token = None
    answer = region.kent.publishes(region.kent.notice())
    assert (answer.status_code, answer.json()["code"]) == (422, "epoch-expired")
    assert kept(region) == 0


def test_a_body_over_the_limit_is_not_read(region: Region) -> None:
    """Oversize is 413, whether the length is announced or found out."""
    answer = region.kent.publishes(b" " * (NOTICE_BYTES + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    kent = region.kent
    headers = {**kent.headers("POST", "/v1/notices"), "Content-Type": "application/json"}

    async def drip() -> Any:  # noqa: ANN401
        for _ in range(60):
            yield b" " * 1024

    answer = kent.client.request("POST", "/v1/notices", content=drip(), headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-ndjson", ""])
def test_another_media_type_is_refused(region: Region, kind: str) -> None:
    """Only JSON is taken as a notice: 415 for everything else."""
    answer = region.kent.sends("/v1/notices", region.kent.notice(), Content_Type=kind)
    assert (answer.status_code, answer.json()["code"]) == (415, "media-type")


def test_a_member_that_may_not_publish_is_told_so(region: Region) -> None:
    """An observer reads; it does not publish."""
    answer = region.custodian.publishes(region.custodian.notice())
    assert (answer.status_code, answer.json()["code"]) == (403, "member-may-not-publish")


def test_a_suspended_member_is_shut_out_with_its_token(region: Region) -> None:
    """Suspension counts for tokens that were issued before it (I6)."""
    data = region.kent.notice()
    assert region.kent.gets("/v1/notices").status_code == 200
    with region.hub.store.write() as work:
        known = work.members.get(region.kent.member)
        assert known is not None
        work.members.put(replace(known, standing=Standing.SUSPENDED))
    region.hub.slot()
    answer = region.kent.publishes(data)
    assert (answer.status_code, answer.json()["code"]) == (401, "access-withdrawn")
    assert kept(region) == 0


def test_a_key_that_was_just_logged_is_good_at_once(region: Region) -> None:
    """The door looks again before it says no: a fresh member does not wait for the next second."""
    lambeth = region.hub.admits(region.client, "mbr_lambeth", MemberKind.AUTHORITY, "208")
    assert lambeth.publishes(lambeth.notice()).status_code == 202


def test_each_line_of_a_batch_stands_by_itself(region: Region) -> None:
    """Good lines are promised, bad ones told, in order; a repeat within the batch is one notice."""
    kent = region.kent
    good, other = kent.notice(), kent.notice()
    lines = [good, b"nonsense", other, good, b"x" * (NOTICE_BYTES + 1)]
    answer = kent.sends("/v1/notice-batches", b"\n".join(lines), Content_Type=NDJSON)
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [one["status"] for one in results] == [202, 400, 202, 202, 413]
    assert results[0]["promise"] == results[3]["promise"]
    assert results[1]["code"].startswith("json-")
    assert "detail" in results[1]
    assert kept(region) == 2


def test_a_taken_id_in_a_batch_leaves_its_neighbours_alone(region: Region) -> None:
    """A line that conflicts in the store fails alone."""
    kent = region.kent
    manifest, envelope = kent.manifest()
    lines = [write_envelope(envelope), kent.notice(notice=manifest.notice), kent.notice()]
    answer = kent.sends("/v1/notice-batches", b"\n".join(lines), Content_Type=NDJSON)
    assert [one["status"] for one in answer.json()["results"]] == [202, 409, 202]


@pytest.mark.parametrize("lines", [0, BATCH_NOTICES + 1])
def test_a_batch_has_its_bounds(region: Region, lines: int) -> None:
    """An empty batch and one over the limit are refused whole."""
    answer = region.kent.sends("/v1/notice-batches", b"x\n" * lines, Content_Type=NDJSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_a_sender_reads_its_own_notices_page_by_page(region: Region) -> None:
    """Each once, oldest first, with the state it is in."""
    for _ in range(3):
        assert region.kent.publishes(region.kent.notice()).status_code == 202
    whole = region.kent.gets("/v1/notices").json()
    assert (len(whole["data"]), whole["has_more"], whole["next_cursor"]) == (3, False, None)
    first = region.kent.gets("/v1/notices?limit=2").json()
    assert first["has_more"]
    rest = region.kent.gets(f"/v1/notices?limit=2&cursor={first['next_cursor']}").json()
    assert first["data"] + rest["data"] == whole["data"]
    assert {one["state"] for one in whole["data"]} == {"open"}


def test_a_sender_reads_promise_and_timeline_again(region: Region) -> None:
    """The promise is the one given; the timeline begins when the notice is in the signed log."""
    answer = region.kent.publishes(region.kent.notice()).json()
    path = f"/v1/notices/{answer['notice']}"
    assert region.kent.gets(f"{path}/promise").json() == {"promise": answer["promise"]}
    assert region.kent.gets(f"{path}/timeline").json() == {"data": []}
    region.hub.slot()
    assert [one["kind"] for one in region.kent.gets(f"{path}/timeline").json()["data"]] == ["published"]
    assert region.kent.gets(path).json()["notice"] == answer["notice"]


@pytest.mark.parametrize("part", ["", "/promise", "/timeline"])
def test_another_members_notice_is_as_little_there_as_none(region: Region, part: str) -> None:
    """Absent, malformed and forbidden are one answer, word for word (I7)."""
    name = region.kent.publishes(region.kent.notice()).json()["notice"]
    answers = [region.medway.gets(f"/v1/notices/{one}{part}") for one in (name, "ntc_" + "0" * 26, "x")]
    bodies = [{k: v for k, v in one.json().items() if k != "request_id"} for one in answers]
    assert [one.status_code for one in answers] == [404] * 3
    assert bodies == [bodies[0]] * 3


def test_a_withdrawn_notice_ends(region: Region) -> None:
    """A signed withdrawal is taken, twice alike; the notice ends with the next slot (I6)."""
    kent = region.kent
    name = kent.publishes(kent.notice()).json()["notice"]
    word = {"notice": name, "reason": "sent_in_error", "signed_at": canonical.instant(region.hub.now)}
    body = {"withdrawal": sign(canonical.encode(word), Typ.WITHDRAWAL, kent.signing)}
    answers = [kent.posts(f"/v1/notices/{name}/withdrawal", body) for _ in range(2)]
    assert [one.status_code for one in answers] == [202, 202]
    region.hub.slot()
    assert kent.gets(f"/v1/notices/{name}").json()["state"] == "withdrawn"


def test_a_renewed_assertion_counts_from_its_own_instant(region: Region) -> None:
    """A sender asserts anew; an older assertion than the one on record is refused."""
    kent = region.kent
    manifest, envelope = kent.manifest()
    name = kent.publishes(write_envelope(envelope)).json()["notice"]
    region.hub.now += timedelta(days=2)
    kent.token = None

    def asserted(assertion: Assertion) -> Any:  # noqa: ANN401
        word = {"notice": name, "assertion": assertion_json(assertion)}
        signed = sign(canonical.encode(word), Typ.ASSERTION, kent.signing)
        return kent.posts(f"/v1/notices/{name}/assertions", {"assertion": signed})

    assert asserted(replace(manifest.assertion, asserted_at=region.hub.now)).status_code == 202
    shown = kent.gets(f"/v1/notices/{name}").json()["asserted_at"]
    assert shown == canonical.instant(region.hub.now)
    older = asserted(manifest.assertion)
    assert (older.status_code, older.json()["code"]) == (422, "assertion-older")


def test_an_unknown_field_beside_a_signed_word_is_named(region: Region) -> None:
    """422 with a pointer to the field, in cold and thin routes alike."""
    path = f"/v1/notices/ntc_{'0' * 26}/withdrawal"
    cold = region.kent.posts(path, {"withdrawal": "a.b.c", "golden_record": True})
    thin = region.kent.posts(f"/v1/inbox/dis_{'0' * 26}/acknowledgement", {"acknowledgement": "a", "bc": 1})
    assert [one["pointer"] for one in cold.json()["errors"]] == ["/golden_record"]
    assert [one["pointer"] for one in thin.json()["errors"]] == ["/bc"]
    assert cold.status_code == thin.status_code == 422
    assert cold.json()["code"] == thin.json()["code"] == "fields-invalid"
