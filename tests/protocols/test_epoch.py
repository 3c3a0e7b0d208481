"""A linkage epoch: the pinned custodian's word for which key makes the tokens, and until when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.protocols.canonical import Json, decode, encode
from hub.protocols.epoch import (
    Epoch,
    check_value,
    make_epoch,
    read_epoch,
    sign_epoch,
    unwrap_linkage_key,
    wrap_linkage_key,
)
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.keys import DocumentKey, SealingKey
from hub.protocols.names import EpochId
from hub.protocols.sealing import wrap_secret
from hub.protocols.signing import Typ, sign_document, verify_document
from tests.protocols.mutations import assert_document_guarded, assert_text_guarded

CUSTODIAN = DocumentKey.from_seeds(bytes(range(32)), bytes(range(32)))
MEMBER = SealingKey.from_seed("MN-2026B", bytes(range(32)))
LINKAGE_KEY = bytes(range(100, 132))
ID = EpochId("ep_01k00000000000000000000000")
OTHER_ID = EpochId("ep_01k00000000000000000000001")
FIRST = datetime(2026, 9, 1, tzinfo=UTC)
LAST = datetime(2027, 9, 1, tzinfo=UTC)
EPOCH = make_epoch(ID, FIRST, LAST, LINKAGE_KEY)


def test_an_epoch_reads_back_under_its_custodian() -> None:
    """What the custodian signed reads back whole."""
    assert read_epoch(sign_epoch(EPOCH, CUSTODIAN), CUSTODIAN.public) == EPOCH


def test_an_epoch_by_anybody_else_is_refused() -> None:
    """A hub that signs an epoch of its own is not believed."""
    with pytest.raises(Untrusted, match="signature-missing"):
        read_epoch(sign_epoch(EPOCH, DocumentKey.generate()), CUSTODIAN.public)


def test_the_check_value_tells_keys_and_epochs_apart() -> None:
    """It differs for each key and each epoch, and is not the key."""
    assert check_value(LINKAGE_KEY, ID) == EPOCH.check_value
    assert (
        len({check_value(LINKAGE_KEY, ID), check_value(bytes(32), ID), check_value(LINKAGE_KEY, OTHER_ID)})
        == 3
    )
    assert LINKAGE_KEY not in EPOCH.check_value


def test_tokens_belong_to_the_epoch_in_force() -> None:
    """The first moment counts, the end does not."""
    moments = (FIRST - timedelta(seconds=1), FIRST, LAST - timedelta(seconds=1), LAST)
    assert [EPOCH.in_force(moment) for moment in moments] == [False, True, True, False]


def test_only_an_earlier_end_shortens_an_epoch() -> None:
    """A rotation leaves the old epoch with an earlier end; nothing else of it may change under its name."""
    sooner = replace(EPOCH, valid_until=LAST - timedelta(days=1))
    assert sooner.shortens(EPOCH)
    assert not EPOCH.shortens(sooner)
    assert not EPOCH.shortens(EPOCH)
    assert not replace(sooner, valid_from=FIRST - timedelta(days=1)).shortens(EPOCH)
    assert not replace(sooner, check_value=bytes(32)).shortens(EPOCH)
    assert not replace(sooner, id=OTHER_ID).shortens(EPOCH)


def test_the_linkage_key_reaches_a_member() -> None:
    """A member opens its box and gets the key that the custodian meant."""
    assert (
        unwrap_linkage_key(wrap_linkage_key(LINKAGE_KEY, EPOCH, MEMBER.public), EPOCH, MEMBER) == LINKAGE_KEY
    )


def test_a_planted_key_is_refused() -> None:
    """A key that somebody else put in the box fails the check value."""
    box = wrap_secret(bytes(32), f"linkage key of {ID}", MEMBER.public)
    with pytest.raises(Untrusted, match="linkage-key"):
        unwrap_linkage_key(box, EPOCH, MEMBER)
    short = wrap_secret(bytes(16), f"linkage key of {ID}", MEMBER.public)
    with pytest.raises(MalformedMessage, match="key-size"):
        unwrap_linkage_key(short, EPOCH, MEMBER)


def test_the_key_of_another_epoch_is_not_wrapped_or_taken() -> None:
    """Neither does a custodian send the wrong key, nor does a member take one made for another epoch."""
    with pytest.raises(Untrusted, match="linkage-key"):
        wrap_linkage_key(bytes(32), EPOCH, MEMBER.public)
    box = wrap_linkage_key(LINKAGE_KEY, EPOCH, MEMBER.public)
    with pytest.raises(Untrusted, match="box-label"):
        unwrap_linkage_key(box, replace(EPOCH, id=OTHER_ID), MEMBER)


def test_an_epoch_without_a_key_or_a_period_is_not_made() -> None:
    """A linkage key has 32 bytes, and an epoch begins before it ends."""
    with pytest.raises(MalformedMessage, match="key-size"):
        make_epoch(ID, FIRST, LAST, bytes(31))
    with pytest.raises(MalformedMessage, match="period-empty"):
        make_epoch(ID, LAST, FIRST, LINKAGE_KEY)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"form": 2}, "form-unknown"),
        ({"epoch": "2026"}, "id-malformed"),
        ({"check": "AAAA"}, "binary-size"),
        ({"valid_until": "2026-09-01T00:00:00Z"}, "period-empty"),
        ({"more": 1}, "field-unknown"),
    ],
)
def test_a_signed_epoch_of_another_form_is_refused(change: dict[str, Json], code: str) -> None:
    """A right signature does not make up for a wrong form."""
    payload = decode(verify_document(sign_epoch(EPOCH, CUSTODIAN), Typ.EPOCH, [CUSTODIAN.public]))
    assert isinstance(payload, dict)
    document = sign_document(encode({**payload, **change}), Typ.EPOCH, CUSTODIAN)
    with pytest.raises(ProtocolError, match=code):
        read_epoch(document, CUSTODIAN.public)


def test_every_cut_and_every_changed_byte_of_an_epoch_is_refused() -> None:
    """No truncation and no flipped byte of an epoch or of its wrapped key goes unnoticed."""
    document = sign_epoch(EPOCH, CUSTODIAN)
    assert_document_guarded(document, lambda changed: read_epoch(changed, CUSTODIAN.public))
    box = wrap_linkage_key(LINKAGE_KEY, EPOCH, MEMBER.public)
    assert_text_guarded(box, lambda changed: unwrap_linkage_key(changed, EPOCH, MEMBER))


def test_an_epoch_holds_no_key() -> None:
    """What goes through the hub does not hold the key."""
    shown = encode(sign_epoch(EPOCH, CUSTODIAN))
    assert isinstance(EPOCH, Epoch)
    assert LINKAGE_KEY not in shown
    assert LINKAGE_KEY.hex().encode() not in shown
