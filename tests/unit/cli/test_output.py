"""How things are written for people."""

import tomllib
from pathlib import Path

import pytest

from podium.cli.answering import to_value
from podium.cli.checks import EXTRAS
from podium.cli.output import count, duration, money, one_line
from podium.cli.servers import ServerPlace, find_servers, models_of
from podium.errors import UsageError
from podium.model.json import Json
from podium.model.question import APPROVAL_SCHEMA, Ask, Question, QuestionState


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.00004, "0.0 ms"), (0.0042, "4.2 ms"), (0.25, "250 ms"), (3.21, "3.2 s"), (99.0, "99.0 s"), (600, "10 min"),
        (7_200, "2 h"), (172_800, "2 d"),
    ],
)  # fmt: skip
def test_a_length_of_time_has_the_unit_that_suits_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_doctor_knows_every_extra() -> None:
    with (Path(__file__).parents[3] / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    assert set(EXTRAS) == set(extras) - {"dev"}


def test_small_prices_keep_their_places() -> None:
    assert (money(0.00123), money(12.345)) == ("$0.0012", "$12.35")


def test_things_are_counted_in_words() -> None:
    assert (count(1, "run"), count(1_200, "run")) == ("1 run", "1,200 runs")


def test_a_long_text_is_cut_to_one_line_with_its_control_characters_masked() -> None:
    assert one_line("a\n\n b\x1b[31m c", 20) == "a b\\u001b[31m c"
    assert one_line(f"ab{'x' * 50}yz", 10) == "abxx…xxxyz"


def asked(schema: Json, kind: str = "question") -> Question:
    ask = Ask(text="?", schema=schema, kind=kind)
    return Question(id="q", run="r", key="0", ask=ask, asked_at=0.0, deadline=None, state=QuestionState.OPEN)


def test_yes_and_no_answer_an_approval() -> None:
    approval = asked(APPROVAL_SCHEMA, "approval")
    assert to_value(approval, "Yes", "fine") == {"approved": True, "comment": "fine"}
    assert to_value(approval, "no", "") == {"approved": False, "comment": ""}
    assert to_value(approval, '{"approved": true}', "") == {"approved": True}
    edited = {"approved": True, "comment": "", "value": {"n": 5}}
    assert to_value(approval, "yes", "", '{"n": 5}') == edited
    with pytest.raises(UsageError, match="--edit goes with yes"):
        to_value(approval, "no", "", '{"n": 5}')


def test_yes_is_a_text_like_any_other_where_a_text_is_asked_for() -> None:
    assert to_value(asked({"type": "string"}), "yes", "") == "yes"


def test_an_answer_that_is_no_json_is_refused_where_no_text_is_asked_for() -> None:
    with pytest.raises(UsageError, match="the answer is no JSON"):
        to_value(asked(None), "{yes", "")


def test_a_comment_goes_only_with_a_word() -> None:
    with pytest.raises(UsageError, match="--comment and --edit go with yes or no"):
        to_value(asked(None), "1", "why")


@pytest.mark.parametrize(
    ("answer", "models"),
    [
        ({"models": [{"name": "a:1b"}, {"name": "b"}]}, ["a:1b", "b"]),
        ({"object": "list", "data": [{"id": "c"}]}, ["c"]),
        ({"models": []}, []),
        ({"data": "nonsense"}, []),
        ([1, 2], []),
        (None, []),
    ],
)
def test_models_are_read_from_either_protocol_and_nothing_from_others(answer: Json, models: list[str]) -> None:
    assert models_of(answer) == models


def test_where_nobody_listens_no_server_is_found() -> None:
    assert find_servers([ServerPlace("Nobody", "http://127.0.0.1:9", "/v1/models")]) == []
