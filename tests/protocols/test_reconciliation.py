"""Accounts of a month between two members: signed, and compared line by line."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.protocols.errors import MalformedMessage, Untrusted
from hub.protocols.keys import SigningKey, VerifyingKey
from hub.protocols.names import DisclosureId, MemberId, NoticeId
from hub.protocols.reconciliation import Account, Asked, Line, differences, read_account, sign_account
from hub.protocols.signing import Typ, sign
from tests.vectors import generate

VECTOR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors/own/answers.json").read_text(encoding="utf-8")
)
KENT, MEDWAY = MemberId("mbr_kent"), MemberId("mbr_medway")
KEY, OTHER = SigningKey.from_seed(b"k" * 32), SigningKey.from_seed(b"o" * 32)
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def line(number: int, state: str = "opened", entry: int | None = None) -> Line:
    """One release."""
    name = f"{number:026}"
    return Line(DisclosureId(f"dis_{name}"), NoticeId(f"ntc_{name}"), number if entry is None else entry,
                ("identity",), state)  # fmt: skip


OURS = Account(
    KENT, MEDWAY, "2026-11", 64, (line(1), line(2)), (line(3),), (Asked(NoticeId(f"ntc_{9:026}"), 9),), NOW
)
THEIRS = replace(OURS, member=MEDWAY, other=KENT, sent=OURS.received, received=OURS.sent)


def test_an_account_is_read_as_it_was_signed() -> None:
    """Under the member's own key, and nobody else's."""
    assert read_account(sign_account(OURS, KEY), KEY.public) == OURS
    with pytest.raises(Untrusted):
        read_account(sign_account(OURS, KEY), OTHER.public)
    with pytest.raises(Untrusted):
        read_account(sign(b"{}", Typ.LEAD, KEY), KEY.public)
    with pytest.raises(MalformedMessage):
        read_account(sign_account(replace(OURS, month="2026-13"), KEY), KEY.public)


def test_two_accounts_that_agree_have_no_difference() -> None:
    """What one sent the other received, entry for entry; who looks makes no difference."""
    assert differences(OURS, THEIRS) == differences(THEIRS, OURS) == []


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        (replace(THEIRS, received=(line(1),)), [f"dis_{2:026}: in the account of what we sent alone"]),
        (
            replace(THEIRS, received=(line(1), line(2), line(5))),
            [f"dis_{5:026}: in the account of what they received alone"],
        ),
        (replace(THEIRS, sent=()), [f"dis_{3:026}: in the account of what we received alone"]),
        (
            replace(THEIRS, received=(line(1), line(2, entry=7))),
            [f"dis_{2:026}: notice, entry or parts are others in the two accounts"],
        ),
        (
            replace(THEIRS, received=(line(1), line(2, "open"))),
            [f"dis_{2:026}: we sent, and it is not collected (entry 2)"],
        ),
        (
            replace(THEIRS, unreleased=()),
            [f"ntc_{9:026}: a key was asked and nothing released, in one account alone"],
        ),
    ],
)
def test_each_difference_is_said(theirs: Account, said: list[str]) -> None:
    """By its delivery, so that two people can look at the same thing."""
    assert differences(OURS, theirs) == said


def test_what_came_after_the_other_s_account_is_no_difference() -> None:
    """One side closes its books an hour later than the other."""
    assert differences(replace(OURS, log_size=96, sent=(*OURS.sent, line(70))), THEIRS) == []


@pytest.mark.parametrize(
    "later",
    [
        replace(OURS, log_size=96, unreleased=(*OURS.unreleased, Asked(NoticeId(f"ntc_{8:026}"), 80))),
        replace(OURS, log_size=96, unreleased=(), sent=(*OURS.sent, line(9, entry=80))),
    ],
)
def test_what_was_asked_or_released_after_the_other_s_account_is_no_difference(later: Account) -> None:
    """A key that was asked for, or was granted, while the other had closed its books already."""
    assert differences(later, THEIRS) == differences(THEIRS, later) == []


def test_the_published_account_reads_and_is_made_again_alike() -> None:
    """A stranger reads it with the published key; we write it to the byte."""
    key = VerifyingKey.from_jwk(VECTOR["recipient"]["jwk"])
    assert read_account(VECTOR["account"], key) == generate.account()
    assert sign_account(generate.account(), generate.medway_key()) == VECTOR["account"]
