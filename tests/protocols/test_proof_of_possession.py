"""DPoP proofs: the standard's own examples, and every way of being refused (RFC 9449 section 4.3)."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.access import Nonces, check_proof, make_proof, token_hash
from hub.protocols.canonical import Json, b64u, encode, unb64u
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.keys import SigningKey
from hub.protocols.limits import CLOCK_SKEW, PROOF_AGE
from hub.protocols.proof_of_possession import NONCE_SECONDS, REPLAY_AGE, same_address

NOW: Final = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SECOND: Final = int(NOW.timestamp())
URL: Final = "https://hub.example/v1/inbox"
TOKEN: Final = "header.claims.signature"
KEY: Final = SigningKey.from_seed(bytes(range(32)))
OTHER_KEY: Final = SigningKey.from_seed(bytes(range(1, 33)))
FIGURES: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "dpop" / "rfc9449-figures.json").read_text()
)
HEADER: Final[dict[str, Json]] = {"alg": "Ed25519", "jwk": KEY.public.jwk, "typ": "dpop+jwt"}
CLAIMS: Final[dict[str, Json]] = {
    "ath": token_hash(TOKEN),
    "htm": "GET",
    "htu": URL,
    "iat": SECOND,
    "jti": "once",
}


def forge(header: dict[str, Json], claims: dict[str, Json], key: SigningKey = KEY) -> str:
    """Sign anything under any header."""
    signed = f"{b64u(encode(header))}.{b64u(encode(claims))}"
    return f"{signed}.{b64u(key.sign(signed.encode()))}"


def proof(header: Mapping[str, Json] | None = None, claims: Mapping[str, Json] | None = None) -> str:
    """A proof that is right except for what is given."""
    return forge({**HEADER, **(header or {})}, {**CLAIMS, **(claims or {})})


def without(claim: str) -> str:
    """A proof that lacks one claim."""
    return forge(HEADER, {name: value for name, value in CLAIMS.items() if name != claim})


def refusal(
    text: str,
    method: str = "GET",
    url: str = URL,
    now: datetime = NOW,
    access_token: str | None = TOKEN,
) -> str:
    """The code with which a proof is refused."""
    with pytest.raises(ProtocolError) as refused:
        check_proof(text, method, url, now, access_token)
    return refused.value.code


def test_a_proof_holds_for_its_request() -> None:
    """A proof for this method, address, token and moment names its key and can be used once."""
    made = make_proof("GET", URL, KEY, NOW, "jti-1", TOKEN)

    checked = check_proof(made, "GET", URL, NOW, TOKEN)

    assert (checked.key_id, checked.jti, checked.issued_at) == (KEY.key_id, "jti-1", NOW)


def test_a_proof_has_the_published_form() -> None:
    """The bytes of a proof for a known key and request are fixed."""
    assert make_proof("GET", URL, KEY, NOW, "once", TOKEN) == forge(HEADER, CLAIMS)


@pytest.mark.parametrize("figure", ["token_request", "resource_request"])
def test_the_examples_of_the_standard_hold(figure: str) -> None:
    """RFC 9449 figures 2 and 13, signed with ES256, verify at their own moment."""
    example = FIGURES[figure]

    checked = check_proof(
        example["proof"],
        example["htm"],
        example["htu"],
        datetime.fromtimestamp(example["iat"], UTC),
        example.get("access_token"),
    )

    assert checked.key_id == FIGURES["jkt"]


def test_the_token_hash_is_that_of_the_standard() -> None:
    """RFC 9449 figure 12 gives `ath` for its access token."""
    example = FIGURES["resource_request"]

    assert token_hash(example["access_token"]) == example["ath"]


@pytest.mark.parametrize("figure", ["token_request", "resource_request"])
def test_an_altered_example_is_refused(figure: str) -> None:
    """Every ES256 signature is checked: another signature over the same bytes does not do."""
    example = FIGURES[figure]
    head, _, signature = example["proof"].rpartition(".")
    raw = unb64u(signature)
    moment = datetime.fromtimestamp(example["iat"], UTC)

    for altered in (raw[::-1], raw[:-1], raw + b"\0", bytes(64), b""):
        text = f"{head}.{b64u(altered)}"
        expected = "dpop-signature" if altered else "dpop-malformed"
        assert refusal(text, example["htm"], example["htu"], moment, None) == expected


@pytest.mark.parametrize("algorithm", ["Ed25519", "EdDSA"])
def test_both_names_of_the_algorithm_are_taken(algorithm: str) -> None:
    """Most software still sends the older name of RFC 8037 for the same signature."""
    assert check_proof(proof({"alg": algorithm}), "GET", URL, NOW, TOKEN).key_id == KEY.key_id


def test_proofs_by_pyjwt_hold() -> None:
    """Proofs made with a library of others, for both families of keys, are accepted."""
    claims = dict(CLAIMS)
    okp = Ed25519PrivateKey.from_private_bytes(KEY.seed)
    jwk = jwt.algorithms.OKPAlgorithm.to_jwk(okp.public_key(), as_dict=True)
    first = jwt.encode(claims, okp, "EdDSA", {"typ": "dpop+jwt", "jwk": jwk})
    p256 = ec.generate_private_key(ec.SECP256R1())
    jwk = jwt.algorithms.ECAlgorithm.to_jwk(p256.public_key(), as_dict=True)
    second = jwt.encode(claims, p256, "ES256", {"typ": "dpop+jwt", "jwk": jwk})

    assert check_proof(first, "GET", URL, NOW, TOKEN).key_id == KEY.key_id
    assert check_proof(second, "GET", URL, NOW, TOKEN).jti == "once"


def test_query_and_fragment_are_no_part_of_the_address() -> None:
    """RFC 9449 4.2: htu is the address without query and fragment, on both sides."""
    made = make_proof("GET", f"{URL}?wait=20#top", KEY, NOW, "jti-1", TOKEN)

    assert check_proof(made, "GET", URL, NOW, TOKEN).jti == "jti-1"
    assert check_proof(proof(claims={"htu": f"{URL}?wait=20"}), "GET", URL, NOW, TOKEN).jti == "once"


@pytest.mark.parametrize(
    "typ", ["JWT", "jwt", "dpop+JWT", "at+jwt", "client-authentication+jwt", "", None, 1]
)
def test_only_a_proof_is_a_proof(typ: Json) -> None:
    """Rule 2: typ is dpop+jwt, whatever else is right."""
    assert refusal(proof({"typ": typ})) == "dpop-type"


@pytest.mark.parametrize(
    "algorithm", ["none", "NONE", "HS256", "HS512", "RS256", "PS256", "ES384", "ES256K", "Ed448", None, 1, []]
)
def test_only_listed_algorithms_prove(algorithm: Json) -> None:
    """Rule 2: none, shared secrets and families that are not on the list are refused."""
    assert refusal(proof({"alg": algorithm})) == "dpop-algorithm"


def test_the_algorithm_fits_the_family_of_the_key() -> None:
    """Rule 2: an Ed25519 key does not go with ES256, nor a P-256 key with EdDSA."""
    assert refusal(proof({"alg": "ES256"})) == "dpop-key"
    assert refusal(proof({"jwk": FIGURES["jwk"]})) == "dpop-key"


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"])
@pytest.mark.parametrize("value", [None, "", "AAAA"])
def test_a_key_with_a_private_member_is_refused(member: str, value: Json) -> None:
    """Rule 2: whoever sends a private key has lost it, even where the value is null."""
    assert refusal(proof({"jwk": {**KEY.public.jwk, member: value}})) == "dpop-key"


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "OKP", "crv": "Ed448", "x": b64u(bytes(57))},
        {"kty": "OKP", "crv": "X25519", "x": b64u(bytes(32))},
        {"kty": "oct", "crv": "Ed25519", "x": b64u(bytes(32))},
        {"kty": "OKP", "crv": "Ed25519"},
        {"kty": "OKP", "crv": "Ed25519", "x": 7},
        {"kty": "OKP", "crv": "Ed25519", "x": b64u(bytes(31))},
        {"kty": "OKP", "crv": "Ed25519", "x": b64u(bytes(32)) + "="},
        {},
    ],
)
def test_a_key_of_another_kind_is_refused(jwk: dict[str, Json]) -> None:
    """Rule 2: family and curve are exactly those of the algorithm, and the key is whole."""
    assert refusal(proof({"jwk": jwk})) == "dpop-key"


@pytest.mark.parametrize(
    "change",
    [
        {"crv": "P-384"},
        {"kty": "OKP"},
        {"x": None},
        {"y": 7},
        {"x": b64u(bytes(31))},
        {"y": b64u(b"\x01" * 32)},
    ],
)
def test_a_broken_p256_key_is_refused(change: dict[str, Json]) -> None:
    """A point that is not on the curve, or not whole, is no key."""
    assert refusal(proof({"alg": "ES256", "jwk": {**FIGURES["jwk"], **change}})) == "dpop-key"


@pytest.mark.parametrize(
    "mark", [{"use": "enc"}, {"key_ops": ["sign"]}, {"key_ops": "verify"}, {"alg": "ES256"}, {"alg": []}]
)
def test_a_key_meant_for_something_else_is_refused(mark: dict[str, Json]) -> None:
    """Rule 7: what a key says of its own use is heeded."""
    assert refusal(proof({"jwk": {**KEY.public.jwk, **mark}})) == "dpop-key"


def test_a_key_may_say_that_it_is_for_this() -> None:
    """Marks that agree, and a kid, do no harm."""
    marks: dict[str, Json] = {"use": "sig", "key_ops": ["verify"], "alg": "EdDSA", "kid": "my key"}

    assert check_proof(proof({"jwk": {**KEY.public.jwk, **marks}}), "GET", URL, NOW, TOKEN).jti == "once"


@pytest.mark.parametrize("jwk", [None, "key", [KEY.public.jwk], 7])
def test_a_proof_carries_its_key(jwk: Json) -> None:
    """A header without a key is no header of a proof."""
    assert refusal(proof({"jwk": jwk})) == "dpop-malformed"


@pytest.mark.parametrize(
    "extra", [{"crit": ["htm"]}, {"b64": False}, {"jku": "https://evil.example"}, {"x5u": "x"}, {"x5c": []}]
)
def test_a_header_does_not_steer_the_reader(extra: dict[str, Json]) -> None:
    """Rule 6: nothing outside the proof is fetched, no extension is understood."""
    assert refusal(proof(extra)) == "dpop-malformed"


def test_the_signature_is_by_the_key_inside() -> None:
    """A signature by another key, or over other claims, does not hold."""
    header, _, signature = proof().split(".")
    assert refusal(forge(HEADER, CLAIMS, OTHER_KEY)) == "dpop-signature"
    assert refusal(f"{header}.{b64u(encode({**CLAIMS, 'jti': 'twice'}))}.{signature}") == "dpop-signature"
    assert refusal(f"{header}.{b64u(encode(CLAIMS))}.{signature[:40]}") == "dpop-signature"


@pytest.mark.parametrize("claim", ["jti", "htm", "htu", "iat"])
def test_a_required_claim_is_there(claim: str) -> None:
    """Rule 8: a proof without one of its claims is refused."""
    assert refusal(without(claim)) == "dpop-malformed"


@pytest.mark.parametrize(
    "claims",
    [
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 129},
        {"jti": "line\n"},
        {"htm": 7},
        {"htm": ""},
        {"htu": None},
        {"htu": [URL]},
        {"iat": "now"},
        {"iat": True},
        {"iat": -1},
        {"iat": 253_402_300_800},
    ],
)
def test_a_claim_has_its_form(claims: dict[str, Json]) -> None:
    """Rule 2: claims are bounded and of their type; anything else is a typed error."""
    assert refusal(proof(claims=claims)) == "dpop-malformed"


@pytest.mark.parametrize("method", ["POST", "get", "Get", "GET ", "HEAD"])
def test_the_method_is_exact(method: str) -> None:
    """Rule 2: htm is the method of the request, letter for letter."""
    assert refusal(proof(claims={"htm": method})) == "dpop-method"
    assert refusal(proof(), method=method) == "dpop-method"


@pytest.mark.parametrize(
    "address",
    [
        "https://hub.example/v1/notices",
        "https://hub.example/v1/inbox/",
        "https://hub.example/V1/inbox",
        "https://hub.example//v1/inbox",
        "https://hub.example/v1/../v1/inbox",
        "https://hub.example/v1/%69nbox",
        "http://hub.example/v1/inbox",
        "https://hub.example:8443/v1/inbox",
        "https://evil.example/v1/inbox",
        "https://hub.example.evil.example/v1/inbox",
        "https://hub.example@evil.example/v1/inbox",
        "https://user@hub.example/v1/inbox",
        "https://hub.example\\@evil.example/v1/inbox",
        "https://hub.exa\tmple/v1/inbox",
        "https://hub.example:port/v1/inbox",
        "https://[hub.example/v1/inbox",
        "https:///v1/inbox",
        "ftp://hub.example/v1/inbox",
        "/v1/inbox",
        "hub.example/v1/inbox",
    ],
)
def test_another_address_is_refused(address: str) -> None:
    """Rule 2: a proof for another place is worthless here, however alike the place is spelt."""
    assert refusal(proof(claims={"htu": address})) == "dpop-address"


@pytest.mark.parametrize(
    ("claimed", "url"),
    [
        ("HTTPS://Hub.Example/v1/inbox", URL),
        ("https://hub.example:443/v1/inbox", URL),
        ("http://127.0.0.1:80/v1/inbox", "http://127.0.0.1/v1/inbox"),
        ("https://hub.example", "https://hub.example/"),
    ],
)
def test_the_same_address_in_another_spelling_is_the_same(claimed: str, url: str) -> None:
    """RFC 9449 4.3: letter case of the host and the default port make no difference."""
    assert same_address(claimed, url)


@given(text=st.text(max_size=60))
def test_no_text_makes_the_comparison_of_addresses_fail(text: str) -> None:
    """Whatever a proof claims, comparing it gives an answer; and only this address is this address."""
    assert same_address(text, URL) == (text == URL)


def test_a_proof_is_good_for_two_minutes() -> None:
    """Rule 2: the oldest second that is accepted, and the one after."""
    made = proof()
    check_proof(made, "GET", URL, NOW + PROOF_AGE, TOKEN)

    assert refusal(made, now=NOW + PROOF_AGE + timedelta(seconds=1)) == "dpop-stale"


def test_a_proof_from_the_future_is_borne_within_the_skew() -> None:
    """A clock that is ahead by the skew is borne; a second more is not."""
    made = proof()
    check_proof(made, "GET", URL, NOW - CLOCK_SKEW, TOKEN)

    assert refusal(made, now=NOW - CLOCK_SKEW - timedelta(seconds=1)) == "dpop-early"


def test_a_used_proof_is_kept_longer_than_it_could_be_accepted() -> None:
    """Rule 3: the replay entry outlives the window by the skew, counted from iat."""
    with pytest.raises(Untrusted, match="dpop-stale"):
        check_proof(proof(), "GET", URL, NOW + REPLAY_AGE - CLOCK_SKEW + timedelta(seconds=1), TOKEN)
    assert REPLAY_AGE == PROOF_AGE + CLOCK_SKEW


@pytest.mark.parametrize("claims", [{"ath": token_hash("another")}, {"ath": 7}, {"ath": ""}, {"ath": None}])
def test_a_proof_is_for_one_access_token(claims: dict[str, Json]) -> None:
    """Rule 2: ath is required with a token and is the hash of that token."""
    assert refusal(proof(claims=claims)) == "dpop-token"
    assert refusal(without("ath")) == "dpop-token"


def test_the_hash_of_the_token_may_be_given_instead() -> None:
    """A caller that knows the hash already gives it; it is checked all the same."""
    check_proof(proof(), "GET", URL, NOW, access_token_hash=token_hash(TOKEN))
    with pytest.raises(Untrusted, match="dpop-token"):
        check_proof(proof(), "GET", URL, NOW, access_token_hash=token_hash("another"))


def test_a_token_request_needs_no_token_hash() -> None:
    """Where no access token is shown yet, none is asked for."""
    made = make_proof("POST", "https://hub.example/oauth/token", KEY, NOW, "jti-1")

    assert check_proof(made, "POST", "https://hub.example/oauth/token", NOW).jti == "jti-1"


@given(place=st.integers(min_value=0), bit=st.integers(0, 6))
def test_every_flipped_bit_is_refused(place: int, bit: int) -> None:
    """No character of a proof can be changed; what is refused is refused with a typed error."""
    made = proof()
    at = place % len(made)
    changed = made[:at] + chr(ord(made[at]) ^ 1 << bit) + made[at + 1 :]

    with pytest.raises((MalformedMessage, Untrusted)):
        check_proof(changed, "GET", URL, NOW, TOKEN)


def test_every_truncation_is_refused() -> None:
    """A part of a proof is no proof, nor is a very long text."""
    made = proof()
    for length in range(len(made)):
        assert refusal(made[:length]).startswith("dpop-")
    assert refusal(made + "A" * 2_048) == "dpop-malformed"


@given(text=st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever stands in the header, the answer is a typed error."""
    assert refusal(text).startswith("dpop-")
    assert refusal(f"{b64u(text.encode(errors='replace'))}.e30.AA").startswith("dpop-")


