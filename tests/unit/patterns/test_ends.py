"""Ends of patterns: each kind in each pattern that takes them, combined in every way, and written down."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium import App
from podium.agents.pydantic_ai import llm_agent
from podium.errors import PodiumError
from podium.model.json import Json
from podium.patterns import (
    EndWhen,
    Pattern,
    after,
    all_of,
    any_of,
    blackboard,
    cel,
    confirmed,
    debate,
    group_chat,
    lasted,
    load,
    load_yaml,
    magentic,
    mentions,
    mesh,
    refine,
    sequence,
    signalled,
    spent,
    supervisor,
    watch,
)
from podium.store.protocol import Claimed
from podium.testing import DrivenClock, ScriptedModel, scripted
from tests.examples import examples
from tests.unit.engine.bench import Bench

TURNS = 9
"""The bound of each pattern: where none of its ends comes it goes on up to here."""
Does = Callable[[Any], Json]
Until = Any


class Members:
    """Who never comes to an end: each says a new thing each time, and a second goes by."""

    def __init__(self, bench: Bench | None = None, usd: float | None = None) -> None:
        self._bench = bench
        self._usd = usd
        self.says = 0

    def __call__(self, name: str, does: Does) -> Any:
        return scripted(name, does, **({} if self._usd is None else {"usd": self._usd}))

    def next(self) -> str:
        self.says += 1
        if self._bench is not None:
            self._bench.jump(1)
        return f"thing {self.says}."


def chat(who: Members, until: Until) -> Pattern[Any, Any]:
    one, two = (who(name, lambda told: who.next()) for name in ("one", "two"))
    return group_chat(one, two, until=until, turns=TURNS, name="team")


def drafts(who: Members, until: Until) -> Pattern[Any, Any]:
    one = who("one", lambda told: who.next())
    return refine(one, who("two", lambda told: "not yet"), until=until, rounds=TURNS, name="team")


def board(who: Members, until: Until) -> Pattern[Any, Any]:
    one = watch(who("one", lambda told: {"latest": who.next()}), when=lambda board: True)
    return blackboard(one, until=until, acts=TURNS, name="team")


def ledgers(who: Members, until: Until) -> Pattern[Any, Any]:
    step = {"satisfied": False, "looping": False, "progressing": True, "next": "one", "instruction": "go"}
    said = {"plan": {"facts": "", "plan": ""}, "progress": step, "final": None}
    boss = who("boss", lambda told: said[told["step"]])
    return magentic(boss, [who("one", lambda told: who.next())], until=until, rounds=TURNS, name="team")


def letters(who: Members, until: Until) -> Pattern[Any, Any]:
    def write(to: str) -> Does:
        return lambda told: {"messages": [{"to": to, "payload": who.next()}]}

    return mesh(who("one", write("two")), who("two", write("one")), until=until, hops=TURNS + 1, name="team")


def positions(who: Members, until: Until) -> Pattern[Any, Any]:
    def hold(told: Any) -> Json:
        return who.next() if told["step"] == "revise" else "one" if told["step"] == "vote" else told["step"]

    other = who("two", lambda told: "one" if told["step"] == "vote" else "mine")
    return debate(who("one", hold), other, until=until, rounds=TURNS, name="team")


def reports(who: Members, until: Until) -> Pattern[Any, Any]:
    def manage(told: Any) -> Json:
        return {"assignments": [{"to": "one", "input": "go"}]} if told["rounds_left"] else {"answer": "done"}

    team = [who("one", lambda told: who.next())]
    return supervisor(who("boss", manage), team, until=until, rounds=TURNS + 1, name="team")


PATTERNS: dict[str, Callable[[Members, Until], Pattern[Any, Any]]] = {
    "blackboard": board,
    "debate": positions,
    "group_chat": chat,
    "magentic": ledgers,
    "mesh": letters,
    "refine": drafts,
    "supervisor": reports,
}
RULES = {
    "blackboard": "'latest' in board && board.latest == 'thing 3.'",
    "debate": "positions.one == 'thing 3.'",
    "group_chat": "size(messages) == 3",
    "magentic": "size(history) == 3",
    "mesh": "size(messages) == 4",
    "refine": "verdict != 'not yet'",
    "supervisor": "size(reports) == 3",
}
"""A rule of each that holds after three turns, but for the critic who is never content."""


def task(kind: str) -> Json:
    return {} if kind == "blackboard" else "go"


def made(function: Any, *wrong: object) -> object:
    return function(*wrong)


CALLS_IN_A_TURN = dict.fromkeys(PATTERNS, 2) | {"debate": 6, "magentic": 3, "supervisor": 3}
"""At most, with those that come after the last turn."""


async def ended(bench: Bench, kind: str, until: Until, *signals: str) -> tuple[int, str | None]:
    """Return after how many turns a pattern ended, and which end that was, if it tells."""
    who = Members(bench)
    made = PATTERNS[kind](who, until)
    async with bench.app(made) as app:
        handle = await app.start(made, task(kind))
        for name in signals:
            await handle.signal(name)
        value = await handle.result()
    return who.says, getattr(value, "ended_by", None)


def told(kind: str, words: str) -> str | None:
    """Return what a result says of its end: those of `refine` and `supervisor` are what members gave."""
    return None if kind in ("refine", "supervisor") else words


@pytest.mark.parametrize("kind", PATTERNS)
async def test_without_an_end_it_goes_on_up_to_its_bound(bench: Bench, kind: str) -> None:
    if kind == "mesh":
        return  # where the bound is an error
    until = cel("false") if kind == "refine" else None
    assert await ended(bench, kind, until) == (TURNS, told(kind, ""))


@pytest.mark.parametrize(
    ("kind", "until", "words"),
    [
        *((kind, *each) for kind in PATTERNS for each in [
            (after(3), "after 3 turns"),
            (mentions("thing 3."), "one said 'thing 3.'"),
            (after(5) | lasted("3s"), "after 3 seconds"),
        ]),
        ("group_chat", after(2) & mentions("thing 3."), "after 2 turns and one said 'thing 3.'"),
        ("group_chat", after(1) & after(7) | after(3), "after 3 turns"),
        ("group_chat", signalled("stop") | after(3), "after 3 turns"),
        ("group_chat", spent(usd=9) | spent(tokens=1) | after(3), "after 3 turns"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
async def test_each_kind_of_end_ends_each_pattern(bench: Bench, kind: str, until: EndWhen, words: str) -> None:
    turns, which = await ended(bench, kind, until)
    assert (turns, which) == (3, told(kind, words))


@pytest.mark.parametrize("kind", PATTERNS)
async def test_a_rule_ends_it_alone_and_beside_an_end(bench: Bench, kind: str) -> None:
    rule = cel(RULES[kind])
    turns = TURNS if kind == "refine" else 3
    assert await ended(bench, kind, rule) == (turns, told(kind, f"the rule {rule.text} holds"))
    assert (await ended(bench, kind, rule | after(2)))[0] == 2


@pytest.mark.parametrize("kind", PATTERNS)
async def test_the_word_of_a_person_ends_it_between_two_turns(bench: Bench, kind: str) -> None:
    turns, which = await ended(bench, kind, signalled("stop"), "stop")
    assert turns <= 2, "it came while the first turns were taken"
    assert which == told(kind, "signal 'stop' came")


async def test_a_word_that_came_earlier_counts_once_the_other_end_comes(bench: Bench) -> None:
    assert await ended(bench, "group_chat", signalled("stop") & after(4), "stop") == (
        4,
        "signal 'stop' came and after 4 turns",
    )


@pytest.mark.parametrize("kind", PATTERNS)
async def test_a_person_who_is_asked_ends_it_and_is_shown_what_rules_see(kind: str) -> None:
    who, clock, shown = Members(), DrivenClock(), list[Json]()
    made = PATTERNS[kind](who, after(2) & confirmed("lena"))
    async with App.open(":memory:", clock=clock) as app:
        handle = await app.start(made, task(kind))
        while not (await handle.status()).state.ended:
            await clock.advance(1)
            for question in await app.inbox.list(to="lena"):
                shown.append(question.ask.subject)
                answer = {"approved": len(shown) > 1, "comment": "not yet"}
                await app.inbox.answer(question.id, answer, by="lena")
        value = await handle.result()
    assert (who.says, len(shown)) == (3, 2)
    assert ("not yet" if kind == "refine" else "thing") in str(shown)
    assert getattr(value, "ended_by", None) == told(kind, "after 2 turns and lena confirmed it")


async def test_a_person_who_does_not_answer_in_time_lets_it_go_on() -> None:
    clock, made = DrivenClock(), chat(Members(), confirmed("lena", within=60) | after(3))
    async with App.open(":memory:", clock=clock) as app:
        handle = await app.start(made, "go")
        while not (await handle.status()).state.ended:
            await clock.advance(61)
        assert (await handle.result()).ended_by == "after 3 turns"


@pytest.mark.parametrize("kind", PATTERNS)
async def test_what_it_has_spent_ends_it_and_nothing_that_was_spent_beside_it_counts(bench: Bench, kind: str) -> None:
    who = Members(bench, usd=0.1)
    whole = sequence(who("dear", lambda told: task(kind)), PATTERNS[kind](who, spent(usd=0.55)), name="whole")
    async with bench.app(whole) as app:
        handle = await app.start(whole, "go")
        await handle.result()
        (cost,) = (await app.reports.costs(run=handle.id, by="run")).items
    assert 0.65 <= cost.usd < 0.65 + 0.1 * CALLS_IN_A_TURN[kind]


async def test_tokens_count_too(bench: Bench) -> None:
    one, two = (llm_agent(name, model=ScriptedModel(["word"] * 2), instructions="Talk.") for name in ("one", "two"))
    made = group_chat(one, two, until=spent(tokens=1) & after(2), turns=TURNS, name="team")
    async with bench.app(made) as app:
        chat = await app.run(made, "go")
    assert chat.ended_by.endswith("tokens were used and after 2 turns")


async def test_only_what_those_named_say_counts(bench: Bench) -> None:
    until = mentions("thing", by="two")
    assert await ended(bench, "group_chat", until) == (2, "two said 'thing'")


@pytest.mark.parametrize("kind", PATTERNS)
async def test_every_beginning_of_what_is_recorded_replays(bench: Bench, kind: str) -> None:
    """The time is that of what is recorded, and a signal that was taken stays taken."""
    until = signalled("stop") & lasted(3) & mentions("thing") | after(8)
    who = Members(bench)
    made = PATTERNS[kind](who, until)
    async with bench.app(made) as app:
        handle = await app.start(made, task(kind))
        await handle.signal("stop")
        value = await handle.result()
        journal, run = await app.runs.facts(handle.id), await handle.status()
    assert who.says == 3
    async with App.open(":memory:", agents=[made], clock=DrivenClock(journal[-1].at)) as app:
        for end in range(1, len(journal), 3):
            assert await app.worker.replays(Claimed(1, run, 0, list(journal[:end]), [])) == ""
    assert who.says == 3
    assert getattr(value, "ended_by", None) == told(kind, "signal 'stop' came and after 3 seconds and one said 'thing'")


@given(
    st.recursive(
        st.integers(1, 6).map(lambda n: (after(n), n)),
        lambda inner: st.tuples(st.sampled_from("|&"), inner, inner).map(
            lambda each: (
                (each[1][0] | each[2][0], min(each[1][1], each[2][1]))
                if each[0] == "|"
                else (each[1][0] & each[2][0], max(each[1][1], each[2][1]))
            )
        ),
        max_leaves=6,
    )
)
@settings(deadline=None, max_examples=examples(15))
def test_either_is_the_first_and_both_is_the_last(combined: tuple[EndWhen, int]) -> None:
    until, turns = combined

    async def run() -> Any:
        one, two = (scripted(name, lambda told: "hm") for name in ("one", "two"))
        async with App.open(":memory:") as app:
            return await app.run(group_chat(one, two, until=until, turns=TURNS, name="team"), "go")

    assert len(asyncio.run(run()).messages) == turns


ENDS = [
    after(2),
    mentions("yes"),
    mentions("yes", by=["one"]),
    lasted("10m"),
    spent(usd=0.5),
    spent(usd=2, tokens=1000) | after(3),
    signalled("stop"),
    confirmed("lena"),
    after(2) & confirmed("lena", text="Enough?", within="1h"),
    after(2) | signalled("stop"),
    (after(2) & lasted(5)) | cel("size(messages) > 3"),
    any_of(cel("size(messages) > 3"), all_of(after(1), cel("true"))),
]


@pytest.mark.parametrize("until", ENDS, ids=lambda end: json.dumps(end.spec()))
def test_an_end_is_written_down_and_read_again(until: EndWhen) -> None:
    one, two = (scripted(name, lambda told: "hm") for name in ("one", "two"))
    made = group_chat(one, two, until=until, name="team")
    spec = json.loads(json.dumps(made.spec()))
    assert load(spec, agents=[one, two]).spec() == spec
    spec["group_chat"].pop("name")
    text = json.dumps({"workflows": {"team": spec}})
    assert load_yaml(text, agents=[one, two]).workflow().spec() == made.spec()


def test_ends_of_one_kind_side_by_side_are_one_list() -> None:
    assert (after(1) | after(2) | after(3)).spec() == {"any_of": [{"after": 1}, {"after": 2}, {"after": 3}]}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: after(0), "after was given turns=0: expected a whole number, 1 or more."),
        (lambda: made(after, 1.5), "after was given turns=1.5: expected a whole number"),
        (lambda: mentions(""), "mentions was given an empty text"),
        (lambda: made(mentions, 3), "the text of mentions is 3; expected text"),
        (lambda: lasted("10 min"), "the time of lasted is '10 min'; expected seconds"),
        (lambda: lasted(0), "the time of lasted is 0"),
        (lambda: signalled(""), "the name of a signal"),
        (spent, "spent was given no bound: pass usd=…, or tokens=…."),
        (lambda: spent(usd=0), "spent was given usd=0: expected more than 0."),
        (lambda: spent(tokens=-1), "spent was given tokens=-1: expected more than 0."),
        (any_of, "any_of needs at least 1 end, got 0."),
        (all_of, "all_of needs at least 1 end, got 0."),
        (lambda: chat(Members(), mentions("x", by="three")), "mentions('x') names three; there is one, two."),
        (lambda: chat(Members(), after(1) | cel("message == 1")), "uses message: here it may use messages"),
    ],
)
def test_what_is_no_end_is_told(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(PodiumError) as caught:
        wrong()
    assert message in str(caught.value)
