"""`state_machine`: states, events, guards, entry actions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from podium import agent, human
from podium.errors import PatternError, RunFailed
from podium.model.agent import AnyAgent
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.patterns import Event, Journey, Pattern, RefusedEvent, Transition, cel, state_machine, transition
from podium.testing import scripted
from tests.unit.engine.bench import Bench

WAYS = [
    transition("draft", "review", on="submit"),
    transition("review", "draft", on="return"),
    transition("review", "done", on="accept"),
]


def desk(*ways: Transition, entry: Mapping[str, AnyAgent] | None = None, steps: int = 50) -> Pattern[Any, Journey]:
    return state_machine(*(ways or WAYS), start="draft", ends=["done"], entry=entry, steps=steps, name="desk")


async def sent(bench: Bench, machine: Pattern[Any, Journey], *bodies: Json, data: Json = None) -> Journey:
    """Send signals to a machine that waits for them, and return its end."""
    async with bench.app() as app:
        handle = await app.start(machine, data)
        for body in bodies:
            await handle.signal("event", body)
        return await handle.result()


# Entry actions


async def test_an_entry_action_names_the_event_that_leads_on_and_the_data_flows_along(bench: Bench) -> None:
    submit = scripted("submit", [{"name": "submit", "data": "v1"}, {"name": "submit", "data": "v2"}])
    review = scripted("review", ["return", "accept"])
    async with bench.app() as app:
        journey = await app.run(desk(entry={"draft": submit, "review": review}), "task")
    assert journey == Journey(state="done", data="v2", path=["draft", "review", "draft", "review", "done"])


async def test_an_entry_action_is_handed_the_state_the_data_the_event_that_led_here_and_what_is_allowed(
    bench: Bench,
) -> None:
    seen: list[object] = []

    @agent
    async def review(state: str, data: str, event: str, allowed: list[str]) -> Literal["accept"]:
        seen.append((state, data, event, allowed))
        return "accept"

    assert (await sent(bench, desk(entry={"review": review}), "submit", data="text")).state == "done"
    assert seen == [("review", "text", "submit", ["return", "accept"])]


async def test_an_action_of_one_thing_is_handed_the_data(bench: Bench) -> None:
    @dataclass
    class Article:
        title: str

    @agent
    async def draft(article: Article) -> Event:
        return Event("submit", {"title": article.title.upper()})

    journey = await sent(bench, desk(entry={"draft": draft}), "accept", data={"title": "tea"})
    assert journey.data == {"title": "TEA"}


async def test_without_events_what_an_action_gives_is_the_new_data_and_guards_choose(bench: Bench) -> None:
    ways = [
        transition("draft", "draft", when=cel("data < 3")),
        transition("draft", "done"),
    ]
    more = scripted("more", lambda data: data + 1)
    async with bench.app() as app:
        journey = await app.run(desk(*ways, entry={"draft": more}), 0)
    assert (journey.data, journey.path) == (3, ["draft", "draft", "draft", "done"])


async def test_an_end_may_have_an_action_too_and_none_leaves_the_data_as_it_is(bench: Bench) -> None:
    entry = {"draft": scripted("d", [None]), "done": scripted("e", lambda data: f"{data}, printed")}
    async with bench.app() as app:
        journey = await app.run(desk(transition("draft", "done"), entry=entry), "text")
    assert journey.data == "text, printed"


async def test_an_event_of_an_action_that_its_state_does_not_know_is_an_error_that_names_what_is(
    bench: Bench,
) -> None:
    with pytest.raises(RunFailed, match=r"r acted in review: review knows no event 'accpt'. .* 'return' or 'accept'"):
        await sent(bench, desk(entry={"review": scripted("r", 3 * ["accpt"])}), "submit")


async def test_an_event_of_an_action_that_no_guard_lets_pass_is_an_error(bench: Bench) -> None:
    ways = [transition("draft", "done", on="submit", when=cel("data > 1"))]
    with pytest.raises(RunFailed, match="no guard of 'submit' lets this data pass"):
        await sent(bench, desk(*ways, entry={"draft": scripted("d", 3 * ["submit"])}), data=1)


async def test_an_action_after_which_no_guard_holds_is_an_error(bench: Bench) -> None:
    ways = [transition("draft", "done", when=cel("data > 1"))]
    with pytest.raises(RunFailed, match=r"no guard lets what it gave pass\. Add a transition without a guard"):
        await sent(bench, desk(*ways, entry={"draft": scripted("d", 3 * [1])}))


async def test_what_is_no_event_is_a_bad_answer(bench: Bench) -> None:
    with pytest.raises(RunFailed, match="d, its entry action in draft, gave what cannot be read"):
        await sent(bench, desk(entry={"draft": scripted("d", 3 * [7])}))


async def test_after_its_steps_it_stops(bench: Bench) -> None:
    bounce = {"draft": scripted("d", lambda _: "submit"), "review": scripted("r", lambda _: "return")}
    with pytest.raises(RunFailed, match=r"steps=3 is used up, and it is still in review\. .*draft, review"):
        await sent(bench, desk(entry=bounce, steps=3))


async def test_an_end_that_is_reached_with_the_last_step_counts(bench: Bench) -> None:
    assert (await sent(bench, desk(steps=2), "submit", "accept")).state == "done"


# Events from outside


async def test_a_state_without_an_action_waits_for_an_event_also_over_a_restart(bench: Bench) -> None:
    machine = desk()
    run = await bench.parked(machine, "text")
    async with bench.app(machine) as app:
        await (await app.handle(run)).signal("event", {"name": "submit", "data": "better"})
        await bench.clock.settle()
        assert (await (await app.handle(run)).status()).state == "parked"
    async with bench.app(machine) as app:
        await (await app.handle(run)).signal("event", "accept")
        journey = machine.output.load(await (await app.handle(run)).result())
    assert journey == Journey(state="done", data="better", path=["draft", "review", "done"])


async def test_an_event_from_outside_that_the_state_does_not_know_is_refused_and_it_waits_on(bench: Bench) -> None:
    journey = await sent(bench, desk(), "accept", "submit", "accept")
    assert journey.path == ["draft", "review", "done"]
    assert journey.refused == [
        RefusedEvent(state="draft", event="accept", reason="draft knows no event 'accept'", allowed=["submit"])
    ]


@pytest.mark.parametrize(
    "body", [None, 7, ["submit"], {"event": "submit"}, {"name": None}, {"name": "submit", "date": 1}]
)
async def test_a_signal_that_brings_no_event_is_refused(bench: Bench, body: Json) -> None:
    (refused,) = (await sent(bench, desk(), body, "submit", "accept")).refused
    assert (refused.event, refused.reason) == (body, "it is no event: send a name, or {'name': …, 'data': …}")


def score_is_high(data: Any) -> bool:
    return data["score"] > 1


@pytest.mark.parametrize("rule", [score_is_high, cel("data.score > 1")])
async def test_data_from_outside_that_a_guard_does_not_take_is_refused(bench: Bench, rule: Any) -> None:
    ways = [transition("draft", "done", on="grade", when=rule)]
    grades: list[Json] = [{"score": 1}, "nonsense", {}, {"score": 2}]
    journey = await sent(bench, desk(*ways), *({"name": "grade", "data": each} for each in grades))
    assert [each.reason.partition(" this data")[0] for each in journey.refused] == [
        "no guard of 'grade' lets",
        "the guard of 'grade' cannot judge",
        "the guard of 'grade' cannot judge",
    ]
    assert journey.data == {"score": 2}


async def test_a_refused_event_is_in_the_runs_facts_while_it_waits_on(bench: Bench) -> None:
    async with bench.app() as app:
        handle = await app.start(desk())
        await handle.signal("event", "accept")
        await bench.clock.settle()
        facts = await handle.facts()
        (asked,) = [fact for fact in facts if fact.kind is FactKind.ASKED]
        (answered,) = [fact for fact in facts if fact.key == asked.key and fact.kind is FactKind.ANSWERED]
        assert asked.body["agent"] == "refused in draft"
        assert b"draft knows no event 'accept'" in (answered.payload or b"")
        assert (await handle.status()).state == "parked"


async def test_the_event_may_have_another_name(bench: Bench) -> None:
    machine = state_machine(transition("a", "b", on="go"), start="a", ends=["b"], event="door", name="m")
    async with bench.app() as app:
        handle = await app.start(machine)
        await handle.signal("event", "go")
        await handle.signal("door", "go")
        assert (await handle.result()).refused == []


async def test_a_person_reviews(bench: Bench) -> None:
    editor = human("editors", text="Publish?", answer=Literal["accept", "return"], name="editor")
    write = scripted("write", ["first", "second"])
    ways = [transition("draft", "review"), *WAYS[1:]]
    async with bench.app() as app:
        handle = await app.start(desk(*ways, entry={"draft": write, "review": editor}), "tea")
        for answer in ("return", "accept"):
            await bench.clock.settle()
            (question,) = await app.inbox.list(to="editors")
            await app.inbox.answer(question.id, answer, by="ann")
        journey = await handle.result()
    assert (journey.data, journey.path) == ("second", ["draft", "review", "draft", "review", "done"])
    assert question.ask.subject == {"state": "review", "data": "second", "allowed": ["return", "accept"]}


# What is refused when it is built


def machine(*ways: Transition, start: str = "a", ends: list[str] | None = None, **options: Any) -> Pattern[Any, Any]:
    return state_machine(*ways, start=start, ends=["z"] if ends is None else ends, **options)


GO = transition("a", "z", on="go")
ACT = scripted("act", [])


@pytest.mark.parametrize(
    ("ways", "options", "message"),
    [
        ([], {}, "needs at least 1 transition, got 0"),
        ([GO], {"ends": []}, "needs at least 1 of its states as an end"),
        ([GO], {"ends": ["z", "end"]}, "ends names end; there is a, z"),
        ([GO], {"entry": {"b": ACT}}, "entry names b; there is a, z"),
        ([GO], {"start": "b"}, "given start='b': no way leads from there to a, z"),
        ([GO, transition("b", "z", on="go")], {}, "given start='a': no way leads from there to b"),
        ([GO, transition("a", "b", on="stay")], {}, "no way leads from b to an end"),
        ([GO, transition("a", "b", on="x"), transition("b", "b", on="x")], {}, "no way leads from b to an end"),
        ([GO, transition("z", "a", on="back")], {}, "z is an end, and no transition leads out of an end"),
        ([GO, transition("a", "a", on="go")], {}, "a goes to z on 'go' in any case, so never to a"),
        ([GO, transition("a", "a", on="go", when=bool)], {}, "a goes to z on 'go' in any case, so never to a"),
        (
            [transition("a", "z"), transition("a", "a", when=bool)],
            {"entry": {"a": ACT}},
            "a goes to z when its entry action is done in any case",
        ),
        ([GO, transition("a", "a")], {"entry": {"a": ACT}}, "a has transitions with an event and others without"),
        ([transition("a", "z")], {}, "a transition from a has no event, and nobody acts there"),
        ([GO], {"steps": 0}, "steps=0: expected at least 1"),
        ([GO], {"entry": {"a": 5}}, "was given 5 as its entry action in a"),
        ([transition("a", "z", on="go", when=cel("state == 'a'"))], {}, "uses state: here it may use data"),
    ],
)
def test_what_cannot_be_right_is_refused_when_it_is_built(
    ways: list[Transition], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(PatternError, match=message):
        machine(*ways, **options)


def test_of_several_ways_with_one_event_the_last_may_be_without_a_guard() -> None:
    assert machine(transition("a", "a", on="go", when=bool), GO).kind == "state_machine"


def test_an_action_that_gives_no_event_where_one_is_needed_is_refused() -> None:
    @agent
    async def count(data: str) -> int:
        return len(data)

    with pytest.raises(PatternError, match="count does not give what its entry action in a has to give"):
        machine(GO, entry={"a": count})


# Its picture, and how it is written down


def test_its_picture_has_the_states_and_the_events_on_the_arrows() -> None:
    ways = [transition("draft", "review"), transition("review", "done", on="accept", when=cel("data.ok"))]
    ways.append(transition("review", "draft", on="accept", when=score_is_high))
    ways.append(transition("review", "done", on="drop"))
    assert desk(*ways, entry={"draft": scripted("writer", [])}).graph().splitlines() == [
        "flowchart TD",
        '    subgraph g1["state_machine desk"]',
        '        n2["draft: writer"]',
        '        n3(["review"])',
        '        n4(["done"])',
        "        n2 --> n3",
        '        n3 -->|"accept [data.ok]"| n4',
        '        n3 -->|"accept [score_is_high]"| n2',
        '        n3 -->|"drop"| n4',
        "    end",
    ]


def test_without_a_name_it_is_called_by_its_agents() -> None:
    assert machine(GO, entry={"a": ACT}).card.name == "state_machine(act)"


def test_it_is_written_down_without_what_is_preset() -> None:
    assert machine(transition("a", "z", on="go", when=cel("data > 1")), entry={"z": ACT}).spec() == {
        "state_machine": {
            "transitions": [{"source": "a", "target": "z", "on": "go", "when": "data > 1"}],
            "start": "a",
            "ends": ["z"],
            "entry": {"z": "act"},
        }
    }
