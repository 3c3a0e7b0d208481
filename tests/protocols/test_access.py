"""Client assertions and access tokens: what is believed, and every way of being refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.access import (
    ASSERTION_KIND,
    SCOPES,
    AccessClaims,
    check_access_token,
    check_client_assertion,
    claimed_client,
    issue_access_token,
    make_client_assertion,
)
from hub.protocols.canonical import Json, b64u, encode
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.limits import CLIENT_ASSERTION_AGE, CLOCK_SKEW
from hub.protocols.names import MemberId

NOW: Final = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SECOND: Final = int(NOW.timestamp())
ISSUER: Final = "https://hub.example"
KENT: Final = MemberId("mbr_kent")
KEY: Final = SigningKey.from_seed(bytes(range(32)))
OTHER_KEY: Final = SigningKey.from_seed(bytes(range(1, 33)))
HUB_KEY: Final = SigningKey.from_seed(bytes(range(2, 34)))

ASSERTION_HEADER: Final[dict[str, Json]] = {
    "alg": "Ed25519",
    "kid": KEY.key_id,
    "typ": "client-authentication+jwt",
}
ASSERTION_CLAIMS: Final[dict[str, Json]] = {
    "aud": ISSUER,
    "exp": SECOND + 60,
    "iat": SECOND,
    "iss": KENT,
    "jti": "once",
    "sub": KENT,
}
TOKEN_HEADER: Final[dict[str, Json]] = {"alg": "Ed25519", "kid": HUB_KEY.key_id, "typ": "at+jwt"}
TOKEN_CLAIMS: Final[dict[str, Json]] = {
    "aud": ISSUER,
    "client_id": KENT,
    "cnf": {"jkt": KEY.key_id},
    "exp": SECOND + 600,
    "iat": SECOND,
    "iss": ISSUER,
    "jti": "token-1",
    "scope": "inbox:read notices:write",
    "sub": KENT,
}
CLAIMS: Final = AccessClaims(
    issuer=ISSUER,
    audience=ISSUER,
    client=KENT,
    scopes=frozenset({"inbox:read", "notices:write"}),
    key_id=KEY.key_id,
    issued_at=NOW,
    expires_at=NOW + timedelta(minutes=10),
    jti="token-1",
)


def forge(header: dict[str, Json], claims: dict[str, Json], key: SigningKey) -> str:
    """Sign anything under any header."""
    signed = f"{b64u(encode(header))}.{b64u(encode(claims))}"
    return f"{signed}.{b64u(key.sign(signed.encode()))}"


def assertion(header: dict[str, Json] | None = None, claims: dict[str, Json] | None = None) -> str:
    """An assertion that is right except for what is given."""
    return forge({**ASSERTION_HEADER, **(header or {})}, {**ASSERTION_CLAIMS, **(claims or {})}, KEY)


def token(header: dict[str, Json] | None = None, claims: dict[str, Json] | None = None) -> str:
    """An access token that is right except for what is given."""
    return forge({**TOKEN_HEADER, **(header or {})}, {**TOKEN_CLAIMS, **(claims or {})}, HUB_KEY)


def refusal_of_assertion(text: str, now: datetime = NOW, key: VerifyingKey = KEY.public) -> str:
    """The code with which an assertion is refused."""
    with pytest.raises(ProtocolError) as refused:
        check_client_assertion(text, ISSUER, key, now)
    return refused.value.code


def refusal_of_token(text: str, now: datetime = NOW, key: VerifyingKey = HUB_KEY.public) -> str:
    """The code with which an access token is refused."""
    with pytest.raises(ProtocolError) as refused:
        check_access_token(text, ISSUER, ISSUER, key, now)
    return refused.value.code


def test_a_members_own_assertion_is_believed() -> None:
    """What a member's system signs about itself, for this hub, now, names it and can be used once."""
    made = make_client_assertion(KENT, ISSUER, KEY, NOW, "jti-1")

    checked = check_client_assertion(made, ISSUER, KEY.public, NOW)

    assert (checked.client, checked.jti, checked.issued_at) == (KENT, "jti-1", NOW)
    assert NOW < checked.expires_at <= NOW + CLIENT_ASSERTION_AGE


def test_an_assertion_says_whose_keys_to_look_up() -> None:
    """Before a key is chosen, the id of the member and the name of the key can be read."""
    assert claimed_client(make_client_assertion(KENT, ISSUER, KEY, NOW, "jti-1")) == (KENT, KEY.key_id)


def test_an_assertion_need_not_name_its_key() -> None:
    """RFC 7523 asks for no kid: the caller then tries the keys of the member."""
    unnamed = forge({"alg": "EdDSA"}, ASSERTION_CLAIMS, KEY)

    assert claimed_client(unnamed) == (KENT, None)
    assert check_client_assertion(unnamed, ISSUER, KEY.public, NOW).client == KENT


