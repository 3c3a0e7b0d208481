"""A name as a hurried hand types it, or a scanner reads it.

Decides one wrong letter: the key beside the right one on a British keyboard, a letter that looks
like another on paper, one left out, doubled, or exchanged with its neighbour. First letters are
seldom wrong, since people look at them.
"""

from random import Random
from typing import Final

SHORTEST: Final = 3
"""Letters that a name needs for a wrong one to leave it recognisable."""

_ROWS: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SLANT: Final = 0.5
"""How far each row of keys lies to the right of the one above, in keys."""

_LOOKS_LIKE: Final = {
    "rn": "m", "m": "rn", "cl": "d", "d": "cl", "vv": "w", "w": "vv", "i": "l", "l": "i", "h": "b", "b": "h",
    "e": "c", "c": "e", "u": "v", "v": "u", "a": "o", "o": "a", "t": "f", "f": "t", "n": "r", "y": "v",
}  # fmt: skip
"""Letters that scanning confuses."""

_FIRST_LETTER: Final = 0.1
_KEYBOARD, _SCANNER, _LEFT_OUT, _DOUBLED = 0.45, 0.65, 0.80, 0.88
"""Up to which share each kind of mistake goes; the rest are exchanged neighbours."""


def _neighbours() -> dict[str, str]:
    places = {key: (x + y * _SLANT, y) for y, row in enumerate(_ROWS) for x, key in enumerate(row)}
    return {
        key: "".join(
            other for other, (u, v) in places.items() if other != key and abs(x - u) <= 1 and abs(y - v) <= 1
        )
        for key, (x, y) in places.items()
    }


KEYS_BESIDE: Final = _neighbours()


def mistyped(name: str, chance: Random) -> str:
    """Give the name with one mistake; it always differs. A name too short is given back as it is."""
    if len(name) < SHORTEST:
        return name
    while True:
        at = 0 if chance.random() < _FIRST_LETTER else 1 + int(chance.random() * (len(name) - 1))
        wrong = _mistake(name, at, chance)
        if wrong.casefold() != name.casefold():
            return wrong


def _mistake(name: str, at: int, chance: Random) -> str:
    kind = chance.random()
    head, letter, rest = name[:at], name[at], name[at + 1 :]
    if kind < _KEYBOARD:
        beside = KEYS_BESIDE.get(letter.lower(), "")
        return head + _like(letter, beside[int(chance.random() * len(beside))]) + rest if beside else name
    if kind < _SCANNER:
        return _misread(name, at)
    if kind < _LEFT_OUT:
        return head + rest
    if kind < _DOUBLED:
        return head + letter + letter.lower() + rest
    if not rest:
        return name
    return head + _like(letter, rest[0]) + _like(rest[0], letter) + rest[1:]


def _misread(name: str, at: int) -> str:
    for length in (2, 1):
        part = name[at : at + length]
        if read := _LOOKS_LIKE.get(part.lower()):
            return name[:at] + _like(part, read) + name[at + length :]
    return name


def _like(model: str, text: str) -> str:
    """The text with a capital where the model begins with one."""
    return text.capitalize() if model[0].isupper() else text.lower()
