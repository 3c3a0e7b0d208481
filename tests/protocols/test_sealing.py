"""Sealed parts and key boxes: one size, two digests, and nothing for whom they are not meant."""

import os
import re
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.canonical import Json, b64u, digest, encode
from hub.protocols.errors import MalformedMessage, ProtocolError, Untrusted
from hub.protocols.jwe import seal_jwe
from hub.protocols.keys import SealingKey
from hub.protocols.limits import KEY_BOX_BYTES, PART_BYTES
from hub.protocols.names import NoticeId, Part
from hub.protocols.sealing import (
    SealedPart,
    box_key_id,
    box_length,
    check_box_form,
    check_part_form,
    new_part_keys,
    open_box,
    open_part,
    part_digest,
    seal_box,
    seal_part,
    unwrap_secret,
    wrap_secret,
)
from hub.protocols.suites import CLASSICAL, HYBRID, SUITES
from tests.protocols.mutations import assert_text_guarded

CONTENT_KEY, SALT, NONCE = bytes(range(32)), bytes(range(32, 64)), bytes(range(12))
FACTS: Json = {"given": "Made", "family": "Up", "born": "2009-04-01"}
NOTICE = NoticeId("ntc_01k00000000000000000000000")
OTHER_NOTICE = NoticeId("ntc_01k00000000000000000000001")
KEYS = {suite_id: SealingKey.from_seed(suite_id, bytes(range(32))) for suite_id in SUITES}
PART_KEYS = {part: bytes([place]) * 32 for place, part in enumerate(Part)}


def sealed(part: Part = Part.IDENTITY, facts: Json = FACTS) -> SealedPart:
    """Return a part sealed under the keys of these tests."""
    return seal_part(part, facts, CONTENT_KEY, SALT, NONCE)


@pytest.mark.parametrize("part", Part)
def test_facts_come_back_to_who_has_the_key(part: Part) -> None:
    """Every kind of part opens under its content key and the digest that the manifest names."""
    made = seal_part(part, {"a": "b"}, CONTENT_KEY, SALT, NONCE)
    assert open_part(part, made.jwe, CONTENT_KEY, made.plain_digest) == {"a": "b"}
    assert made.cipher_digest == part_digest(made.jwe) == digest(made.jwe.encode())


@pytest.mark.parametrize("part", Part)
def test_padding_looks_like_facts_from_outside(part: Part) -> None:
    """An absent part has the length and the header of one that is full to the brim."""
    room = PART_BYTES[part] - len(encode({"facts": "", "salt": b64u(SALT)}))
    full = seal_part(part, "x" * room, CONTENT_KEY, SALT, NONCE)
    absent = seal_part(part, None, CONTENT_KEY, SALT, NONCE)
    assert len(full.jwe) == len(absent.jwe)
    assert full.jwe.split(".")[0] == absent.jwe.split(".")[0]
    assert open_part(part, absent.jwe, CONTENT_KEY, absent.plain_digest) is None
    with pytest.raises(MalformedMessage, match="part-long"):
        seal_part(part, "x" * (room + 1), CONTENT_KEY, SALT, NONCE)


def test_the_same_facts_have_another_digest_under_another_salt() -> None:
    """The plaintext digest cannot be guessed at from likely facts."""
    other = seal_part(Part.IDENTITY, FACTS, CONTENT_KEY, bytes(32), NONCE)
    assert other.plain_digest != sealed().plain_digest


def test_another_key_opens_nothing() -> None:
    """A part stays shut for another key, and for what is no key at all."""
    for key in (bytes(32), b"short"):
        with pytest.raises(Untrusted, match="part-unreadable"):
            open_part(Part.IDENTITY, sealed().jwe, key, sealed().plain_digest)


def test_a_part_that_holds_other_facts_than_the_manifest_says_is_refused() -> None:
    """A sender cannot promise one set of facts and deliver another."""
    other = sealed(facts={"given": "Other"})
    with pytest.raises(Untrusted, match="part-digest"):
        open_part(Part.IDENTITY, other.jwe, CONTENT_KEY, sealed().plain_digest)


def test_a_part_is_not_taken_for_another_kind() -> None:
    """Kinds of one size cannot be exchanged: the header binds the kind to the ciphertext."""
    made = seal_part(Part.SEND, FACTS, CONTENT_KEY, SALT, NONCE)
    with pytest.raises(MalformedMessage, match="part-malformed"):
        open_part(Part.CARE, made.jwe, CONTENT_KEY, made.plain_digest)
    relabelled = seal_part(Part.CARE, None, CONTENT_KEY, SALT, NONCE).jwe.split(".")[0]
    swapped = ".".join([relabelled, *made.jwe.split(".")[1:]])
    with pytest.raises(Untrusted, match="part-unreadable"):
        open_part(Part.CARE, swapped, CONTENT_KEY, made.plain_digest)