def test_a_kid_is_text() -> None:
    """A kid that is no text is a fault of form."""
    with pytest.raises(MalformedMessage, match="client-malformed"):
        claimed_client(assertion({"kid": 7}))


def test_an_assertion_by_pyjwt_is_believed() -> None:
    """Software of others signs assertions with PyJWT, under the older name of the algorithm."""
    private = Ed25519PrivateKey.from_private_bytes(KEY.seed)
    claims = {name: value for name, value in ASSERTION_CLAIMS.items() if name != "iat"}
    made = jwt.encode(claims, private, "EdDSA", {"typ": "client-authentication+jwt"})

    checked = check_client_assertion(made, ISSUER, KEY.public, NOW)

    assert checked.issued_at == checked.expires_at - CLIENT_ASSERTION_AGE


@pytest.mark.parametrize(
    "audience",
    [
        [ISSUER],
        [ISSUER, "https://elsewhere.example"],
        f"{ISSUER}/oauth/token",
        f"{ISSUER}/",
        "https://elsewhere.example",
        None,
        {"iss": ISSUER},
    ],
)
def test_the_audience_is_one_string_and_the_issuer(audience: Json) -> None:
    """Rule 1: a list or the token endpoint's address would let another server pass the assertion on."""
    assert refusal_of_assertion(assertion(claims={"aud": audience})) == "client-audience"


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", "dpop+jwt", "Client-Authentication+jwt", "", 1])
def test_a_type_that_is_sent_must_be_that_of_an_assertion(typ: Json) -> None:
    """Rule 1: no other signed thing passes for an assertion."""
    assert refusal_of_assertion(assertion({"typ": typ})) == "client-type"


def test_an_assertion_expires_at_most_a_minute_ahead() -> None:
    """Rule 1: 60 seconds ahead is borne, one more is not."""
    check_client_assertion(assertion(claims={"exp": SECOND + 60}), ISSUER, KEY.public, NOW)

    assert refusal_of_assertion(assertion(claims={"exp": SECOND + 61})) == "client-long"


def test_an_expired_assertion_is_refused() -> None:
    """At the very second of its expiry an assertion is over."""
    assert refusal_of_assertion(assertion(), now=NOW + timedelta(seconds=60)) == "client-expired"


@pytest.mark.parametrize("name", ["iat", "nbf"])
def test_an_assertion_from_the_future_is_refused(name: str) -> None:
    """The skew between honest clocks is borne, not more."""
    skew = int(CLOCK_SKEW.total_seconds())
    check_client_assertion(assertion(claims={name: SECOND + skew}), ISSUER, KEY.public, NOW)

    assert refusal_of_assertion(assertion(claims={name: SECOND + skew + 1})) == "client-early"


def test_issuer_and_subject_are_the_same_member() -> None:
    """Rule 1: nobody vouches for somebody else."""
    assert refusal_of_assertion(assertion(claims={"sub": "mbr_medway"})) == "client-subject"


@pytest.mark.parametrize("who", ["kent", "agr_kent-x", "mbr_Kent", 7, None])
def test_the_client_is_a_member_id(who: Json) -> None:
    """A client is named by its member id, in no other form."""
    assert refusal_of_assertion(assertion(claims={"iss": who, "sub": who})) == "client-malformed"


@pytest.mark.parametrize("jti", [None, "", 7, "x" * 129, "tab\there", "é"])
def test_the_jti_is_bounded_printable_text(jti: Json) -> None:
    """What the replay store keeps has a bounded length."""
    assert refusal_of_assertion(assertion(claims={"jti": jti})) == "client-malformed"


@pytest.mark.parametrize("moment", [None, True, "1763715600", -1, 253_402_300_800])
def test_a_moment_is_whole_seconds(moment: Json) -> None:
    """A moment that cannot be read is a fault of form, never an error of ours."""
    assert refusal_of_assertion(assertion(claims={"exp": moment})) == "client-malformed"


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "ES256", "RS256", "ed25519", None, 1, []])
def test_an_assertion_is_signed_with_ed25519(algorithm: Json) -> None:
    """One algorithm, by its two names; nothing is signed with none or with a shared secret."""
    assert refusal_of_assertion(assertion({"alg": algorithm})) == "client-algorithm"


def test_a_public_key_is_never_a_shared_secret() -> None:
    """The classic confusion: an HMAC under the bytes of the public key is refused."""
    forged = jwt.encode(dict(ASSERTION_CLAIMS), KEY.public.raw, "HS256", {"typ": "client-authentication+jwt"})

    assert refusal_of_assertion(forged) == "client-algorithm"


