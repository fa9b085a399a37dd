"""What counts as the same, though something in it was masked."""

import pytest

from podium.model.json import Json
from podium.secrets.comparing import same_but_for_secrets
from podium.secrets.masking import MASKING

SAME: list[tuple[Json, Json]] = [
    ("a", "a"),
    ("a *** b", "a key b"),
    ("***", ""),
    ("a *** b *** c", "a x b y b z c"),
    ({"***": ["x", "***"]}, {"key": ["x", "y"]}),
    ({"n": 1, "t": None}, {"n": 1, "t": None}),
]
OTHER: list[tuple[Json, Json]] = [
    ("a", "b"),
    ("a key b", "a *** b"),  # only what is recorded was masked
    ("a *** b", "a b"),
    ("ab***ba", "aba"),
    ("a *** b", "a key c"),
    ("***", 1),
    ({"a": "***"}, {"b": "x"}),
    ({"a": 1}, {"a": 1, "b": 2}),
    (["***"], ["x", "y"]),
    (1, 2),
]


@pytest.mark.parametrize(("recorded", "now"), SAME)
def test_it_is_the_same(recorded: Json, now: Json) -> None:
    assert same_but_for_secrets(recorded, now)


@pytest.mark.parametrize(("recorded", "now"), OTHER)
def test_it_is_not_the_same(recorded: Json, now: Json) -> None:
    assert not same_but_for_secrets(recorded, now)


def test_what_became_secret_since_is_the_same() -> None:
    MASKING.learn("k-7f3a9c55e1", "env:DOOR")
    assert same_but_for_secrets("with k-7f3a9c55e1", "with ***")
    assert same_but_for_secrets("with k-7f3a9c55e1", "with k-7f3a9c55e1")
    assert not same_but_for_secrets("with k-7f3a9c55e1", "without ***")
