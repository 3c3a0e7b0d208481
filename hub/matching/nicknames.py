"""The full forms of a first name, so that Bob, Rob and Robert can be found as one.

Answers with at most a handful of forms, the likeliest first: those of our own table for this
country, then those of the `nicknames` package. Clear text: it runs on the member's side alone.
It knows nothing of persons; whether two names belong to one is for the weights to say.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Final

from nicknames import NickNamer

from hub.protocols.personal_names import normalise_name

TABLE: Final = "nicknames-uk-1.json"


@cache
def full_forms(name: str) -> tuple[str, ...]:
    """Return the forms that a first name may stand for, itself among them where it is one."""
    ours = [form for form, short in _our_table().items() if name in short]
    itself = [name] if not ours or name in _our_table() else []
    return tuple(dict.fromkeys((*itself, *ours, *_package_forms(name))))


def _package_forms(name: str) -> list[str]:
    """The package's forms: the one with most short forms first, being the most used."""
    names = _package()
    found = {normalise_name(form) for form in names.canonicals_of(name)} - {""}
    return sorted(found, key=lambda form: (-len(names.nicknames_of(form)), form))


@cache
def _our_table() -> dict[str, frozenset[str]]:
    document = json.loads(files("hub.matching").joinpath(TABLE).read_text(encoding="utf-8"))
    return {form: frozenset(short) for form, short in document["forms"].items()}


@cache
def _package() -> NickNamer:
    return NickNamer()