def test_another_key_does_not_sign_for_a_member() -> None:
    """A signature by any other key is refused, whether or not the header names the right one."""
    assert refusal_of_assertion(forge(ASSERTION_HEADER, ASSERTION_CLAIMS, OTHER_KEY)) == "client-signature"
    assert refusal_of_assertion(assertion({"kid": OTHER_KEY.key_id})) == "client-key"


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["exp"]},
        {"b64": False},
        {"b64": True},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": []},
        {"jwk": OTHER_KEY.public.jwk},
    ],
)
def test_a_header_never_brings_its_own_key(extra: dict[str, Json]) -> None:
    """Rule 6: jku, x5u and an embedded key are not honoured, nor is any critical extension."""
    assert refusal_of_assertion(assertion(extra)) == "client-malformed"


def test_the_signature_is_over_the_bytes_as_sent() -> None:
    """Rule 7: padded or otherwise altered base64url is refused, not read generously."""
    made = assertion()
    header, claims, signature = made.split(".")

    for altered in (
        f"{header}=.{claims}.{signature}",
        f"{header}.{claims}.{signature}==",
        f"{header}.{claims}\n.{signature}",
        f"{header}.{claims}.{signature}.",
        f"{header}.{claims}",
        f"{header}..{signature}",
        f"{header}.{claims}.",
        f" {made}",
        f"é.{claims}.{signature}",
        f"{header}.{b64u(b'[1]')}.{signature}",
        f"{header}.{b64u(b'{')}.{signature}",
        made + "x" * 2_048,
        "",
    ):
        assert refusal_of_assertion(altered) == "client-malformed"


def test_a_claim_given_twice_is_refused() -> None:
    """Two readers could take different ones of two values."""
    twice = b64u(b'{"aud":"https://hub.example","aud":"https://hub.example"}')

    assert refusal_of_assertion(f"{b64u(encode(ASSERTION_HEADER))}.{twice}.AA") == "client-malformed"


@given(place=st.integers(min_value=0), bit=st.integers(0, 6))
def test_every_flipped_bit_of_an_assertion_is_refused(place: int, bit: int) -> None:
    """No character of an assertion can be changed; what is refused is refused with a typed error."""
    made = make_client_assertion(KENT, ISSUER, KEY, NOW, "jti-1")
    at = place % len(made)
    changed = made[:at] + chr(ord(made[at]) ^ 1 << bit) + made[at + 1 :]

    with pytest.raises((MalformedMessage, Untrusted)):
        check_client_assertion(changed, ISSUER, KEY.public, NOW)


def test_every_truncation_of_an_assertion_and_a_token_is_refused() -> None:
    """A part of a token is no token."""
    made, issued = assertion(), issue_access_token(CLAIMS, HUB_KEY)

    for length in range(len(made)):
        assert refusal_of_assertion(made[:length]).startswith("client-")
    for length in range(len(issued)):
        assert refusal_of_token(issued[:length]).startswith("access-")


def test_an_issued_token_says_what_was_written() -> None:
    """Issue and check are two ends of one thing."""
    checked = check_access_token(issue_access_token(CLAIMS, HUB_KEY), ISSUER, ISSUER, HUB_KEY.public, NOW)

    assert (checked.client, checked.scopes, checked.key_id) == (KENT, CLAIMS.scopes, KEY.key_id)
    assert (checked.issued_at, checked.expires_at) == (CLAIMS.issued_at, CLAIMS.expires_at)
    assert checked.jti == "token-1"


def test_an_issued_token_has_the_published_form() -> None:
    """The bytes of a token for known keys and claims are fixed (RFC 9068, RFC 9449 section 6)."""
    assert issue_access_token(CLAIMS, HUB_KEY) == forge(TOKEN_HEADER, TOKEN_CLAIMS, HUB_KEY)


def test_an_issued_token_is_read_by_pyjwt() -> None:
    """An independent reader verifies our signature and finds the claims."""
    issued = issue_access_token(CLAIMS, HUB_KEY)
    signatures = jwt.PyJWS()
    signatures.register_algorithm("Ed25519", jwt.algorithms.OKPAlgorithm())

    read = signatures.decode_complete(
        issued, Ed25519PublicKey.from_public_bytes(HUB_KEY.public.raw), algorithms=["Ed25519"]
    )

    assert read["payload"] == encode(TOKEN_CLAIMS)
    assert read["header"]["typ"] == "at+jwt"


