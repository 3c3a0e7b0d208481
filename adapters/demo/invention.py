"""Invents one person at a time: a name, a birthday, numbers that pass their checks, a postcode.

For the demonstration alone. Given and family names are common ones of this country, joined by
chance. Numbers carry valid check characters because a made-up region must pass where a real one
would: a pupil number of an establishment that no authority has, a learner number of the lowest
range. Postcodes are of real districts with an invented unit, which the range table places in
the authority that is meant.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from adapters.member.routing import authority_of
from adapters.synth import numbers

_ESTABLISHMENT: Final = 4999

SHORT_FORMS: Final = {
    "Alexander": "Sandy",
    "Benjamin": "Benjy",
    "Catherine": "Kitty",
    "Christopher": "Topher",
    "Elizabeth": "Lizzie",
    "Gabrielle": "Gabby",
    "Jonathan": "Jonny",
    "Katherine": "Katie",
    "Madeleine": "Maddie",
    "Nathaniel": "Nathan",
    "Samantha": "Sammy",
    "Theodore": "Teddy",
    "Victoria": "Vicky",
    "William": "Billy",
}
"""Everyday forms of given names, for the rows of people who gave one."""


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_GIRLS: Final = _names(
    """
    Amelia Aaliyah Abigail Aisling Ambreen Anneka Bethany Bronwen Catherine Charlotte Chiamaka Chloë
    Danielle Eleanor Elizabeth Fatimah Francesca Gabrielle Georgina Harriet Imogen Ioana Jasmine
    Katherine Keisha Lakshmi Madeleine Mairead Natalia Nimrah Oluchi Paulina Priyanka Rebecca Renée
    Rhiannon Samantha Shanice Sienna Sinéad Tamsin Thandiwe Victoria Yasmin Zuzanna
    """
)
_BOYS: Final = _names(
    """
    Abdullahi Adebayo Aidan Alexander Anthony Barnaby Benjamin Callum Cameron Christopher Connor
    Cormac Dariusz Dominic Edward Emmanuel Frederick Gethin Harrison Ibrahim Jonathan Joshua
    Kamran Kieran Kwabena Leonardo Lewis Malachi Mateusz Nathaniel Nikhil Oliver Patrick Rajesh
    Reuben Samuel Séamus Sebastian Theodore Tobias Tomasz William Yusuf Zachary
    """
)
_FAMILIES: Final = _names(
    """
    Abernethy Adeyemi Ashworth Bainbridge Balogun Banerjee Barraclough Bhattacharya Birtwistle
    Blenkinsop Boateng Broadbent Cartwright Chowdhury Collingwood Cunliffe Davenport Dimitrova
    Drinkwater Eastwood Fairweather Featherstone Fitzgerald Gallagher Georgiou Grabowska
    Hathaway Heathcote Hollingsworth Hussain Ingleby Jankowski Kavanagh Khatun Kilpatrick
    Lancaster Llewellyn Loughlin MacAllister Mahmood Marchetti Merriweather Mukherjee Nakamura
    Nwachukwu O'Callaghan Okonkwo Olatunji Osbourne Pemberton Penhaligon Popescu Quartermaine
    Ramanathan Rosenthal Satchwell Sheringham Siddiqui Silverstone Somerville Szymanski
    Thistlethwaite Tremayne Underhill Vasquez Venkatesan Waterhouse Weatherby Winterbourne
    Worthington Yeboah Zielinski
    """
)

AREAS: Final = {
    "kent": (
        "886",
        ("CT1 1", "CT2 7", "CT5 1", "DA11 0", "DA12 1", "ME14 1", "ME15 6", "ME16 8", "TN9 1", "TN24 0"),
    ),
    "medway": (
        "887",
        ("ME1 1", "ME1 2", "ME2 2", "ME4 4", "ME4 5", "ME5 0", "ME7 1", "ME7 4", "ME8 0", "ME8 6"),
    ),
    "lambeth": (
        "208",
        ("SE27 0", "SW2 1", "SW2 3", "SW2 5", "SW4 6", "SW4 7", "SW8 1", "SW9 0", "SW9 6", "SW9 8"),
    ),
    "southwark": (
        "210",
        ("SE1 3", "SE1 5", "SE15 3", "SE15 5", "SE16 4", "SE16 6", "SE17 1", "SE17 3", "SE22 0", "SE22 8"),
    ),
}
"""The four authorities: DfE code, and postcode sectors that lie in them alone."""

_UNIT_LETTERS: Final = "ABDEFGHJLNPQRSTUWXYZ"
_TRIES: Final = 1_000
"""Draws after which the range table must be wrong: at most one in ten postcodes is already taken."""


def upn(authority: str, year: int, serial: int) -> str:
    """Give a permanent pupil number with its check letter, of a school that no authority has."""
    return numbers.upn(authority, _ESTABLISHMENT, year, serial)


@dataclass(slots=True)
class Inventor:
    """Invents people in an order that a seed decides; nobody twice."""

    chance: random.Random
    today: date
    _names: set[tuple[str, str]] = field(default_factory=set)
    _families: set[str] = field(default_factory=set)
    _numbers: set[str] = field(default_factory=set)

    def name(self, sex: str, *, with_short_form: bool = False) -> tuple[str, str]:
        """Give a given and a family name that nobody has yet; families repeat once all are used."""
        given_names = [
            n for n in (_GIRLS if sex == "F" else _BOYS) if not with_short_form or n in SHORT_FORMS
        ]
        if len(self._families) == len(_FAMILIES):
            self._families.clear()
        while True:
            name = self.chance.choice(given_names), self.chance.choice(_FAMILIES)
            if name not in self._names and name[1] not in self._families:
                self._names.add(name)
                self._families.add(name[1])
                return name

    def birthday(self, age: int, *, swappable: bool = False) -> date:
        """Give a birthday of somebody of this age today, and for the sixty days that follow.

        Swappable: the day could be a month and the month a day, and they differ.
        """
        while True:
            day = self.today - timedelta(days=age * 365 + age // 4 + self.chance.randrange(30, 300))
            if not swappable or (day.day <= 12 and day.day != day.month):
                return day

    def pupil_number(self, member: str, born: date) -> str:
        """Give a pupil number that an authority would have given at the age of four."""
        return self._fresh(lambda: upn(AREAS[member][0], born.year + 4, self.chance.randrange(1, 1000)))

    def learner_number(self) -> str:
        """Give a learner number."""
        return self._fresh(lambda: numbers.uln(self.chance.randrange(100_000)))

    def _fresh(self, draw: Callable[[], str | None]) -> str:
        while True:
            number = draw()
            if number is not None and number not in self._numbers:
                self._numbers.add(number)
                return number

    def postcode(self, member: str) -> str:
        """Give a postcode in this authority, with an invented unit; LookupError where none is found."""
        code, sectors = AREAS[member]
        for _ in range(_TRIES):
            unit = self.chance.choice(_UNIT_LETTERS) + self.chance.choice(_UNIT_LETTERS)
            postcode = self.chance.choice(sectors) + unit
            if authority_of(postcode).authority == code and postcode not in self._numbers:
                self._numbers.add(postcode)
                return postcode
        raise LookupError(f"the range table places none of these sectors in {member}")

    def phone(self) -> str:
        """Give a telephone number of the range that Ofcom keeps for drama."""
        return f"07700 900{self.chance.randrange(1000):03}"


def misspelt(name: str, chance: random.Random) -> str:
    """Swap two neighbouring letters inside a name, or drop one, as a hurried hand does."""
    at = chance.randrange(1, len(name) - 2)
    if chance.random() < 0.5 and name[at] != name[at + 1]:
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    return name[:at] + name[at + 1 :]
