"""`mesh`: agents send each other messages."""

import asyncio
from collections import Counter, deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium import App, agent
from podium.errors import PatternError, RunFailed
from podium.model.agent import AnyAgent
from podium.model.json import Json
from podium.model.message import Message
from podium.patterns import MeshResult, Outgoing, Pattern, PeerReply, mesh
from podium.testing import CountingIds, DrivenClock, hanging, scripted, slow
from tests.examples import examples
from tests.unit.engine.bench import Bench

Sending = dict[str, Json]


def says(name: str, *said: Json, **options: Any) -> AnyAgent:
    return scripted(name, list(said), **options)


def sends(*messages: Sending) -> Json:
    return {"messages": list(messages)}


def ask(to: str, payload: Json = None) -> Sending:
    return {"to": to, "payload": payload, "requires_response": True}


def tell(to: str, payload: Json = None) -> Sending:
    return {"to": to, "payload": payload}


async def talk_of(bench: Bench, made: Pattern[Any, MeshResult], task: Json = "task") -> MeshResult:
    async with bench.app() as app:
        handle = await app.start(made, task)
        await bench.clock.advance(1_000)
        return await handle.result()


async def test_a_question_goes_round_and_the_answer_ends_it(bench: Bench) -> None:
    lead = says("lead", sends(ask("expert", "how many?")), {"answer": "it is 7"})
    talk = await talk_of(bench, mesh(lead, says("expert", sends(tell("lead", 7))), name="m"))
    assert talk.answer == "it is 7"
    assert [(each.from_, each.to, each.type, each.payload) for each in talk.messages] == [
        ("outside", "lead", "task", "task"),
        ("lead", "expert", "message", "how many?"),
        ("expert", "lead", "message", 7),
    ]


async def test_messages_tell_when_they_were_sent_and_have_ids_of_their_own(bench: Bench) -> None:
    start = bench.clock.now()
    lead = slow("lead", 5, then=sends(tell("b"), tell("b")), clock=bench.clock)
    talk = await talk_of(bench, mesh(lead, says("b", None, {"answer": 1}), name="m"))
    assert [each.timestamp - start for each in talk.messages] == [0, 5, 5]
    assert len({each.id for each in talk.messages}) == 3
    assert {each.correlation_id for each in talk.messages} == {talk.messages[0].id}


async def test_a_peer_may_take_the_message_alone(bench: Bench) -> None:
    @agent
    async def lead(message: Message) -> PeerReply:
        if message.type == "task":
            return PeerReply(messages=[Outgoing(to="other", type="ping", requires_response=True)])
        return PeerReply(answer=f"{message.type} of {message.from_}")

    @agent
    async def other(message: Message) -> PeerReply:
        return PeerReply(messages=[Outgoing(to=message.from_, type="pong", payload=message.payload)])

    assert (await talk_of(bench, mesh(lead, other, name="m"))).answer == "pong of other"


async def test_a_peer_may_ask_who_is_there_what_was_said_and_whom_it_owes_an_answer(bench: Bench) -> None:
    seen: list[tuple[str, dict[str, str], list[str], list[str]]] = []

    @agent(description="Knows numbers.")
    async def expert(message: Message, peers: dict[str, str], history: list[Message], owed: list[Message]) -> PeerReply:
        seen.append((message.type, peers, [each.type for each in history], [each.type for each in owed]))
        back = Outgoing(to="lead", type="reply")
        return PeerReply(messages=[back] if message.type == "number" else [])

    lead = says(
        "lead", {"messages": [{"to": "expert", "type": "note"}, {**ask("expert"), "type": "number"}]}, {"answer": 1}
    )
    await talk_of(bench, mesh(lead, expert, says("third", description="Idle."), name="m"))
    assert seen == [
        ("note", {"lead": "", "third": "Idle."}, [], ["number"]),
        ("number", {"lead": "", "third": "Idle."}, ["note"], ["number"]),
    ]


