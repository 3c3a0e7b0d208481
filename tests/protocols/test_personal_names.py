"""Two spellings of one name have one form; what is no name has none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.protocols.personal_names import (
    FirstName,
    LastName,
    bigrams,
    normalise_name,
    read_first_name,
    read_last_name,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("O'Brien", "O BRIEN"),
        ("O\u2019Brien", "obrien"),
        ("Mc Donald", "MacDonald"),
        ("McDonald", "Mac Donald"),
        ("St. John", "St John"),
        ("De La Cruz", "de-la-cruz"),
        ("van der Berg", "Vanderberg"),
        ("Wałęsa", "Walesa"),
        ("Łukasiewicz", "Lukasiewicz"),
        ("Szczęsny", "Szczesny"),
        ("Ştefănescu", "Ștefanescu"),
        ("Țîrlea", "Tirlea"),
        ("Müller", "MULLER"),
        ("Mohamed", "Muhammad"),
        ("Al-Hassan", "Alhassan"),
    ],
)
def test_two_spellings_of_a_last_name_are_one(one: str, other: str) -> None:
    """Marks, apostrophes, prefixes, case and gaps do not make another family."""
    assert read_last_name(one).joined == read_last_name(other).joined != ""


@pytest.mark.parametrize(
    "spelling", ["Mohammed", "Muhammad", "Mohamed", "Mohammad", "MOHD", "Md.", "Muhammed"]
)
def test_muhammad_is_one_name_in_every_spelling(spelling: str) -> None:
    """The commonest name of all is spelt in a dozen ways."""
    assert read_first_name(spelling).word == "muhammad"


def test_muhammad_before_another_name_keeps_the_name_in_use() -> None:
    """Muhammad Ali is Ali to his school."""
    assert read_first_name("Mohammed Ali") == FirstName("muhammad", ("ali", "muhammadali"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anne-Marie", FirstName("anne", ("annemarie",))),
        ("Xiao Ming", FirstName("xiao", ("xiaoming",))),
        ("Miss Amelia", FirstName("amelia")),
        ("J.", FirstName("j")),
        ("mr", FirstName("")),
        ("Baby", FirstName("")),
        ("", FirstName("")),
    ],
)
def test_first_name_is_its_first_word_and_its_joins(text: str, expected: FirstName) -> None:
    """The first word counts; two parts are also known as one; a title is no name."""
    assert read_first_name(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Smith-Jones", LastName("smithjones", ("smith", "jones"))),
        ("Smith Brown Jones", LastName("smithbrownjones", ("smith", "jones"))),
        ("Kaur Gill", LastName("gill", ("kaur", "gill"))),
        ("Gill Singh", LastName("gill", ("gill", "singh"))),
        ("Kaur", LastName("kaur")),
        ("Singh Kaur", LastName("kaur", ("singh", "kaur"))),
        ("O'Neill-McArthur", LastName("oneillmcarthur", ("oneill", "mcarthur"))),
        ("Mac", LastName("mac")),
        ("Macey", LastName("macey")),
        ("De", LastName("de")),
        ("unknown", LastName("")),
    ],
)
def test_last_name_has_its_whole_and_its_halves(text: str, expected: LastName) -> None:
    """Either half of a double-barrelled name may be all that another register has."""
    assert read_last_name(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "-", ".", "n/a", "N/A", "Unknown", "NOT KNOWN", "tbc", "xxx", "zzzz", "LNU", "no surname", "李小明"],
)
def test_a_stand_in_is_no_name(text: str) -> None:
    """What is typed where a name is not known would join strangers."""
    assert normalise_name(text) == ""
    assert read_first_name(text).word == ""
    assert read_last_name(text).joined == ""


@pytest.mark.parametrize("text", ["Oo", "Li", "A", "Anna", "Xxavier"])
def test_a_short_or_doubled_name_is_a_name(text: str) -> None:
    """Burmese Oo is a name; only three and more of one letter are none."""
    assert normalise_name(text) == text.lower()


def test_letter_pairs_mark_both_ends_and_come_once() -> None:
    """The pairs of a name, none twice."""
    assert bigrams("anan") == ("_a", "an", "na", "n_")


@given(st.text())
def test_a_form_is_plain_letters_and_its_own_form(text: str) -> None:
    """Whatever is typed, the form is a-z and stays as it is when read again."""
    form = normalise_name(text)
    assert form == "" or (form.isascii() and form.isalpha() and form.islower())
    assert normalise_name(form) == form
    assert read_last_name(read_last_name(text).joined).halves == ()
