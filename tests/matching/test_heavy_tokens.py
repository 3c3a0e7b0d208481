"""What skipping heavy tokens can hide: nobody who would be worth a second look."""

import random
from datetime import date

import pytest

from hub.matching.tokens import Person, TokenMaker, random_linkage_key
from hub.matching.verdict import Outcome, judge
from hub.protocols.names import EpochId

CHANCE = random.Random(3)
MAKER = TokenMaker(random_linkage_key(CHANCE.randbytes), EpochId("ep_" + "0" * 26), CHANCE.randbytes)


@pytest.mark.parametrize(("first", "last"), [("Jack", "Smith"), ("Mohammed", "Khan"), ("Chloe", "Jones")])
@pytest.mark.parametrize("born", [date(2005, 11, 2), date(2009, 11, 2), None])
def test_a_common_pair_of_names_alone_is_nobody(first: str, last: str, born: date | None) -> None:
    """Only such tokens have hundreds of holders; who shares no more, not even with the year, is no match.

    So it is safe to pass over them where a lighter token hits, whoever came first.
    """
    here = MAKER.make(Person(first, last, date(2009, 3, 14), former_postcode="ME4 4TT", sex="F"))
    there = MAKER.make(Person(first, last, born, former_postcode="LS1 4AP", sex="F"))
    assert judge(here, there).outcome is Outcome.NONE
