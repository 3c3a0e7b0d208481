"""The public log over HTTP: what a signed checkpoint covers, in one spelling, for ever the same."""

import pytest

from hub.protocols.checkpoint import cosign, cosigned_by, verify_checkpoint
from hub.protocols.entry import filler
from hub.protocols.log_directory import verify_directory
from hub.protocols.policy import read_policy
from hub.protocols.signed_note import parse_vkey
from tests.exchange.web.conftest import Region
from tests.simulators.web_member import WebHub


def test_the_whole_log_verifies_from_what_is_served(region: Region) -> None:
    """Checkpoint, tiles and entry bundles, read over HTTP, are one log under its key."""
    for _ in range(20):
        region.hub.slot()
    key = parse_vkey(region.client.get("/log/vkey").text.strip())

    def read(path: str) -> bytes:
        answer = region.client.get(f"/log/{path}")
        assert answer.status_code == 200, path
        return answer.content

    audit = verify_directory(read, key)
    assert audit.checkpoint.size >= 20 * 16
    assert audit.entries == audit.checkpoint.size


def test_a_tile_may_be_kept_for_ever_and_a_checkpoint_not_at_all(region: Region) -> None:
    """What never changes says so; what changes every slot says so too."""
    assert "immutable" in region.client.get("/log/tile/0/000.p/16").headers["cache-control"]
    assert "no-cache" in region.client.get("/log/checkpoint").headers["cache-control"]


def test_nothing_beyond_the_signed_size_is_served(region: Region) -> None:
    """Entries that are appended but not signed for yet are not shown, in whatever tile."""
    signed = verify_checkpoint(region.client.get("/log/checkpoint").text, region.hub.hub.log_key).size
    with region.hub.store.write() as work:
        for _ in range(16):
            work.log.append(filler(region.hub.hub.chance(32)), frozenset(), None)
        assert work.log.size() == signed + 16
    for kind in ("0", "entries"):
        assert region.client.get(f"/log/tile/{kind}/000.p/{signed}").status_code == 200
        assert region.client.get(f"/log/tile/{kind}/000.p/{signed + 1}").status_code == 404
        assert region.client.get(f"/log/tile/{kind}/000").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "0/0",
        "0/000.p/0",
        "0/000.p/016",
        "00/000.p/16",
        "0//000.p/16",
        "0/x000/000.p/16",
        "0/000.p/256",
        "-1/000.p/16",
        "entries/000.p/16/",
        "0/%30%30%30.p/16",
        "0/000%2Ep/16",
        "",
        "64/000.p/1",
    ],
)
def test_another_spelling_is_not_answered(region: Region, path: str) -> None:
    """A tile has one address, written exactly as the format says."""
    answer = region.client.get(f"/log/tile/{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_before_the_first_checkpoint_there_is_no_log(web_hub: WebHub) -> None:
    """A hub that has signed nothing shows nothing but its key."""
    with web_hub.serving() as client:
        assert client.get("/log/checkpoint").status_code == 404
        assert client.get("/log/tile/0/000.p/1").status_code == 404
        assert client.get("/log/vkey").status_code == 200


def test_a_member_cosigns_what_is_offered(region: Region) -> None:
    """Over HTTP: fetched by anybody, brought by a member under its own token, served with its line."""
    hub, kent = region.hub, region.kent
    note = region.client.get("/log/witnessing").text
    assert note == region.client.get("/log/checkpoint").text
    size = verify_checkpoint(note, hub.hub.log_key).size
    line = cosign(note, kent.signing, "hub.example/mbr_kent", hub.now)
    assert kent.posts("/v1/cosignatures", {"size": size, "line": line}).status_code == 202
    assert kent.posts("/v1/cosignatures", {"size": size, "line": line}).status_code == 202
    assert region.client.get("/log/checkpoint").text == note + line
    assert region.client.get("/log/witnessing", params={"after": size}).text == note + line
    assert region.client.get("/log/witnessing", params={"after": -1}).status_code == 422
    policy = read_policy(region.client.get("/log/policy").text)
    assert [key.name for key in policy.witnesses.values()].count("hub.example/mbr_kent") == 1
    assert cosigned_by(note + line, policy.witnesses)


@pytest.mark.parametrize(
    ("member", "size", "name", "status", "code"),
    [
        ("kent", 0, "mbr_medway", 422, "cosignature-name"),
        ("medway", 0, "mbr_kent", 422, "cosignature-name"),
        ("kent", 16, "mbr_kent", 409, "checkpoint-unknown"),
    ],
)
def test_a_line_that_does_not_count_is_a_problem_with_a_code(
    region: Region, member: str, size: int, name: str, status: int, code: str
) -> None:
    """Another's name, or a size beyond the head."""
    note = region.client.get("/log/witnessing").text
    signed = verify_checkpoint(note, region.hub.hub.log_key).size
    line = cosign(note, region.kent.signing, f"hub.example/{name}", region.hub.now)
    caller = region.kent if member == "kent" else region.medway
    answer = caller.posts("/v1/cosignatures", {"size": signed + size, "line": line})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