async def test_a_peer_of_texts_gets_the_parts_under_their_names(bench: Bench) -> None:
    seen: list[str] = []

    @agent
    async def reader(prompt: str) -> PeerReply:
        seen.append(prompt)
        return PeerReply(answer="read")

    await talk_of(bench, mesh(reader, says("other", description="Does the rest."), name="m"), "the task")
    (prompt,) = seen
    assert prompt.startswith("message:\n{")
    assert '"from": "outside"' in prompt
    assert '"other": "Does the rest."' in prompt
    assert prompt.endswith("history:\n[]\n\nowed:\n[]")


async def test_peers_act_side_by_side_each_on_one_message_after_the_other(bench: Bench) -> None:
    start, log = bench.clock.now(), list[str]()

    def logging(name: str, *seconds: float) -> AnyAgent:
        left = deque(seconds)

        async def act(message: Message) -> None:
            log.append(f"{name} {message.payload} at {bench.clock.now() - start:g}")
            await bench.clock.sleep_until(bench.clock.now() + left.popleft())

        return agent(name=name)(act)

    lead = says("lead", sends(tell("b", 1), tell("b", 2), tell("c", 3)))
    with pytest.raises(RunFailed, match="no message is left to be read"):
        await talk_of(bench, mesh(lead, logging("b", 5, 5), logging("c", 2), name="m"))
    assert log == ["b 1 at 0", "c 3 at 0", "b 2 at 5"]


async def test_at_most_at_once_act(bench: Bench) -> None:
    lead = says("lead", sends(tell("b"), tell("c"), tell("d")))
    others = [slow(name, 5, clock=bench.clock, witness=bench.witness) for name in "bcd"]
    async with bench.app() as app:
        await app.start(mesh(lead, *others, at_once=2, name="m"))
        await bench.clock.settle()
        assert len(bench.witness.lines()) == 2
        await bench.clock.advance(5)
        assert len(bench.witness.lines()) == 3


async def test_an_answer_cancels_who_still_acts_and_what_is_said_beside_it_is_not_sent(bench: Bench) -> None:
    lead = says("lead", sends(tell("b"), tell("c")))
    b = slow("b", 1, then={"answer": "done", **sends(tell("c"))}, clock=bench.clock)
    talk = await talk_of(bench, mesh(lead, b, hanging("c"), name="m"))
    assert (talk.answer, len(talk.messages)) == ("done", 3)


async def test_start_says_who_gets_the_task(bench: Bench) -> None:
    talk = await talk_of(bench, mesh(says("a"), says("b", {"answer": 1}), start="b", name="m"))
    assert talk.messages[0].to == "b"


@pytest.mark.parametrize(
    ("second", "error"),
    [
        (sends(ask("a")), "Deadlock: mesh: b waits for a, a waits for b: none of them can act any more"),
        (None, "NoDecision: mesh: no message is left to be read, and nobody gave an `answer`: a waits for b"),
        (sends(tell("x")), "BadAnswer: mesh: b sent a message to 'x': there is a, b"),
        (sends(tell("a"), tell("a"), tell("a")), "BoundReached: mesh: hops=4 is used up, and nobody"),
        ("text", "BadAnswer: mesh: b, its peer, gave what cannot be read"),
        ({"reply": "text"}, "BadAnswer: mesh: b, its peer, gave what cannot be read"),
    ],
)
async def test_where_no_answer_can_come_that_is_said(bench: Bench, second: Json, error: str) -> None:
    with pytest.raises(RunFailed, match=error):
        await talk_of(bench, mesh(says("a", sends(ask("b"))), says("b", second), hops=4, name="m", corrections=0))


