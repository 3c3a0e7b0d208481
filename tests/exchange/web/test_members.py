"""The directory over HTTP: who takes part, and whose key is whose, each with its proof."""

from datetime import timedelta

from hub.protocols import canonical
from hub.protocols.entry import commit
from hub.protocols.keys import DocumentPublicKey, KeyUse, SigningKey, entry_for, read_entry, sign_entry
from hub.protocols.names import MemberKind
from hub.protocols.proof import parse_proof, verify_proof
from tests.exchange.web.conftest import Region


def test_the_directory_lists_exactly_these_fields(region: Region) -> None:
    """Name, kind, role, area, standing of everybody who was admitted; an invitation alone is not listed."""
    region.hub.invites("mbr_lambeth", MemberKind.AUTHORITY, "208")
    listed = region.kent.gets("/v1/members").json()["data"]
    assert listed[1] == {
        "member": "mbr_kent",
        "name": "Kent",
        "kind": "authority",
        "role": "tracking_team",
        "area": "886",
        "apart": None,
    }
    assert [one["member"] for one in listed] == ["mbr_custodian", "mbr_kent", "mbr_medway"]


def test_the_directory_comes_page_by_page(region: Region) -> None:
    """Everybody is listed once, by id."""
    first = region.kent.gets("/v1/members?limit=2").json()
    rest = region.kent.gets(f"/v1/members?limit=2&cursor={first['next_cursor']}").json()
    assert [one["member"] for one in first["data"] + rest["data"]] == [
        "mbr_custodian",
        "mbr_kent",
        "mbr_medway",
    ]
    assert (first["has_more"], rest["has_more"]) == (True, False)


def test_each_key_comes_with_the_proof_of_its_entry(region: Region) -> None:
    """The identity key and every key it has signed are proved in the log, by whoever asks."""
    found = region.kent.gets("/v1/members/mbr_medway/keys").json()
    identity = DocumentPublicKey.from_jwks(found["identity"]["jwks"])
    assert identity.key_id == region.medway.identity.key_id
    assert {one["use"] for one in found["data"]} == {"signing", "sealing", "access"}
    for one in [found["identity"], *found["data"]]:
        leaf = commit(one["opening"]["record"], canonical.unb64u(one["opening"]["salt"]))
        verify_proof(parse_proof(one["proof"]), leaf, region.hub.hub.log_key)
    for one in found["data"]:
        assert read_entry(one["document"], identity).member == "mbr_medway"


def test_a_key_has_no_proof_until_a_checkpoint_covers_it(region: Region) -> None:
    """A key registered just now is shown, but with nothing that could be believed yet."""
    kent, key = region.kent, SigningKey.from_seed(bytes(32))
    begin = region.hub.now - timedelta(minutes=1)
    entry = entry_for(kent.member, KeyUse.SIGNING, key.public, begin, begin + timedelta(days=1))
    answer = kent.posts("/v1/members/mbr_kent/keys", {"document": sign_entry(entry, kent.identity)})
    assert (answer.status_code, answer.json()) == (201, {"key_id": key.key_id})

    def shown() -> dict[str, object]:
        keys = region.medway.gets("/v1/members/mbr_kent/keys").json()["data"]
        return next(one for one in keys if one["key_id"] == key.key_id)

    assert (shown()["opening"], shown()["proof"]) == (None, None)
    region.hub.slot()
    assert shown()["proof"] is not None


def test_a_key_signed_by_another_identity_is_refused(region: Region) -> None:
    """Only the member's own identity key says whose a key is."""
    kent, medway = region.kent, region.medway
    begin = region.hub.now
    entry = entry_for(kent.member, KeyUse.SIGNING, medway.signing.public, begin, begin + timedelta(days=1))
    document = sign_entry(entry, medway.identity)
    answer = kent.posts("/v1/members/mbr_kent/keys", {"document": document})
    assert answer.status_code == 422


def test_a_member_that_has_not_enrolled_has_no_keys(region: Region) -> None:
    """Unknown, malformed and invited are one answer."""
    region.hub.invites("mbr_lambeth", MemberKind.AUTHORITY, "208")
    for name in ("mbr_lambeth", "mbr_nobody", "x"):
        answer = region.kent.gets(f"/v1/members/{name}/keys")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
