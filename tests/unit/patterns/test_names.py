"""Names as members write them, and what they are told of an unknown one."""

import pytest

from podium.patterns.building.names import choices, meant, named

NAMES = ("writer", "Critic", "o'brien", "A", "a.")


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("writer", "writer"), ("Writer", "writer"), (" writer\n", "writer"), ("WRITER.", "writer"),
        ('"critic"', "Critic"), ("**critic**", "Critic"), ("`o'brien`", "o'brien"), ("A", "A"), ("a", "A"),
        ("a.", "a."), ("A.", "a."), ("wrtier", None), ("", None), ("writer critic", None), ("the writer", None),
    ],
)  # fmt: skip
def test_a_name_is_read_whatever_its_case_and_what_stands_around_it(said: str, name: str | None) -> None:
    assert named(said, NAMES) == name


def test_what_could_mean_two_names_means_none() -> None:
    assert named("DESK", ["desk", "Desk"]) is None
    assert named("Desk", ["desk", "Desk"]) == "Desk"


def test_of_an_unknown_name_it_is_said_what_there_is_and_what_was_perhaps_meant() -> None:
    assert choices("wrtier", NAMES) == "there is writer, Critic, o'brien, A, a.; did you mean writer?"
    assert choices("plumber", ["writer"]) == "there is writer"
    assert choices("plumber", []) == "there is nobody"


@pytest.mark.parametrize("said", ["writr", "WRITER!", " Wrtier"])
def test_what_was_meant_is_found_in_the_same_way_whoever_is_told_of_it(said: str) -> None:
    assert choices(said, ["writer", "critic"]).endswith("did you mean writer?")
    assert meant(said, ["writer", "critic", "_writr"]) == ": did you mean writer?"
    assert meant("plumber", ["writer"], ": there is writer") == ": there is writer."