def test_the_form_is_checked_without_a_key() -> None:
    """The hub tells a part of the right form from one that is not, holding no key."""
    jwe = sealed().jwe
    check_part_form(Part.IDENTITY, jwe)
    head, wrapped, nonce, ciphertext, tag = jwe.split(".")
    for text in (
        "",
        jwe + "A",
        jwe + "\n",
        jwe[:-1],
        jwe[:-1] + "B",
        jwe.replace("..", ".AAAA."),
        ".".join([b64u(encode({"alg": "dir", "enc": "A256GCM"})), wrapped, nonce, ciphertext, tag]),
        ".".join([head, wrapped, nonce, ciphertext[:-4], tag]),
        ".".join([head, wrapped, nonce, ciphertext + "AAAA", tag]),
        ".".join([head, wrapped, nonce + "AAAA", ciphertext, tag]),
        ".".join([head, wrapped, nonce[:-1] + "=", ciphertext, tag]),
    ):
        with pytest.raises(MalformedMessage):
            check_part_form(Part.IDENTITY, text)


def _sealed_raw(plaintext: bytes) -> tuple[str, str]:
    """Return a part with this plaintext, sealed as a faulty sender would, and its digest."""
    head = sealed().jwe.split(".")[0]
    whole = AESGCM(CONTENT_KEY).encrypt(NONCE, plaintext, head.encode())
    return f"{head}..{b64u(NONCE)}.{b64u(whole[:-16])}.{b64u(whole[-16:])}", digest(plaintext)


@pytest.mark.parametrize(
    ("plaintext", "code"),
    [
        (b"", "json-malformed"),
        (b'{"facts":1}', "field-missing"),
        (b'{"facts":1,"salt":"AAAA"}', "binary-size"),
        (b'{"facts":1,"salt":"' + b64u(SALT).encode() + b'","x":1}', "field-unknown"),
        (b'{"facts": 1,"salt":"' + b64u(SALT).encode() + b'"}', "json-not-canonical"),
        (b"[]", "field-type"),
    ],
)
def test_what_lies_in_a_part_has_one_form(plaintext: bytes, code: str) -> None:
    """A sender's faulty contents are refused by name when the part is opened."""
    jwe, plain = _sealed_raw(plaintext.ljust(PART_BYTES[Part.IDENTITY]))
    with pytest.raises(MalformedMessage, match=code):
        open_part(Part.IDENTITY, jwe, CONTENT_KEY, digest(plaintext.ljust(PART_BYTES[Part.IDENTITY])))
    assert plain == digest(plaintext.ljust(PART_BYTES[Part.IDENTITY]))


def test_every_cut_and_every_changed_byte_of_a_part_is_refused() -> None:
    """No truncation and no flipped byte of a sealed part goes unnoticed."""
    made = sealed()
    assert_text_guarded(
        made.jwe, lambda changed: open_part(Part.IDENTITY, changed, CONTENT_KEY, made.plain_digest)
    )


def test_ten_keys_are_drawn_from_the_given_randomness() -> None:
    """Each part has a key of its own, 32 bytes of the randomness given."""
    keys = new_part_keys(os.urandom)
    assert set(keys) == set(Part)
    assert {len(key) for key in keys.values()} == {32}
    assert len(set(keys.values())) == len(Part)
    assert new_part_keys(bytes) == dict.fromkeys(Part, bytes(32))


@pytest.mark.parametrize("suite_id", SUITES)
@given(chosen=st.sets(st.sampled_from(Part)))
def test_a_box_gives_its_holder_exactly_the_keys_put_in(suite_id: str, chosen: set[Part]) -> None:
    """Any choice of keys comes back, no more and no less, and its number does not show."""
    key = KEYS[suite_id]
    given_keys = {part: PART_KEYS[part] for part in chosen}
    box = seal_box(given_keys, NOTICE, key.public)
    assert open_box(box, NOTICE, key) == given_keys
    assert len(box) == box_length(key.suite)
    assert box_key_id(box) == key.key_id
    check_box_form(box, key.suite)


def test_a_box_opens_for_its_key_and_its_notice_alone() -> None:
    """Another key, another notice and another suite's key are refused."""
    key = KEYS[HYBRID.id]
    box = seal_box(PART_KEYS, NOTICE, key.public)
    with pytest.raises(Untrusted, match="box-notice"):
        open_box(box, OTHER_NOTICE, key)
    with pytest.raises(Untrusted, match="key-unexpected"):
        open_box(box, NOTICE, SealingKey.generate(HYBRID.id))
    with pytest.raises(MalformedMessage, match="box-length"):
        open_box(box, NOTICE, KEYS[CLASSICAL.id])