async def test_it_goes_on_after_a_restart_with_the_same_ids_and_nothing_is_asked_twice(bench: Bench) -> None:
    lead = says("lead", sends(ask("b"), ask("c")), None, {"answer": "done"}, witness=bench.witness)
    b = slow("b", 1, then=sends(tell("lead")), clock=bench.clock, witness=bench.witness)
    c = slow("c", 9, then=sends(tell("lead")), clock=bench.clock, witness=bench.witness)
    made = mesh(lead, b, c, name="m")
    async with bench.app(made) as app:
        handle = await app.start(made, "task")
        await bench.clock.advance(2)
    talk = made.output.load(await bench.result(handle.id, made, seconds=100))
    assert (talk.answer, len(talk.messages)) == ("done", 5)
    times = Counter(line.split()[0] for line in bench.witness.lines())
    assert times == {"lead": 3, "b": 1, "c": 2}, "only what was running is done again"


NAMES = ("a", "b", "c")
ACTS = st.fixed_dictionaries(
    {
        "seconds": st.integers(0, 3),
        "messages": st.lists(
            st.fixed_dictionaries({"to": st.sampled_from(NAMES), "requires_response": st.booleans()}), max_size=2
        ),
        "answer": st.sampled_from([None, None, None, "answer"]),
    }
)
ENDS = ("Deadlock: ", "NoDecision: ", "BoundReached: ")


@settings(max_examples=examples(40))
@given(hops=st.integers(1, 12), scripts=st.fixed_dictionaries({name: st.lists(ACTS, max_size=5) for name in NAMES}))
def test_whatever_peers_say_it_ends_with_an_answer_or_an_error_that_has_a_name(
    hops: int, scripts: dict[str, list[Any]]
) -> None:
    async def play() -> MeshResult | str:
        clock = DrivenClock(moment=0)

        def peer(name: str, script: list[Any]) -> AnyAgent:
            left = deque(script)

            async def act(message: Message) -> PeerReply:
                if not left:
                    return PeerReply()
                now = left.popleft()
                await clock.sleep_until(clock.now() + now["seconds"])
                messages = [Outgoing(**each) for each in now["messages"]]
                return PeerReply(messages=messages, answer=now["answer"])

            return agent(name=name)(act)

        made = mesh(*(peer(name, scripts[name]) for name in NAMES), hops=hops, name="m")
        async with App.open(":memory:", clock=clock, ids=CountingIds()) as app:
            handle = await app.start(made, "task")
            await clock.advance(100)
            try:
                return await asyncio.wait_for(handle.result(), 120)
            except RunFailed as failed:
                return str(failed).partition("failed: ")[2]

    end = asyncio.run(play())
    if isinstance(end, str):
        assert end.startswith(ENDS)
    else:
        assert end.answer == "answer"
        assert len(end.messages) <= hops


# What is refused when it is built


@pytest.mark.parametrize(
    ("peers", "options", "message"),
    [
        ([says("a")], {}, "mesh needs at least 2 peers, got 1"),
        ([says("a"), says("a")], {}, "mesh has a twice among its peers"),
        ([says("a"), says("b")], {"start": "c"}, "start names c; there is a, b"),
        ([says("a"), says("b")], {"hops": 0}, "hops=0: expected at least 1"),
        ([says("a"), says("b")], {"at_once": 0}, "at_once=0: expected at least 1"),
        ([says("a"), len], {}, "mesh was given .* as an agent: decorate it with @agent"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_built(peers: list[Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(PatternError, match=message):
        mesh(*peers, **options)


def test_a_peer_that_can_send_nothing_is_refused() -> None:
    @agent
    async def writer(message: Message) -> str:
        return message.type

    with pytest.raises(PatternError, match="writer does not give what its peer has to give"):
        mesh(writer, says("b"))


def test_its_picture_has_the_messages_in_the_middle_and_it_is_written_down() -> None:
    made = mesh(says("a"), says("b"), start="b", name="m")
    assert made.graph().splitlines()[2:-1] == [
        '        n2["a"]',
        '        n3["b"]',
        '        n4(["messages"])',
        "        n2 --> n4",
        "        n3 --> n4",
        "        n4 --> n2",
        '        n4 -->|"task"| n3',
    ]
    assert made.spec() == {"mesh": {"peers": ["a", "b"], "start": "b", "name": "m"}}