def test_a_nonce_is_asked_for_where_one_is_required() -> None:
    """Rule 4: without the hub's nonce, or with another, a proof is refused."""
    nonces = Nonces(bytes(32))
    nonce = nonces.issue(NOW)

    def accepted(offered: str) -> bool:
        return nonces.accept(offered, NOW)

    good = make_proof("GET", URL, KEY, NOW, "jti-1", TOKEN, nonce)
    assert check_proof(good, "GET", URL, NOW, TOKEN, accepted).jti == "jti-1"
    for claims in ({}, {"nonce": "guess"}, {"nonce": 7}, {"nonce": ""}, {"nonce": "é"}):
        with pytest.raises(Untrusted, match="dpop-nonce"):
            check_proof(proof(claims=claims), "GET", URL, NOW, TOKEN, accepted)


def test_a_nonce_is_good_for_its_five_minutes_and_the_next() -> None:
    """Rule 4: no caller is surprised by a change in mid-flight, and none can stock proofs."""
    nonces = Nonces(bytes(32))
    nonce = nonces.issue(NOW)  # 09:00 begins a turn
    turn = timedelta(seconds=NONCE_SECONDS)
    second = timedelta(seconds=1)

    assert nonces.accept(nonce, NOW + 2 * turn - second)
    assert not nonces.accept(nonce, NOW + 2 * turn)
    assert not nonces.accept(nonce, NOW - second)
    assert nonces.issue(NOW + turn) != nonce


def test_a_nonce_is_the_hubs_own() -> None:
    """Nobody without the secret makes a nonce, and a secret is long enough not to be guessed."""
    assert not Nonces(b"\1" * 32).accept(Nonces(bytes(32)).issue(NOW), NOW)
    with pytest.raises(MalformedMessage, match="nonce-secret"):
        Nonces(bytes(31))


def test_errors_never_quote_a_value() -> None:
    """What a proof says may be personal: the text of a refusal holds none of it."""
    secret = "Ozymandias"
    for claims in ({"htu": f"https://hub.example/{secret}"}, {"htm": secret}, {"jti": secret + "\n"}):
        with pytest.raises(ProtocolError) as refused:
            check_proof(proof(claims=claims), "GET", URL, NOW, TOKEN)
        assert secret not in str(refused.value)