@given(scopes=st.frozensets(st.sampled_from(sorted(SCOPES)), min_size=1), life=st.integers(1, 600))
def test_every_issued_token_comes_back(scopes: frozenset[str], life: int) -> None:
    """Round trip over all scopes and lives."""
    claims = replace(CLAIMS, scopes=scopes, expires_at=NOW + timedelta(seconds=life))

    checked = check_access_token(issue_access_token(claims, HUB_KEY), ISSUER, ISSUER, HUB_KEY.public, NOW)

    assert (checked.scopes, checked.expires_at) == (scopes, claims.expires_at)


@pytest.mark.parametrize(
    ("header", "claims", "code"),
    [
        ({"typ": "JWT"}, {}, "access-type"),
        ({"typ": "client-authentication+jwt"}, {}, "access-type"),
        ({"alg": "EdDSA"}, {}, "access-algorithm"),
        ({"alg": "none"}, {}, "access-algorithm"),
        ({"alg": "HS256"}, {}, "access-algorithm"),
        ({"kid": KEY.key_id}, {}, "access-key"),
        ({"kid": "../../etc/passwd"}, {}, "access-key"),
        ({"jku": "https://evil.example"}, {}, "access-malformed"),
        ({"jwk": KEY.public.jwk}, {}, "access-malformed"),
        ({"crit": []}, {}, "access-malformed"),
        ({}, {"iss": "https://elsewhere.example"}, "access-issuer"),
        ({}, {"iss": None}, "access-issuer"),
        ({}, {"aud": "https://elsewhere.example"}, "access-audience"),
        ({}, {"aud": [ISSUER]}, "access-audience"),
        ({}, {"exp": SECOND}, "access-expired"),
        ({}, {"exp": None}, "access-malformed"),
        ({}, {"iat": SECOND + 61}, "access-early"),
        ({}, {"iat": None}, "access-malformed"),
        ({}, {"cnf": None}, "access-malformed"),
        ({}, {"cnf": {}}, "access-malformed"),
        ({}, {"cnf": {"jkt": "short"}}, "access-malformed"),
        ({}, {"cnf": {"jkt": 7}}, "access-malformed"),
        ({}, {"client_id": "mbr_medway"}, "access-malformed"),
        ({}, {"scope": ["inbox:read"]}, "access-malformed"),
        ({}, {"scope": ""}, "access-malformed"),
        ({}, {"jti": None}, "access-malformed"),
    ],
)
def test_a_token_that_is_not_ours_is_refused(
    header: dict[str, Json], claims: dict[str, Json], code: str
) -> None:
    """Every member of an access token is checked: even our own signature does not excuse one."""
    assert refusal_of_token(token(header, claims)) == code


def test_a_token_of_another_signer_is_refused() -> None:
    """Only the hub's own key issues access tokens."""
    assert refusal_of_token(forge(TOKEN_HEADER, TOKEN_CLAIMS, OTHER_KEY)) == "access-signature"
    assert refusal_of_token(token(), key=OTHER_KEY.public) == "access-key"


def test_a_short_signature_is_refused() -> None:
    """A signature of the wrong length is no signature."""
    header, claims, _ = token().split(".")

    assert refusal_of_token(f"{header}.{claims}.AAAA") == "access-signature"


def test_an_assertion_is_no_token_and_a_token_no_assertion() -> None:
    """One kind of signed thing never passes for another."""
    assert refusal_of_token(assertion(), key=KEY.public) == "access-type"
    issued = forge({**TOKEN_HEADER, "kid": KEY.key_id}, {**TOKEN_CLAIMS, "exp": SECOND + 60}, KEY)
    assert refusal_of_assertion(issued) == "client-type"


def test_errors_never_quote_a_value() -> None:
    """What a message says may be personal: the text of a refusal holds none of it."""
    secret = "Ozymandias"
    for text in (
        assertion(claims={"aud": secret}),
        assertion(claims={"iss": secret, "sub": secret}),
        assertion(claims={"jti": secret + "\n"}),
        assertion({"typ": secret}),
        assertion({"kid": secret}),
    ):
        with pytest.raises(ProtocolError) as refused:
            check_client_assertion(text, ISSUER, KEY.public, NOW)
        assert secret not in str(refused.value)


def test_the_kind_of_assertion_is_that_of_the_standard() -> None:
    """RFC 7523 section 2.2 gives the value of client_assertion_type."""
    assert ASSERTION_KIND == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def test_a_token_remembers_the_key_that_asked_for_it() -> None:
    """A token asked for with a key of its own names that key: it ends when that key is revoked."""
    asked = issue_access_token(replace(CLAIMS, asked_with=HUB_KEY.key_id), HUB_KEY)
    assert check_access_token(asked, ISSUER, ISSUER, HUB_KEY.public, NOW).asked_with == HUB_KEY.key_id
    assert check_access_token(token(), ISSUER, ISSUER, HUB_KEY.public, NOW).asked_with is None
