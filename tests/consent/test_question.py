"""The words in which questions are asked."""

from hub.consent.question import PART_SPOKEN_OF, Category
from hub.protocols.names import Part


def test_categories_are_the_fact_of_match_and_the_ten_parts() -> None:
    """Nothing else can be asked about, and nothing can be released that was not asked about."""
    assert {category.value for category in Category} == {part.value for part in Part} | {"fact_of_match"}


def test_flags_on_identity_speak_of_the_fact_of_match_too() -> None:
    """An objection to being named is one to being matched; every other category stands for itself."""
    assert PART_SPOKEN_OF[Category.FACT_OF_MATCH] is Part.IDENTITY
    for category in set(Category) - {Category.FACT_OF_MATCH}:
        assert PART_SPOKEN_OF[category].value == category.value
