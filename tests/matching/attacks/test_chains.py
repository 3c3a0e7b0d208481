"""Compounds joined are chains of records."""

from dataclasses import replace

import numpy as np

from hub.matching.attacks.chains import chain, sure_views
from hub.matching.attacks.facts import Target, number_facts
from hub.matching.attacks.held import hold
from tests.matching.attacks.indexes import SoundMaker, crowd
from tests.matching.people import AMELIA, STRANGER


def test_records_hang_together_through_others() -> None:
    """The first and the second share last name and postcode, the second and the third name and birthday."""
    by_postcode = replace(AMELIA, first_name="Bo", dob=None, upn="", uln="", sex="")
    only_name = replace(AMELIA, former_postcode="", current_postcode="", upn="", uln="", first_name="Cy")
    maker = SoundMaker()
    held = hold([maker.make(one) for one in (by_postcode, STRANGER, AMELIA, only_name)])
    chains = chain(held, ["last_birth", "former_last_unit"])
    assert (chains.holders.tolist(), chains.sizes.tolist()) == ([0, 2, 3], [3])
    assert chain(held, ["last_birth"]).holders.tolist() == [2, 3]
    assert not len(chain(held, ["upn"]).sizes)
    assert not len(chain(held, []).sizes)


def test_views_that_mean_one_value_are_learnt_from_public_people() -> None:
    """Last name with birthday is sure of both; the starts of names are sure of neither."""
    people = [one.person for one in crowd(700, days=40)]
    maker = SoundMaker()
    public, facts = hold([maker.make(one) for one in people]), number_facts(people)
    of_last, of_birth = (sure_views(public, facts[one]) for one in (Target.LAST, Target.BIRTH))
    assert {"last_birth", "initial_last_year_month", "first_last"} <= set(of_last)
    assert {"last_birth", "band_1"} <= set(of_birth)
    assert "initial_last_year_month" not in of_birth
    assert "sounds_year" not in of_birth
    assert "initial_last_year_day" not in of_birth
    assert np.array_equal(sure_views(public, facts[Target.BIRTH]), of_birth)
