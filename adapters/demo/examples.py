"""Reads the worked examples of agreements, which are what the made-up members sign."""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from adapters.demo.errors import DemoFault
from hub.consent.documents import agreement_digest, read_agreement
from hub.protocols.canonical import Json
from hub.protocols.names import AgreementId, Digest

EXAMPLES: Final = Path(str(files("adapters.demo"))) / "agreements"
"""In a checkout a link to `agreements/examples`, in an installed package a copy of it."""


@dataclass(frozen=True, slots=True)
class Example:
    """One agreement, and the homes of its parties, whoever proposes it first."""

    id: AgreementId
    document: Json
    digest: Digest
    homes: tuple[str, ...]


def read_examples() -> tuple[Example, ...]:
    """Read every worked example, by name; raise `DemoFault` where they were not installed."""
    if not EXAMPLES.is_dir():
        raise DemoFault("the worked examples of agreements are missing", "install the package again")
    return tuple(_read(path) for path in sorted(EXAMPLES.glob("*.json")))


def _read(path: Path) -> Example:
    document: Json = json.loads(path.read_text("utf-8"))
    agreement = read_agreement(document)
    parties = tuple(party.member.removeprefix("mbr_") for party in agreement.parties)
    return Example(agreement.id, document, agreement_digest(document), parties)
