"""A webhook is believed from who signed it, for five minutes; a secret is exchanged without a gap."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.signature_keys import SigningKey
from hub.protocols.webhook import (
    TOLERANCE,
    Believed,
    Signers,
    check_webhook,
    public_text,
    read_secret,
    secret_text,
    webhook_headers,
)

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
SECRET, OTHER = bytes(range(32)), bytes(range(1, 33))
KEY, OTHER_KEY = SigningKey.from_seed(SECRET), SigningKey.from_seed(OTHER)
BODY = b'{"type":"inbox.delivery","data":{"item":"dis_1"}}'
BOTH = Signers((SECRET,), (KEY,))


def test_the_published_example_has_the_published_signature() -> None:
    """The example of the standard's own libraries, so that a receiver's library reads ours."""
    secret = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)
    body = b'{"test": 2432232314}'
    headers = webhook_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, body, Signers((secret,)))
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_either_signature_is_enough() -> None:
    """A receiver may know only the secret, or only the key."""
    headers = webhook_headers("evt_1", AT, BODY, BOTH)
    assert check_webhook(headers, BODY, Believed(secrets=(SECRET,)), AT) == "evt_1"
    assert check_webhook(headers, BODY, Believed(keys=(KEY.public,)), AT) == "evt_1"


def test_while_a_secret_is_exchanged_old_and_new_are_believed() -> None:
    """The sender signs with both, so the receiver changes when it likes."""
    headers = webhook_headers("evt_1", AT, BODY, Signers((OTHER, SECRET), (OTHER_KEY, KEY)))
    for believed in (Believed((SECRET,)), Believed((OTHER,)), Believed(keys=(KEY.public,))):
        assert check_webhook(headers, BODY, believed, AT) == "evt_1"


@pytest.mark.parametrize("believed", [Believed(), Believed((OTHER,)), Believed(keys=(OTHER_KEY.public,))])
def test_a_message_by_somebody_else_is_not_believed(believed: Believed) -> None:
    """Nor one by a key of the other kind."""
    headers = webhook_headers("evt_1", AT, BODY, BOTH)
    with pytest.raises(Untrusted, match="webhook-signature"):
        check_webhook(headers, BODY, believed, AT)


@pytest.mark.parametrize("apart", [TOLERANCE + timedelta(seconds=1), -TOLERANCE - timedelta(seconds=1)])
def test_an_old_message_and_an_early_one_are_replays(apart: timedelta) -> None:
    """Five minutes either way, as the standard has it."""
    headers = webhook_headers("evt_1", AT, BODY, BOTH)
    with pytest.raises(Untrusted, match="webhook-time"):
        check_webhook(headers, BODY, Believed((SECRET,)), AT + apart)
    assert check_webhook(headers, BODY, Believed((SECRET,)), AT + TOLERANCE) == "evt_1"


@given(where=st.sampled_from(["webhook-id", "webhook-timestamp", "body"]), at=st.integers(0, 200))
def test_nothing_of_a_message_can_be_changed(where: str, at: int) -> None:
    """Id, instant and body are all signed."""
    headers, body = webhook_headers("evt_1", AT, BODY, BOTH), BODY
    if where == "body":
        body = BODY[: at % len(BODY)]
    else:
        headers[where] = headers[where][: at % len(headers[where])]
    with pytest.raises(ProtocolError):
        check_webhook(headers, body, Believed((SECRET,), (KEY.public,)), AT)


@pytest.mark.parametrize("signature", ["", "v1", "v1,", "v1,%%%", "v2,AAAA", "v1a,AAAA", "AAAA v1,AAAA"])
def test_a_signature_of_another_form_is_none(signature: str) -> None:
    """Versions that are not known here are looked past."""
    headers = {**webhook_headers("evt_1", AT, BODY, BOTH), "webhook-signature": signature}
    with pytest.raises(Untrusted, match="webhook-signature"):
        check_webhook(headers, BODY, Believed((SECRET,), (KEY.public,)), AT)


def test_more_signatures_than_a_header_needs_are_not_looked_at() -> None:
    """Each costs the receiver work."""
    right = webhook_headers("evt_1", AT, BODY, Signers((SECRET,)))
    late = {**right, "webhook-signature": "v2,x " * 8 + right["webhook-signature"]}
    with pytest.raises(Untrusted, match="webhook-signature"):
        check_webhook(late, BODY, Believed((SECRET,)), AT)


@pytest.mark.parametrize(
    "wrong", [{"webhook-timestamp": "soon"}, {"webhook-timestamp": "9" * 30}, {"webhook-timestamp": None}]
)
def test_headers_of_another_form_are_refused(wrong: dict[str, str | None]) -> None:
    """Or those that are not there."""
    headers = {**webhook_headers("evt_1", AT, BODY, BOTH), **wrong}
    present = {name: value for name, value in headers.items() if value is not None}
    with pytest.raises(MalformedMessage, match="webhook-headers"):
        check_webhook(present, BODY, Believed((SECRET,)), AT)


@pytest.mark.parametrize("message", ["evt.1", "evt\n1", "evt_é"])
def test_an_id_that_could_be_read_otherwise_is_refused(message: str) -> None:
    """The signed text is divided by points."""
    with pytest.raises(MalformedMessage, match="webhook-id"):
        webhook_headers(message, AT, BODY, BOTH)


def test_a_message_that_nobody_signs_is_not_made() -> None:
    """Its receiver could only believe it blindly."""
    with pytest.raises(MalformedMessage, match="webhook-unsigned"):
        webhook_headers("evt_1", AT, BODY, Signers())


def test_secrets_and_public_keys_are_written_as_the_standard_has_them() -> None:
    """With their prefixes; what is shorter than 24 bytes, or no base64, is no secret."""
    assert secret_text(SECRET).startswith("whsec_")
    assert read_secret(secret_text(SECRET)) == SECRET
    assert public_text(KEY.public).startswith("whpk_")
    for text in ("whsec_AAAA", "whsec_%", "whsec_" + "A" * 100):
        with pytest.raises(MalformedMessage, match="webhook-secret"):
            read_secret(text)
