"""OpenLinkToken, as a tool under test; runs in its own environment.

    python bench/matching_openlinktoken.py LEFT RIGHT OUT

Its five rules, T1 to T5. Two of them take American postcodes and social security numbers alone, so
they are restated for what the files have: the outward code (or the whole of another country's
postcode) in T2, the number in T4. A file without a sex gets one for all, since three rules want it.
Score: how many tokens are equal; `own` is one or more. A token that more than 100 records of one
file hold is left alone.
"""

import csv
import json
import logging
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

from openlinktoken.attributes.attribute_expression import AttributeExpression
from openlinktoken.attributes.field_registry import FieldRegistry
from openlinktoken.attributes.general.string_attribute import StringAttribute
from openlinktoken.attributes.person.birth_date_attribute import BirthDateAttribute
from openlinktoken.attributes.person.sex_attribute import SexAttribute
from openlinktoken.tokens.base_token_definition import BaseTokenDefinition
from openlinktoken.tokens.definitions.field_ids import FieldIds
from openlinktoken.tokens.token import Token
from openlinktoken.tokens.token_generator import TokenGenerator
from openlinktoken.tokens.token_registry import TokenRegistry
from openlinktoken.tokens.tokenizer.sha256_tokenizer import SHA256Tokenizer
from openlinktoken.tokentransformer.hash_token_transformer import HashTokenTransformer

HEAVY = 100
DISTRICT, NUMBER = "District", "Number"


class Rules(BaseTokenDefinition):
    """The published rules, with district and number in place of what is American."""

    def __init__(self) -> None:
        self._rules = TokenRegistry.load_all_tokens()
        own = [part for part in self._rules["T2"] if part.field_id != FieldIds.POSTAL_CODE]
        self._rules["T2"] = [*own, AttributeExpression.of(DISTRICT, StringAttribute, "T|U")]
        self._rules["T4"] = [
            AttributeExpression.of(NUMBER, StringAttribute, "T|U"),
            AttributeExpression.of(FieldIds.SEX, SexAttribute, "T|U"),
            AttributeExpression.of(FieldIds.BIRTH_DATE, BirthDateAttribute, "T|D"),
        ]

    def get_version(self) -> str:
        """Say which rules these are."""
        return "published, restated for British fields"

    def get_token_identifiers(self) -> set[str]:
        """Name the rules."""
        return set(self._rules)

    def get_token_definition(self, token_id: str) -> list[AttributeExpression]:
        """Give a rule."""
        return self._rules[token_id]


def main(left: Path, right: Path, out: Path) -> None:
    """Make tokens, join them, write the pairs; tell the seconds on standard output."""
    logging.disable(logging.CRITICAL)
    sides = [_rows(path) for path in (left, right)]
    begun = time.perf_counter()
    string = StringAttribute()
    registry = FieldRegistry.Builder.from_defaults()
    for name in (DISTRICT, NUMBER):
        registry.register(name, StringAttribute, string)
    tokenizer = SHA256Tokenizer([HashTokenTransformer("a secret of this run")])
    generator = TokenGenerator(Rules(), tokenizer, registry.build())
    tokens = [[_tokens(generator, row) for row in side] for side in sides]
    made = time.perf_counter()
    agreeing = _join(*tokens)
    ended = time.perf_counter()
    with out.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["left_id", "right_id", "score", "own"])
        for (one, other), count in agreeing.items():
            rows.writerow([sides[0][one]["id"], sides[1][other]["id"], count, 1])
    print(json.dumps({"seconds": ended - begun, "token_seconds": made - begun, "candidates": len(agreeing)}))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _tokens(generator: TokenGenerator, row: dict[str, str]) -> list[tuple[str, str]]:
    postcode = row["postcode"].upper()
    facts = {
        FieldIds.FIRST_NAME: row["first_name"],
        FieldIds.LAST_NAME: row["last_name"],
        FieldIds.BIRTH_DATE: row["dob"],
        FieldIds.SEX: {"m": "Male", "f": "Female"}.get(row.get("sex", "m")[:1].lower(), ""),
        DISTRICT: postcode.split(" ")[0],
        NUMBER: row.get("soc_sec_id") or row.get("upn") or row.get("uln") or "",
    }
    found = generator.get_all_tokens_via_field_id({name: value for name, value in facts.items() if value})
    return [(rule, token) for rule, token in found.tokens.items() if token != Token.BLANK]


def _join(
    lefts: list[list[tuple[str, str]]], rights: list[list[tuple[str, str]]]
) -> Counter[tuple[int, int]]:
    """Count equal tokens of every pair that has any."""
    holders: list[defaultdict[tuple[str, str], list[int]]] = []
    for side in (lefts, rights):
        held: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for place, tokens in enumerate(side):
            for token in tokens:
                held[token].append(place)
        holders.append(held)
    agreeing: Counter[tuple[int, int]] = Counter()
    for token, ones in holders[0].items():
        others = holders[1].get(token, [])
        if len(ones) <= HEAVY and len(others) <= HEAVY:
            agreeing.update((one, other) for one in ones for other in others)
    return agreeing


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
