"""Names of people: one person is one person, however the name is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.model.person import folded, is_same
from podium.model.principal import Principal


@pytest.mark.parametrize(
    "other",
    ["zoë", "ZOË", "Zoe\u0308", "  zoë ", "\u200bzoë", "zo\u00adë", "\uff3aoë", "zoë\u2066\u2069"],
)
def test_a_name_is_the_same_however_it_is_written(other: str) -> None:
    assert is_same("Zoë", other)


@pytest.mark.parametrize("other", ["zoe", "zo ë", "zoë2", "", "z\u043eë"])  # the last one has a Cyrillic o
def test_another_name_is_another_person(other: str) -> None:
    assert not is_same("Zoë", other)


@given(st.text())
def test_a_folded_name_stays_as_it_is(name: str) -> None:
    assert folded(folded(name)) == folded(name)


@given(st.text(st.characters(categories=["L", "N"], max_codepoint=0x24F), min_size=1))
def test_case_makes_no_difference(name: str) -> None:
    assert is_same(name, name.casefold())


def test_a_question_to_a_person_is_put_to_whoever_is_called_so() -> None:
    user = Principal(who="Zoë", tenant="t", roles=frozenset({"Editors"}))
    assert [user.is_asked(to) for to in ("ZOË", "editors", "anyone", "boss")] == [True, True, True, False]
