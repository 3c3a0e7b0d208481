"""Which registered key may speak for a member now.

A signing key counts once its entry is in the log, within its time and until it is revoked. Keys come from
the directory alone, never from a message.
"""

from hub.exchange.errors import Declined
from hub.exchange.ports import Hub, Work
from hub.exchange.stages import KeyUse, RegisteredKey
from hub.protocols.errors import Untrusted
from hub.protocols.keys import DocumentPublicKey, VerifyingKey
from hub.protocols.limits import CLOCK_SKEW
from hub.protocols.names import MemberId
from hub.protocols.signing import Typ, key_id_of


def signing_key(jws: str, typ: Typ, member: MemberId, work: Work, hub: Hub) -> VerifyingKey:
    """The key that a member's document names, if it may sign for this member now.

    Raises `Untrusted` otherwise, `MalformedMessage` where the document has not the form of a JWS.
    """
    key = work.members.key(key_id_of(jws, typ))
    if key is None or key.member != member or key.use is not KeyUse.SIGNING or not in_force(key, hub):
        raise Untrusted(
            "signing-key", "sign with a key that is registered for you, logged, in its time and not revoked"
        )
    return VerifyingKey.from_jwk(key.jwk)


def in_force(key: RegisteredKey, hub: Hub) -> bool:
    """Whether a registered key counts now."""
    logged = key.log_index is not None and key.revoked_at_index is None
    return logged and key.valid_from - CLOCK_SKEW <= hub.now() < key.valid_until


def identity_key(member: MemberId, work: Work) -> DocumentPublicKey:
    """A member's identity key; raise `Declined` where it has none yet."""
    for key in work.members.keys(member):
        if key.use is KeyUse.IDENTITY and key.revoked_at_index is None:
            return DocumentPublicKey.from_jwks(key.jwk)
    raise Declined("identity-unknown", "this member has not redeemed its invitation yet")
