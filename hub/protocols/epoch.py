"""A linkage epoch: for how long one linkage key makes the identifier tokens, and which key that is.

Decides when a member may use a linkage key. The custodian, whose public pair each gateway has
pinned out of band, signs the epoch with a check value of the key; the key itself reaches each
member in a box. A gateway refuses an epoch that this custodian did not sign, and a key that does
not have the check value: a hub cannot plant a key that it knows. The hub sees the epoch and the
boxes, never the key.
"""

import hmac
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from hub.protocols.canonical import Json, Reader, b64u, decode_canonical, encode, instant
from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.names import EpochId
from hub.protocols.sealing import unwrap_secret, wrap_secret
from hub.protocols.sealing_keys import SealingKey, SealingPublicKey
from hub.protocols.signature_keys import DocumentKey, DocumentPublicKey
from hub.protocols.signing import Typ, sign_document, verify_document

FORM: Final = 1
"""Version of the epoch's form: a new field is a new form, and readers refuse forms unknown to them."""

LINKAGE_KEY_BYTES: Final = 32
"""Bytes of a linkage key: the strength of HMAC-SHA-256."""

_CHECK_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch, from `valid_from` up to but not including `valid_until`."""

    id: EpochId
    valid_from: datetime
    valid_until: datetime
    check_value: bytes

    def in_force(self, now: datetime) -> bool:
        """Tell whether tokens made now belong to this epoch."""
        return self.valid_from <= now < self.valid_until

    def shortens(self, earlier: "Epoch") -> bool:
        """Tell whether this is the same epoch with an earlier end, as a rotation leaves it."""
        ends_earlier = self.valid_until < earlier.valid_until
        return ends_earlier and replace(self, valid_until=earlier.valid_until) == earlier


def check_value(linkage_key: bytes, epoch_id: EpochId) -> bytes:
    """Return 32 bytes that tell whether a key is the epoch's, and nothing else about it."""
    return hmac.digest(linkage_key, b"mxh-epoch-check\x00" + epoch_id.encode(), "sha256")


def make_epoch(epoch_id: EpochId, valid_from: datetime, valid_until: datetime, linkage_key: bytes) -> Epoch:
    """Return the epoch of a linkage key; raise `MalformedMessage` for a wrong key or empty period."""
    _check_key(linkage_key)
    epoch = Epoch(epoch_id, valid_from, valid_until, check_value(linkage_key, epoch_id))
    _check_period(epoch)
    return epoch


def sign_epoch(epoch: Epoch, custodian: DocumentKey) -> Json:
    """Return the epoch as a document signed by the linkage custodian."""
    payload: Json = {
        "form": FORM,
        "epoch": epoch.id,
        "valid_from": instant(epoch.valid_from),
        "valid_until": instant(epoch.valid_until),
        "check": b64u(epoch.check_value),
    }
    return sign_document(encode(payload), Typ.EPOCH, custodian)


def read_epoch(document: Json, custodian: DocumentPublicKey) -> Epoch:
    """Return the epoch that the pinned custodian signed.

    Raises `Untrusted` where another signed it, `MalformedMessage` where the form is wrong.
    """
    reader = Reader(decode_canonical(verify_document(document, Typ.EPOCH, [custodian])), "epoch")
    if reader.integer("form") != FORM:
        raise MalformedMessage("form-unknown", "this form of epoch is not known here")
    epoch = Epoch(
        id=EpochId(reader.id("epoch", "ep")),
        valid_from=reader.instant("valid_from"),
        valid_until=reader.instant("valid_until"),
        check_value=reader.binary("check", _CHECK_BYTES),
    )
    reader.done()
    _check_period(epoch)
    return epoch


def wrap_linkage_key(linkage_key: bytes, epoch: Epoch, recipient: SealingPublicKey) -> str:
    """Return the linkage key in a box for one member.

    Raises `Untrusted` where the key is not the one of the epoch.
    """
    _check_is_of(linkage_key, epoch)
    return wrap_secret(linkage_key, _label(epoch), recipient)


def unwrap_linkage_key(box: str, epoch: Epoch, key: SealingKey) -> bytes:
    """Return the linkage key in a box; raise `Untrusted` where it is not the one of the epoch."""
    linkage_key = unwrap_secret(box, _label(epoch), key)
    _check_is_of(linkage_key, epoch)
    return linkage_key


def _label(epoch: Epoch) -> str:
    return f"linkage key of {epoch.id}"


def _check_is_of(linkage_key: bytes, epoch: Epoch) -> None:
    _check_key(linkage_key)
    if not hmac.compare_digest(check_value(linkage_key, epoch.id), epoch.check_value):
        raise Untrusted("linkage-key", "the key is not the one that the custodian signed for this epoch")


def _check_key(linkage_key: bytes) -> None:
    if len(linkage_key) != LINKAGE_KEY_BYTES:
        raise MalformedMessage("key-size", f"a linkage key has {LINKAGE_KEY_BYTES} bytes")


def _check_period(epoch: Epoch) -> None:
    if epoch.valid_from >= epoch.valid_until:
        raise MalformedMessage("period-empty", "the epoch ends before it begins")