def test_the_form_of_a_box_is_checked_without_a_key() -> None:
    """The hub refuses a box of another length, and one sealed with another suite of that length."""
    key = KEYS[CLASSICAL.id]
    box = seal_box(PART_KEYS, NOTICE, key.public)
    check_box_form(box, CLASSICAL)
    for text in ("", box + "A", box[:-1], "." * len(box), "A" * len(box)):
        with pytest.raises(MalformedMessage):
            check_box_form(text, CLASSICAL)
    other = seal_jwe(bytes(KEY_BOX_BYTES), "HPKE-0-KE", key.key_id, key.public.library, os.urandom)
    assert len(other) == len(box)
    with pytest.raises(Untrusted, match="box-suite"):
        check_box_form(other, CLASSICAL)


def _box_of(contents: Json) -> str:
    """Return a box with these contents, sealed as a faulty sender would."""
    key = KEYS[CLASSICAL.id]
    plaintext = encode(contents).ljust(KEY_BOX_BYTES)
    return seal_jwe(plaintext, CLASSICAL.jose_alg, key.key_id, key.public.library, os.urandom)


@pytest.mark.parametrize(
    ("contents", "code"),
    [
        ([], "field-type"),
        ({"keys": {}}, "field-missing"),
        ({"keys": {}, "notice": "x"}, "id-malformed"),
        ({"keys": {"identity": "AAAA"}, "notice": NOTICE}, "binary-size"),
        ({"keys": {"everything": b64u(bytes(32))}, "notice": NOTICE}, "field-unknown"),
        ({"keys": {}, "notice": NOTICE, "more": 1}, "field-unknown"),
    ],
)
def test_what_lies_in_a_box_has_one_form(contents: Json, code: str) -> None:
    """A sender's faulty contents are refused by name when the box is opened."""
    with pytest.raises(MalformedMessage, match=code):
        open_box(_box_of(contents), NOTICE, KEYS[CLASSICAL.id])


@pytest.mark.parametrize("suite_id", SUITES)
def test_every_cut_and_every_changed_byte_of_a_box_is_refused(suite_id: str) -> None:
    """No truncation and no flipped byte of a key box goes unnoticed."""
    key = KEYS[suite_id]
    box = seal_box(PART_KEYS, NOTICE, key.public)
    assert_text_guarded(box, lambda changed: open_box(changed, NOTICE, key))


@pytest.mark.parametrize("suite_id", SUITES)
def test_a_secret_comes_back_under_its_label_and_key(suite_id: str) -> None:
    """One secret reaches one member for one purpose, in a box like any other."""
    key = KEYS[suite_id]
    box = wrap_secret(b"secret", "for this", key.public)
    assert unwrap_secret(box, "for this", key) == b"secret"
    assert len(box) == box_length(key.suite)
    with pytest.raises(Untrusted, match="box-label"):
        unwrap_secret(box, "for that", key)
    with pytest.raises(Untrusted, match="key-unexpected"):
        unwrap_secret(box, "for this", SealingKey.generate(suite_id))


def test_a_box_of_keys_is_not_a_box_of_a_secret() -> None:
    """Neither is read as the other."""
    key = KEYS[CLASSICAL.id]
    with pytest.raises(MalformedMessage, match="field-missing"):
        unwrap_secret(seal_box({}, NOTICE, key.public), "for this", key)
    with pytest.raises(MalformedMessage, match="field-missing"):
        open_box(wrap_secret(b"secret", "for this", key.public), NOTICE, key)


def test_a_secret_box_with_something_more_is_refused() -> None:
    """An unknown field in a box of a secret is refused."""
    box = _box_of({"label": "l", "secret": "AAAA", "more": 1})
    with pytest.raises(MalformedMessage, match="field-unknown"):
        unwrap_secret(box, "l", KEYS[CLASSICAL.id])


def test_a_secret_that_does_not_fit_is_refused() -> None:
    """What does not fit into the one length is refused when sealing."""
    with pytest.raises(MalformedMessage, match="part-long"):
        wrap_secret(bytes(KEY_BOX_BYTES), "l", KEYS[CLASSICAL.id].public)


def test_every_cut_and_every_changed_byte_of_a_wrapped_secret_is_refused() -> None:
    """No truncation and no flipped byte of a wrapped secret goes unnoticed."""
    key = KEYS[CLASSICAL.id]
    box = wrap_secret(b"secret", "l", key.public)
    assert_text_guarded(box, lambda changed: unwrap_secret(changed, "l", key))


@given(st.text(max_size=100))
def test_random_text_is_refused_by_name(text: str) -> None:
    """No text makes a reader fail in another way than by a typed refusal."""
    key = KEYS[CLASSICAL.id]
    readers: list[Callable[[], object]] = [
        lambda: box_key_id(text),
        lambda: open_box(text, NOTICE, key),
        lambda: check_part_form(Part.IDENTITY, text),
    ]
    for read in readers:
        with pytest.raises(ProtocolError):
            read()


def test_a_part_shows_nothing_but_its_kind() -> None:
    """Two parts of one kind differ in nonce, ciphertext and tag alone."""
    shape = re.compile(r"[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{683}\.[A-Za-z0-9_-]{22}")
    assert shape.fullmatch(sealed().jwe)
    assert shape.fullmatch(sealed(facts=None).jwe)
