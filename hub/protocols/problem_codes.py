"""The codes of problem documents, each with its status, title and next step.

Part of the published contract: a code never changes its meaning. A code that is not here still has
an answer, by whose act must change (`problem.problem_of`); this list is for codes that need a
status or a next step of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Kind:
    """What every problem with one code has in common."""

    status: int
    title: str
    next_step: str


_PROVE: Final = "Make a new proof for every request: its own jti, the present second, method and address."
_FRESH: Final = "Ask the token endpoint for a new access token and repeat the request with it."
_ASSERT: Final = "Make a new client assertion as the metadata of the token endpoint describes."

_KINDS: Final[dict[str, Kind]] = {
    # the request as a whole
    "message-malformed": Kind(
        400, "The message does not have the form it must have", "Compare it with the schema of this route."
    ),
    "message-untrusted": Kind(
        422,
        "A key, signature or digest does not hold",
        "Sign the message anew with a key from the directory.",
    ),
    "fields-invalid": Kind(
        422, "Some fields cannot be accepted", "Each error names its field; correct them and send again."
    ),
    "not-found": Kind(
        404, "There is no such thing for you", "Check the id, and which member you are acting as."
    ),
    "route-unknown": Kind(404, "There is no such route", "Compare the address with the API description."),
    "method-not-allowed": Kind(
        405, "This route does not do that", "Use one of the methods of the Allow header."
    ),
    "not-acceptable": Kind(406, "This form cannot be given", "Ask for application/json."),
    "media-type": Kind(
        415,
        "The body has another media type than the route takes",
        "Send application/json, or what the route names.",
    ),
    "body-too-large": Kind(
        413, "The body is larger than the limit", "Split it; the limits are in the configuration document."
    ),
    "conflict": Kind(
        409, "The state has changed or does not allow this", "Read the thing again, then decide."
    ),
    "precondition-failed": Kind(
        412, "The thing has changed since it was read", "Read it again and repeat with its new ETag."
    ),
    "idempotency-key-reused": Kind(
        422, "This Idempotency-Key belongs to another body", "Use a new key for a new request."
    ),
    "request-in-flight": Kind(
        409, "The first request with this key is still running", "Repeat the same request a little later."
    ),
    "cursor-invalid": Kind(400, "The cursor is not one of ours", "Begin again without a cursor."),
    "rate-limited": Kind(
        429, "Too many requests", "Wait as Retry-After says; the RateLimit headers tell what is left."
    ),
    "quota-exceeded": Kind(
        429,
        "The daily number is used up",
        "It starts anew at midnight UTC; a person at the hub can raise it.",
    ),
    "mode-forbids": Kind(404, "There is no such route", "Compare the address with the API description."),
    "hub-fault": Kind(
        500,
        "The hub has failed",
        "Nothing was done or released; repeat the request, and quote the request id if it persists.",
    ),
    "hub-busy": Kind(
        503, "The hub cannot take this now", "Repeat the same request after the time of Retry-After."
    ),
    "storage-full": Kind(507, "The hub has no room", "Nothing was kept; repeat the same request later."),
    # what the hub declines to do; a code that is not here is answered like `declined`
    "declined": Kind(
        409, "The hub will not do this as things are", "Read the detail: it names what must change first."
    ),
    "acts-for": Kind(403, "This member acts for nobody", "Publish in your own name, or ask for a mandate."),
    "dispute-closed": Kind(409, "This dispute is closed", "Open another one if the matter was not settled."),
    "dispute-full": Kind(
        409, "This thread is as long as one may be", "Talk to each other; then one of you closes it."
    ),
    "dispute-moved": Kind(
        409, "The other side has written meanwhile", "Read the thread, then answer its last message."
    ),
    "dispute-result": Kind(
        409,
        "This side does not sign this outcome",
        "Who opened it withdraws it or finds it not upheld; the other side says that it is upheld.",
    ),
    "dispute-stands": Kind(
        409, "Your dispute about this release is not closed", "Go on with that one, or close it first."
    ),
    "epoch-earlier": Kind(
        409, "The notice has tokens of this epoch already", "Nothing more is needed for this notice."
    ),
    "epoch-expired": Kind(
        422, "The linkage epoch is over", "Make the identifier tokens again under the epoch in force."
    ),
    "invitation-unknown": Kind(403, "The invitation is not good", "Ask the hub's operator for a new one."),
    "erased-unasked": Kind(
        409,
        "Nobody has asked for this to be erased",
        "Sign `erased` once a recall, or the word that the notice was stopped, lies in your inbox.",
    ),
    "lead-not-ripe": Kind(
        409,
        "Who leads cannot be agreed on yet",
        "Both members first confirm the second look, and sign `same` for the names they were given.",
    ),
    "member-may-not-publish": Kind(
        403, "This member may not publish", "Ask the hub's operator about the member's standing."
    ),
    "member-unknown": Kind(422, "The other side is not a member", "Compare its id with the list of members."),
    "notice-from-the-future": Kind(
        422, "The notice is dated ahead of the hub", "Compare the gateway's clock with the Date header."
    ),
    "notice-stale": Kind(
        422,
        "The notice is too old",
        "Sign it again and publish it within the time of the configuration document.",
    ),
    "notice-too-large": Kind(
        413, "The notice is larger than the limit", "The limits are in the configuration document."
    ),
    "accession-closed": Kind(
        409, "The agreement is not open to this group", "Read its page: group 2 says who may join."
    ),
    "party-known": Kind(
        409, "A party of the document does not join it", "Sign the document itself: POST to its signatures."
    ),
    "agreement-name": Kind(
        409, "This id begins with another member's name", "Begin it with a party's name, or with nobody's."
    ),
    "signature-over": Kind(
        409, "You took your signature of this version back", "Propose the version that follows it."
    ),
    "word-over": Kind(
        409, "A later word of yours stands against this one", "Sign it anew, now, and send that."
    ),
    "word-ahead": Kind(409, "This was signed by a clock that is ahead", "Set the clock and sign it anew."),
    "party-missing": Kind(403, "Only a party may do this", "Ask one of the parties of the agreement."),
    "recipient-self": Kind(
        422, "A notice is not for its own sender", "Name the home authority of the young person."
    ),
    "recipient-unknown": Kind(
        422, "The named recipient is not a member", "Compare its id with the list of members."
    ),
    # access token
    "access-missing": Kind(
        401, "An access token is needed", "Send Authorization: DPoP <token> and a DPoP proof."
    ),
    "access-scheme": Kind(
        401, "The hub takes no bearer tokens", "Send Authorization: DPoP <token> and a DPoP proof."
    ),
    "access-malformed": Kind(401, "This is not an access token of this hub", _FRESH),
    "access-type": Kind(401, "This is not an access token of this hub", _FRESH),
    "access-algorithm": Kind(401, "This is not an access token of this hub", _FRESH),
    "access-key": Kind(401, "The access token was signed with another key", _FRESH),
    "access-signature": Kind(401, "This is not an access token of this hub", _FRESH),
    "access-issuer": Kind(401, "The access token is for another service", _FRESH),
    "access-audience": Kind(401, "The access token is for another service", _FRESH),
    "access-expired": Kind(401, "The access token has expired", _FRESH),
    "access-early": Kind(401, "The access token is from the future", _FRESH),
    "access-withdrawn": Kind(401, "The access token is no longer good", _FRESH),
    "access-binding": Kind(
        401,
        "The access token belongs to another key",
        "Make the proof with the key that the token was asked for with.",
    ),
    "scope-insufficient": Kind(
        403, "The access token does not allow this", "Ask for a token with the scope that the route names."
    ),
    # proof of possession
    "dpop-missing": Kind(401, "A DPoP proof is needed", _PROVE),
    "dpop-repeated": Kind(401, "One DPoP header alone is read", _PROVE),
    "dpop-malformed": Kind(401, "The DPoP header is not a proof", _PROVE),
    "dpop-type": Kind(401, "The DPoP header is not a proof", _PROVE),
    "dpop-algorithm": Kind(
        401,
        "The proof is signed with an algorithm that is not accepted",
        "Use one of the algs of the WWW-Authenticate header.",
    ),
    "dpop-key": Kind(
        401,
        "The key inside the proof is not accepted",
        "Send the public members of the key alone, of the family of its alg.",
    ),
    "dpop-signature": Kind(401, "The signature of the proof does not hold", _PROVE),
    "dpop-method": Kind(401, "The proof is for another method", _PROVE),
    "dpop-address": Kind(
        401,
        "The proof is for another address",
        "htu is the public origin of the hub and the path, without the query.",
    ),
    "dpop-stale": Kind(
        401,
        "The proof is too old",
        "Compare your clock with the Date header, and make a new proof for every request.",
    ),
    "dpop-early": Kind(401, "The proof is from the future", "Compare your clock with the Date header."),
    "dpop-token": Kind(
        401, "The proof is for another access token", "ath is the SHA-256 of the access token as sent."
    ),
    "dpop-nonce": Kind(
        401, "The proof needs the hub's nonce", "Repeat the request with the nonce of the DPoP-Nonce header."
    ),
    "dpop-replayed": Kind(401, "The proof has been used before", _PROVE),
    "dpop-unsure": Kind(
        503,
        "The hub cannot tell whether this proof is new",
        "Repeat the request with a new proof after Retry-After.",
    ),
    # client assertion
    "client-untrusted": Kind(401, "The client assertion is not accepted", _ASSERT),
    "client-malformed": Kind(401, "The client assertion is not accepted", _ASSERT),
    "client-type": Kind(401, "The client assertion is not accepted", _ASSERT),
    "client-algorithm": Kind(401, "The client assertion is not accepted", _ASSERT),
    "client-key": Kind(401, "The client assertion is not accepted", _ASSERT),
    "client-signature": Kind(401, "The client assertion is not accepted", _ASSERT),
    "client-subject": Kind(401, "The client assertion is not accepted", _ASSERT),
    "client-audience": Kind(
        401, "The client assertion is for another server", "aud is one string: the issuer of the metadata."
    ),
    "client-expired": Kind(401, "The client assertion has expired", _ASSERT),
    "client-long": Kind(
        401, "The client assertion is good for too long", "It expires at most 60 seconds from now."
    ),
    "client-early": Kind(
        401, "The client assertion is from the future", "Compare your clock with the Date header."
    ),
    "client-replayed": Kind(401, "The client assertion has been used before", _ASSERT),
    "client-unsure": Kind(
        503, "The hub cannot tell whether this assertion is new", "Repeat with a new one after Retry-After."
    ),
    # token endpoint (the names of RFC 6749 section 5.2 are in its answers beside the code)
    "grant-malformed": Kind(
        400,
        "The token request does not have the form it must have",
        "Send the parameters of the client credentials grant once each.",
    ),
    "grant-unsupported": Kind(
        400, "Only the client credentials grant exists here", "Send grant_type=client_credentials."
    ),
    "scope-unknown": Kind(
        400, "A scope is not one of those that exist", "Ask for scopes of the metadata alone."
    ),
}

PROBLEMS: Final[Mapping[str, Kind]] = MappingProxyType(_KINDS)
"""Every code with a status, title and next step of its own; part of the published contract."""
