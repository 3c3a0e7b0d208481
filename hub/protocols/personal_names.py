"""One form for each personal name, so that two members make the same token from two spellings.

Decides what counts as the same name before anything is hashed: letters without their marks,
apostrophes and Mc/Mac, double-barrelled names and their halves, names that are no names
("unknown", "tbc"), the spellings of Muhammad, Kaur and Singh beside a family name, people with
one name. Nothing here is about meaning (nicknames) or sound (phonetics): `hub.matching.tokens`
adds those. Changing a rule here changes tokens: it belongs to a new epoch.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_LETTERS: Final = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "\u0131": "i",
        "ŋ": "n",
        "ŧ": "t",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ə": "a",
    }
)
"""Letters that Unicode does not take apart into a plain one and a mark."""

_APOSTROPHES: Final = re.compile("['\u2019\u2018\u02bc\u02bb`\u00b4.\u00b7]")
_NOT_A_LETTER: Final = re.compile("[^a-z]+")

_NO_NAMES: Final = _set(
    "unknown unk xx notknown notprovided notgiven notstated notrecorded notapplicable none noname nolastname "
    "nosurname nofirstname noforename nil null na nfn nln fnu lnu tbc tba tbd xxx xxxx test tester dummy "
    "anon anonymous baby infant unborn child pupil student learner person name surname forename firstname "
    "lastname refused withheld redacted missing blank"
)
"""What is typed where a name is not known: never hashed, since strangers share it."""

_TITLES: Final = _set("mr mrs miss ms mx dr")
_MUHAMMAD: Final = _set(
    "muhammad mohammed mohammad muhammed mohamed mohamad muhamad muhamed mohammod mohamud muhammet mohammmed "
    "mohd muhd md mehmed mahamed mohamet"
)
_PREFIXES: Final = _set(
    "o mc mac fitz de del della di da dos du la le van von der den st al el ul abu bin ben"
)
_COMMUNITY: Final = _set("kaur singh begum bibi khatun khatoon akhtar bano")
"""Last names that mark a community or a respect, often beside the family name or in its place."""

_MAC: Final = re.compile("^mac(?=[a-z]{3})")


@dataclass(frozen=True, slots=True)
class FirstName:
    """A first name's forms: the first word, and other words or joins it may be known by."""

    word: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LastName:
    """A last name's forms: all of it as one word, and the halves where it has two."""

    joined: str
    halves: tuple[str, ...] = ()


def normalise_name(text: str) -> str:
    """Return the letters a-z of a name, without marks, gaps or case; "" where it is no name."""
    joined = "".join(_words(text))
    return "" if joined in _NO_NAMES or (len(set(joined)) == 1 and len(joined) > 2) else joined


def read_first_name(text: str) -> FirstName:
    """Return the forms of a first name; an empty word where there is none.

    Muhammad in any spelling is one name; borne before another it is seldom the name in use, so
    the second word is kept beside it. A name in two parts is also known as one (Anne-Marie).
    """
    if not normalise_name(text):
        return FirstName("")
    words = [word for word in _words(text) if word not in _TITLES and normalise_name(word)]
    if not words:
        return FirstName("")
    words = ["muhammad" if word in _MUHAMMAD else word for word in words]
    if len(words) == 1:
        return FirstName(words[0])
    second = (words[1],) if words[0] == "muhammad" else ()
    return FirstName(words[0], (*second, words[0] + words[1]))


def read_last_name(text: str) -> LastName:
    """Return the forms of a last name; an empty one where there is none.

    Prefixes belong to the word after them (O' Brien, Mc Donald, de la Cruz). Kaur, Singh and
    their like beside a family name are a half of it, and the family name is what counts.
    """
    if not normalise_name(text):
        return LastName("")
    parts = _join_prefixes(_words(text))
    family = [part for part in parts if part not in _COMMUNITY] or parts[-1:]
    halves = (parts[0], parts[-1]) if len(parts) > 1 else ()
    return LastName("".join(family), halves)


def bigrams(name: str) -> tuple[str, ...]:
    """Return the pairs of neighbouring letters, with a mark before the first and after the last."""
    marked = f"_{name}_"
    return tuple(dict.fromkeys(marked[place : place + 2] for place in range(len(marked) - 1)))


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return [word for word in _NOT_A_LETTER.split(_APOSTROPHES.sub("", plain)) if word]


def _join_prefixes(words: list[str]) -> list[str]:
    parts: list[str] = []
    waiting = ""
    for word in words[:-1]:
        if word in _PREFIXES:
            waiting += word
        else:
            parts.append(waiting + word)
            waiting = ""
    parts.append(waiting + words[-1])
    return [_spell_family(part) for part in parts]


def _spell_family(part: str) -> str:
    """Mac and Mc are one prefix; Muhammad as a last name is one name too."""
    return "muhammad" if part in _MUHAMMAD else _MAC.sub("mc", part)
