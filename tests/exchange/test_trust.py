"""Which key speaks for a member: registered for it, for signing, logged, in its time, not revoked."""

from dataclasses import replace
from datetime import timedelta

import pytest

from hub.exchange.stages import KeyUse, RegisteredKey
from hub.exchange.trust import in_force, signing_key
from hub.protocols.errors import ProtocolError, Untrusted
from hub.protocols.keys import SigningKey
from hub.protocols.names import MemberId
from hub.protocols.signing import Typ, sign
from tests.simulators.town import Town

KENT, MEDWAY = MemberId("mbr_kent"), MemberId("mbr_medway")


def key_of(town: Town, member: MemberId) -> RegisteredKey:
    """A member's signing key as the hub knows it."""
    with town.store.read() as work:
        return next(key for key in work.members.keys(member) if key.use is KeyUse.SIGNING)


def test_a_logged_signing_key_speaks_for_its_member(town: Town) -> None:
    """The key comes from the directory."""
    jws = sign(b"{}", Typ.OUTCOME, town.members[KENT].keyring.signing)
    with town.store.read() as work:
        found = signing_key(jws, Typ.OUTCOME, KENT, work, town.hub)
    assert found == town.members[KENT].keyring.signing.public


@pytest.mark.parametrize(
    "changes",
    [
        {"log_index": None},
        {"revoked_at_index": 7},
        {"valid_until_now": True},
        {"valid_from_later": True},
    ],
)
def test_a_key_that_does_not_count_now_does_not_speak(town: Town, changes: dict[str, object]) -> None:
    """I6: not in the log yet, revoked, over, or not begun."""
    key = key_of(town, KENT)
    if "valid_until_now" in changes:
        key = replace(key, valid_until=town.now)
    elif "valid_from_later" in changes:
        key = replace(key, valid_from=town.now + timedelta(seconds=61))
    else:
        key = replace(key, **changes)  # type: ignore[arg-type]  # replace() checks the names itself
    with town.store.write() as work:
        work.members.put_key(key)
        assert not in_force(key, town.hub)
        jws = sign(b"{}", Typ.OUTCOME, town.members[KENT].keyring.signing)
        with pytest.raises(Untrusted, match="signing-key"):
            signing_key(jws, Typ.OUTCOME, KENT, work, town.hub)


def test_a_clock_that_is_a_minute_ahead_is_borne(town: Town) -> None:
    """A key that begins within the skew counts; one second more and it does not."""
    key = key_of(town, KENT)
    assert in_force(replace(key, valid_from=town.now + timedelta(seconds=60)), town.hub)
    assert not in_force(replace(key, valid_from=town.now + timedelta(seconds=61)), town.hub)
    assert in_force(replace(key, valid_until=town.now + timedelta(seconds=1)), town.hub)


def test_another_members_key_or_one_for_another_use_does_not_speak(town: Town) -> None:
    """I7: neither Medway's signing key nor Kent's own access key signs for Kent."""
    keyring = town.members[KENT].keyring
    for key in (town.members[MEDWAY].keyring.signing, keyring.access, SigningKey.generate()):
        jws = sign(b"{}", Typ.OUTCOME, key)
        with town.store.read() as work, pytest.raises(Untrusted, match="signing-key"):
            signing_key(jws, Typ.OUTCOME, KENT, work, town.hub)


@pytest.mark.parametrize("jws", ["", "a.b", "a.b.c", "…"])
def test_what_is_no_jws_is_refused_as_such(town: Town, jws: str) -> None:
    """A typed refusal, never another fault."""
    with town.store.read() as work, pytest.raises(ProtocolError):
        signing_key(jws, Typ.OUTCOME, KENT, work, town.hub)
