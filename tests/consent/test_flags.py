"""Flags: what travels, and how the flags of two notices come together."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.consent.flags import NO_FLAGS, Flags, union
from hub.protocols.errors import MalformedMessage
from hub.protocols.names import Part

parts = st.frozensets(st.sampled_from(list(Part)))
all_flags = st.builds(
    Flags,
    instruction=parts,
    instruction_lapsed=parts,
    objection=parts,
    objection_upheld=parts,
    objection_overridden=parts,
    consent=parts,
    consent_withdrawn=parts,
    shield=st.booleans(),
    provenance_dwp=parts,
    restricted=st.booleans(),
    twin=st.booleans(),
)


def test_no_flags_say_nothing() -> None:
    """A notice on which nothing is recorded carries every flag, empty."""
    assert NO_FLAGS.to_json() == {
        "consent": [],
        "consent_withdrawn": [],
        "instruction": [],
        "instruction_lapsed": [],
        "objection": [],
        "objection_overridden": [],
        "objection_upheld": [],
        "provenance_dwp": [],
        "restricted": False,
        "shield": False,
        "twin": False,
    }


@given(all_flags)
def test_flags_survive_the_wire(flags: Flags) -> None:
    """What is read back is what was written."""
    assert Flags.from_json(flags.to_json()) == flags


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shield": "yes"}, "shield"),
        ({"shield": 1}, "shield"),
        ({"instruction": "address"}, "instruction"),
        ({"instruction": [1]}, "instruction"),
        ({"instruction": ["send", "address"]}, "alphabetical"),
        ({"instruction": ["address", "address"]}, "each once"),
        ({"instruction": ["shoe size"]}, "known parts"),
        ({"extra": True}, "exactly"),
    ],
)
def test_malformed_flags_are_refused_without_quoting_them(change: dict[str, Any], said: str) -> None:
    """Whoever sent them is told which flag is wrong, and never what was written in it."""
    with pytest.raises(MalformedMessage, match=said) as caught:
        Flags.from_json({**NO_FLAGS.to_json(), **change})
    assert caught.value.code == "flags-malformed"
    assert "shoe size" not in caught.value.detail


@pytest.mark.parametrize("field", sorted(NO_FLAGS.to_json()))
def test_a_missing_flag_is_not_an_empty_one(field: str) -> None:
    """Leaving a flag out is a fault: silence must not pass for "nothing on record"."""
    value = NO_FLAGS.to_json()
    del value[field]
    with pytest.raises(MalformedMessage, match="exactly"):
        Flags.from_json(value)


@pytest.mark.parametrize("value", [None, [], "flags"])
def test_flags_are_a_group_of_fields(value: object) -> None:
    """Anything but an object is refused."""
    with pytest.raises(MalformedMessage, match="exactly"):
        Flags.from_json(value)


def test_a_restriction_on_either_notice_holds_for_both() -> None:
    """The old area knows of an instruction, the new one of a shield: both count."""
    old = Flags(instruction=frozenset({Part.CONTACT}), twin=True)
    new = Flags(shield=True, objection=frozenset({Part.SEND}), restricted=True)
    assert union(old, new) == Flags(
        instruction=frozenset({Part.CONTACT}),
        objection=frozenset({Part.SEND}),
        shield=True,
        restricted=True,
        twin=True,
    )


def test_consent_counts_for_the_notice_it_was_given_for() -> None:
    """Consent to the holder of the counter-notice says nothing about these facts."""
    agreed = Flags(consent=frozenset({Part.EQUALITY_HEALTH}))
    assert union(agreed, NO_FLAGS) == agreed
    assert union(NO_FLAGS, agreed) == NO_FLAGS


@given(all_flags, all_flags)
def test_union_loses_no_restriction(own: Flags, counter: Flags) -> None:
    """Every restriction of either notice is in the union, whichever comes first."""
    both = union(own, counter)
    for side in (own, counter):
        assert side.instruction <= both.instruction
        assert side.objection <= both.objection
        assert side.provenance_dwp <= both.provenance_dwp
        assert both.shield >= side.shield
        assert both.restricted >= side.restricted
        assert both.twin >= side.twin
