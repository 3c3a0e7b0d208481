"""What the young person, a parent or an officer has said that bears on a release.

The hub sees only these derived flags, signed by a sender as good for 30 days; the record behind
them (who said it, when, with what evidence) stays sealed or with the member. "Unknown" is not
"yes": a flag that is not there restricts nothing and permits nothing. This module carries flags;
what each one does to a release is decided in `hub.consent.rules`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hub.protocols.errors import MalformedMessage
from hub.protocols.names import Part

_NO_PARTS: frozenset[Part] = frozenset()


@dataclass(frozen=True, slots=True)
class Flags:
    """The flags of one notice, or the union of the flags of two that may match."""

    instruction: frozenset[Part] = _NO_PARTS
    """Parts which the young person (from 16) or a parent (before) told the holder not to pass on."""
    instruction_lapsed: frozenset[Part] = _NO_PARTS
    """Parts of a parent's instruction that ended at the sixteenth birthday: a person decides what follows."""
    objection: frozenset[Part] = _NO_PARTS
    """Parts to which an article 21 objection is received and not decided: it restricts until then.

    On `identity` it reaches the fact of a match too: that fact is about the same person.
    """
    objection_upheld: frozenset[Part] = _NO_PARTS
    """Parts for which the holder has decided the objection for the person."""
    objection_overridden: frozenset[Part] = _NO_PARTS
    """Parts for which the holder has decided against it, with compelling reasons on record.

    It restricts nothing by itself; a clause may still honour it (`unless_flags`).
    """
    consent: frozenset[Part] = _NO_PARTS
    """Parts for which explicit consent is on record and valid: the one flag that can widen."""
    consent_withdrawn: frozenset[Part] = _NO_PARTS
    """Parts for which consent was given and has been withdrawn, at whichever holder."""
    shield: bool = False
    """Whereabouts must stay hidden (refuge, adoption, protected identity): named officers first."""
    provenance_dwp: frozenset[Part] = _NO_PARTS
    """Parts holding a fact that came from social security (Education and Skills Act 2008 s.15)."""
    restricted: bool = False
    """The holder wants a named officer to decide on this notice, for a reason it need not give."""
    twin: bool = False
    """A twin or a person who is easily confused with this one is known to the holder."""

    def to_json(self) -> dict[str, bool | list[str]]:
        """Return the wire form: every flag, parts in alphabetical order."""
        return {
            "consent": _names(self.consent),
            "consent_withdrawn": _names(self.consent_withdrawn),
            "instruction": _names(self.instruction),
            "instruction_lapsed": _names(self.instruction_lapsed),
            "objection": _names(self.objection),
            "objection_overridden": _names(self.objection_overridden),
            "objection_upheld": _names(self.objection_upheld),
            "provenance_dwp": _names(self.provenance_dwp),
            "restricted": self.restricted,
            "shield": self.shield,
            "twin": self.twin,
        }

    @classmethod
    def from_json(cls, value: object) -> "Flags":
        """Read the wire form; raise `MalformedMessage` unless each flag is there once and well formed."""
        if not isinstance(value, Mapping) or set(value) != _FIELDS:
            raise MalformedMessage(
                "flags-malformed", "flags must hold exactly: " + ", ".join(sorted(_FIELDS))
            )
        return cls(
            instruction=_parts(value, "instruction"),
            instruction_lapsed=_parts(value, "instruction_lapsed"),
            objection=_parts(value, "objection"),
            objection_upheld=_parts(value, "objection_upheld"),
            objection_overridden=_parts(value, "objection_overridden"),
            consent=_parts(value, "consent"),
            consent_withdrawn=_parts(value, "consent_withdrawn"),
            shield=_switch(value, "shield"),
            provenance_dwp=_parts(value, "provenance_dwp"),
            restricted=_switch(value, "restricted"),
            twin=_switch(value, "twin"),
        )


def union(own: Flags, counter: Flags) -> Flags:
    """Return the flags under which `own` is decided when it matches `counter`.

    Every restriction of either notice holds, a withdrawal of consent included. Consent widens, and
    was given to the holder of the facts for those facts: it is taken from `own`, the notice whose
    parts are asked for. An objection that one holder has overridden still binds the other.
    """
    return Flags(
        instruction=own.instruction | counter.instruction,
        instruction_lapsed=own.instruction_lapsed | counter.instruction_lapsed,
        objection=own.objection | counter.objection,
        objection_upheld=own.objection_upheld | counter.objection_upheld,
        objection_overridden=own.objection_overridden | counter.objection_overridden,
        consent=own.consent,
        consent_withdrawn=own.consent_withdrawn | counter.consent_withdrawn,
        shield=own.shield or counter.shield,
        provenance_dwp=own.provenance_dwp | counter.provenance_dwp,
        restricted=own.restricted or counter.restricted,
        twin=own.twin or counter.twin,
    )


def _names(parts: frozenset[Part]) -> list[str]:
    return sorted(part.value for part in parts)


def _parts(value: Mapping[str, object], field: str) -> frozenset[Part]:
    names = value[field]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise MalformedMessage("flags-malformed", f"{field}: a list of part names was expected")
    if names != sorted(set(names)) or not _PARTS.keys() >= set(names):
        raise MalformedMessage("flags-malformed", f"{field}: known parts, each once, in alphabetical order")
    return frozenset(_PARTS[name] for name in names)


def _switch(value: Mapping[str, object], field: str) -> bool:
    switch = value[field]
    if not isinstance(switch, bool):
        raise MalformedMessage("flags-malformed", f"{field}: true or false was expected")
    return switch


_PARTS: Final = {part.value: part for part in Part}
NO_FLAGS: Final = Flags()
_FIELDS: Final = frozenset(NO_FLAGS.to_json())
