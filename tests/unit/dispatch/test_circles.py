"""What counts as a circle, and what never does."""

from collections.abc import Sequence

import orjson
from hypothesis import given
from hypothesis import strategies as st

from podium.dispatch.rules.loops.detection import circle
from podium.engine.run.turn_history import TurnHistory, is_telling
from podium.model.loops import Loops, digest_of

Spoken = tuple[str, str, str]
"""Who was asked, what, and what was said."""

RULE = Loops()
agents = st.sampled_from(["ann", "bob", "cat"])
verdicts = st.sampled_from(["yes", "no", "true", "needs more work"])


def circles(spoken: Sequence[Spoken]) -> list[str]:
    """Return the rules that were broken on the way."""
    trail, found = TurnHistory(), list[str]()
    for agent, asked, said in spoken:
        question = orjson.dumps(asked)
        broken = circle(RULE, trail.turns, agent, digest_of(question))
        found.extend([] if broken is None else [broken[0]])
        trail.note(agent, question, orjson.dumps(said))
    return found


@given(st.lists(st.lists(st.tuples(agents, verdicts), min_size=1, max_size=4), max_size=30))
def test_any_verdicts_on_one_thing_after_the_other_are_no_circle(things: list[list[tuple[str, str]]]) -> None:
    assert not circles([(agent, f"thing {n}", said) for n, thing in enumerate(things) for agent, said in thing])


@given(st.lists(st.tuples(agents, st.sampled_from(["go on", "again"])), max_size=60))
def test_whoever_always_says_something_new_is_in_no_circle(asked: list[tuple[str, str]]) -> None:
    assert not circles([(agent, text, f"answer number {n} to this") for n, (agent, text) in enumerate(asked)])


@given(st.integers(2, 40), verdicts)
def test_a_writer_who_gets_on_and_a_critic_who_is_never_content_are_no_circle(rounds: int, verdict: str) -> None:
    spoken: list[Spoken] = []
    for n in range(rounds):
        spoken += [("writer", f"{verdict}: draft {n - 1}", f"this is my draft number {n}")]
        spoken += [("critic", f"draft {n}", verdict)]
    assert not circles(spoken)


@given(
    st.lists(st.tuples(agents, st.text(max_size=5), st.text(max_size=5)), max_size=20),
    st.tuples(agents, st.text(max_size=5), verdicts),
)
def test_the_same_question_with_the_same_answer_is_found_whatever_came_before(
    before: list[Spoken], again: Spoken
) -> None:
    assert "loop:identical" in circles([*before, *[again] * 5])


@given(st.integers(0, 5), st.integers(4, 8))
def test_two_who_hand_the_same_back_and_forth_are_found(before: int, rounds: int) -> None:
    spoken: list[Spoken] = [("ann", f"step {n}", f"this is what came of step {n}") for n in range(before)]
    for n in range(rounds):
        spoken += [("desk", f"history of {n}", "billing should take this one, I think")]
        spoken += [("billing", f"history of {n}", "no, this is for the desk to see to")]
    assert circles(spoken)[0] == "loop:ping_pong"


def test_only_answers_of_some_words_are_telling_and_names_are_no_words() -> None:
    assert is_telling(b'"I have nothing more to say"')
    assert is_telling(b'{"to":"desk","reason":"not for me to say"}')
    assert not is_telling(b'{"a":1,"b":2,"c":[true],"d":null,"e":"","f":"no"}')
    assert not is_telling(rb'"say \"no\""')


def test_case_and_spaces_make_no_difference() -> None:
    spoken = [("ann", "go on", text) for text in ("I Do not  know what", "i do not know WHAT") * 3]
    assert "loop:identical" in circles(spoken)
