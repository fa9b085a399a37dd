"""Teams in conversations: who hears, who speaks, and that it is as the reference says, for every pattern."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, UserPromptPart
from typing_extensions import TypeIs

from podium import Agent, App, Context, ConversationTurn, Retry, Steps, agent, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.errors import RunFailed
from podium.model.json import Json
from podium.model.retry import FailureKind
from podium.patterns import Answer, HandOff, group_chat, handoff, route, sequence, supervisor, vote
from podium.patterns.building.inputs import plain
from podium.patterns.building.pattern import Pattern, is_pattern
from podium.patterns.supervisor import Assignment, Delegate, Finish
from podium.testing.model import Give, ScriptedModel
from tests.catalogue.entry import entries
from tests.unit.engine.bench import Bench

KNOWN = entries()
PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "patterns.md").read_text(encoding="utf-8")
SPEAKS = dict(re.findall(r"^\| `(\w+)` \| (members|the one that answers|the team) \|", PAGE, re.MULTILINE))


def listener(heard: list[int]) -> Agent[str, str]:
    @agent(name="echo")
    async def echo(text: str, steps: Steps) -> str:
        assert steps.conversation is not None
        heard.append(len(await steps.conversation.messages()))
        return f"echo {text}"

    return echo


def chatting(team: Agent[Any, Any]) -> Agent[str, Any]:
    @workflow(name="chat")
    async def chat(ctx: Context, text: str) -> Any:
        return plain(await ctx.call(team, text, conversation=ctx.conversation))

    return chat


async def talked(bench: Bench, app: App, chat: Agent[str, Any], text: str, answer: Callable[..., Json] | None) -> None:
    """Take a turn, and answer whatever people are asked."""
    run = await app.start(chat, text, conversation="u")
    for _ in range(60):
        await bench.clock.advance(1)
        for question in await app.inbox.list():
            if answer is not None and (said := answer(question)) is not None:
                await app.inbox.answer(question.id, said, by="kim")
        if (await run.status()).ended_at is not None:
            break
    await run.result()


async def said(app: App, name: str = "u") -> list[tuple[str, str]]:
    """Return who said what in a conversation."""
    return [
        (each.author, "".join(str(part.get("content", part.get("args"))) for part in each.message["parts"]))
        for each in await app.store.messages("default", name)
    ]


def test_the_reference_says_of_every_pattern_who_speaks() -> None:
    assert sorted(SPEAKS) == sorted(KNOWN)


def of_kind(team: Pattern[Any, Any], kind: str) -> Pattern[Any, Any]:
    """Return the team itself where its entry has it inside a sequence that makes its value smaller."""
    inner = [each for each in team.sketch.parts.values() if is_kind(each, kind) and kind != "blackboard"]
    return next(iter(inner), team)  # a blackboard takes no text


def is_kind(part: object, kind: str) -> TypeIs[Pattern[Any, Any]]:
    return is_pattern(part) and part.kind == kind


@pytest.mark.parametrize("name", KNOWN)
async def test_members_hear_the_conversation_and_those_speak_whom_the_reference_names(bench: Bench, name: str) -> None:
    heard: list[int] = []
    team = of_kind(KNOWN[name].build(listener(heard)), name)
    own, chat = team.card.name, chatting(team)
    async with bench.app(chat) as app:
        await talked(bench, app, chat, "go", KNOWN[name].answer)
        first, calls = await said(app), len(heard)
        await talked(bench, app, chat, "go on", KNOWN[name].answer)
        both = await said(app)
        assert first[0] == ("local", "go")
        assert ("local", "go on") in both[len(first) :]
        assert [who for who, _ in both].count("local") == 2
        authors = [who for who, _ in first[1:]]
        assert authors
        assert (own in authors) == (SPEAKS[name] == "the team")
        if SPEAKS[name] != "members":
            assert len(first) == 2
        assert min(heard[calls:], default=len(first)) >= len(first) > max(heard[:1], default=0)
        assert (await app.conversations.get("u")).holder is None


# handoff


def desk(**options: Any) -> Pattern[Any, Any]:
    @agent
    async def front(task: str, targets: dict[str, str]) -> HandOff | Answer:
        return HandOff(to="billing", reason="a charge") if "charge" in task else Answer(answer=f"front: {task}")

    @agent
    async def billing(task: str, note: HandOff, steps: Steps) -> HandOff | Answer:
        assert steps.conversation is not None
        before = len(await steps.conversation.messages())
        return HandOff(to="front", reason="no bill") if "how" in task else Answer(answer=f"billing after {before}")

    return handoff(front, billing, name="desk", **options)


async def test_a_later_turn_goes_on_with_the_agent_that_took_over(bench: Bench) -> None:
    team = desk()
    async with bench.app(team) as app:
        texts = ("hello", "a wrong charge", "and again", "how does it work?", "thanks")
        answers = [await app.run(team, text, conversation="u") for text in texts]
        assert answers == [
            "front: hello", "billing after 4", "billing after 5", "front: how does it work?", "front: thanks",
        ]  # fmt: skip
        assert await said(app) == [
            ("local", "hello"), ("front", "front: hello"),
            ("local", "a wrong charge"), ("front", "I hand over to billing: a charge"), ("billing", "billing after 4"),
            ("local", "and again"), ("billing", "billing after 5"),
            ("local", "how does it work?"), ("billing", "I hand over to front: no bill"),
            ("front", "front: how does it work?"),
            ("local", "thanks"), ("front", "front: thanks"),
        ]  # fmt: skip
        assert await app.run(team, "again?", conversation="another") == "front: again?"


async def test_one_that_needs_something_in_its_note_is_handed_it_again(bench: Bench) -> None:
    team = desk(needs={"billing": ["order"]}, hops=2)
    async with bench.app(team) as app:
        with pytest.raises(RunFailed, match="put it into the context"):
            await app.run(team, "a wrong charge", conversation="u")
        assert await said(app) == []  # what is refused is not said


async def test_a_turn_that_is_resumed_or_retried_stays_with_whom_it_began(bench: Bench) -> None:
    broken = [True]

    @agent
    async def one(task: str) -> HandOff | Answer:
        return HandOff(to="two", reason="not mine")

    @agent
    async def two(task: str, note: HandOff) -> HandOff | Answer:
        if "wait" in task and broken:
            broken.pop()
            raise ValueError(task)
        return Answer(answer=f"two: {task}")

    team = handoff(one, two, name="desk")
    async with bench.app(team) as app:
        await app.run(team, "first", conversation="u")
        run = await app.start(team, "wait", conversation="u")
        with pytest.raises(RunFailed):
            await run.result()
        await app.run(team, "between", conversation="u")
        await app.operations.retry(run.id)
        assert await run.result() == "two: wait"
        assert [text for who, text in await said(app) if who == "two"] == ["two: first", "two: between", "two: wait"]


async def test_a_redacted_turn_leaves_the_next_one_with_the_same_agent(bench: Bench) -> None:
    team = desk()
    async with bench.app(team) as app:
        run = await app.start(team, "a wrong charge", conversation="u")
        await run.result()
        await app.operations.redact(run.id, by="kim", why="asked for")
        assert await app.run(team, "and again", conversation="u") == "billing after 3"


# group_chat


def speaker(name: str, sent: list[list[str]]) -> Agent[str, str]:
    def reply(messages: Sequence[ModelMessage]) -> str:
        sent.append([
            f"{'user' if isinstance(part, UserPromptPart) else name}: {getattr(part, 'content', '')}"
            for each in messages
            for part in each.parts
        ])  # fmt: skip
        return f"{name} no. {len(sent)}"

    return llm_agent(name, model=ScriptedModel(reply), instructions=f"You are {name}.")


async def test_models_of_a_group_chat_are_sent_messages_with_roles_and_authors(bench: Bench) -> None:
    of_ann: list[list[str]] = []
    of_bob: list[list[str]] = []
    team = group_chat(speaker("ann", of_ann), speaker("bob", of_bob), turns=3, name="meeting")
    async with bench.app(team) as app:
        await app.run(team, "When?", conversation="u")
        await app.run(team, "Where?", conversation="u")
        assert of_ann[1] == [
            "user: When?", "ann: ann no. 1", "user: bob: bob no. 1", "user: It is your turn, ann.",
        ]  # fmt: skip
        assert of_bob[1] == [
            "user: When?", "user: ann: ann no. 1", "bob: bob no. 1", "user: ann: ann no. 2", "user: Where?",
            "user: ann: ann no. 3", "user: It is your turn, bob.",
        ]  # fmt: skip
        assert [who for who, _ in await said(app)] == ["local", "ann", "bob", "ann", "local", "ann", "bob", "ann"]
        assert [text for who, text in await said(app) if who == "local"] == ["When?", "Where?"]


async def test_a_manager_that_is_a_model_hears_the_chat(bench: Bench) -> None:
    asked: list[list[str]] = []

    def choose(messages: Sequence[ModelMessage]) -> Give:
        asked.append([str(getattr(part, "content", "")) for each in messages for part in each.parts])
        return Give("ann")

    manager = llm_agent("chair", model=ScriptedModel(choose), instructions="Choose.", output=str)
    team = group_chat(speaker("ann", []), speaker("bob", []), next_speaker=manager, turns=2, name="meeting")
    async with bench.app(team) as app:
        talk = await app.run(team, "When?", conversation="u")
        assert [message.speaker for message in talk.messages] == ["ann", "ann"]
        assert "messages" not in str(asked)
        assert asked[1][:2] == ["When?", "ann: ann no. 1"]
        assert [who for who, _ in await said(app)] == ["local", "ann", "ann"]


async def test_without_a_conversation_speakers_are_sent_the_same_messages(bench: Bench) -> None:
    sent: list[list[str]] = []
    team = group_chat(speaker("ann", sent), speaker("bob", []), turns=3, name="meeting")
    async with bench.app(team) as app:
        await app.run(team, "When?")
        await app.run(team, "When?", conversation="u")
        assert sent[1] == ["user: When?", "ann: ann no. 1", "user: bob: bob no. 1", "user: It is your turn, ann."]
        assert sent[3] == ["user: When?", "ann: ann no. 3", "user: bob: bob no. 2", "user: It is your turn, ann."]


# Teams inside teams


async def test_a_team_inside_a_talk_speaks_as_one_and_one_that_is_routed_to_as_itself(bench: Bench) -> None:
    @agent
    async def yes(task: str) -> str:
        return "yes"

    inner = desk()
    poll = sequence(vote(yes, sequence(yes, name="yes too")), lambda ballot: ballot.decision, name="poll")
    talk = group_chat(poll, yes, turns=2, name="talk")
    ways = route({"desk": inner, "talk": talk}, by=lambda task: task.split()[0], name="ways")
    async with bench.app(ways, inner, talk) as app:
        await app.run(ways, "talk about it", conversation="u")
        assert await said(app) == [("local", "talk about it"), ("poll", "yes"), ("yes", "yes")]
        await app.run(ways, "desk charge", conversation="v")
        assert [who for who, _ in await said(app, "v")] == ["local", "front", "billing"]


async def test_a_supervisor_says_only_what_it_finishes_with(bench: Bench) -> None:
    @agent
    async def boss(task: str, reports: list[Json], remark: str | None = None) -> Delegate | Finish:
        if not reports:
            return Delegate(assignments=[Assignment(to="worker", input=n) for n in range(3)])
        return Finish(answer=f"{len(reports)} reports on {task}")

    @agent
    async def worker(n: int, steps: Steps) -> int:
        assert steps.conversation is not None
        return len(await steps.conversation.messages())

    team = supervisor(boss, [worker], name="team")
    async with bench.app(team) as app:
        await app.run(team, "it", conversation="u")
        assert await said(app) == [("local", "it"), ("boss", "3 reports on it")]


async def test_a_team_that_is_called_with_a_conversation_of_its_own_talks_there(bench: Bench) -> None:
    team = desk()

    @workflow
    async def flow(ctx: Context, text: str) -> str:
        first = await ctx.call(team, text, conversation="u")
        quiet = ConversationTurn("u", says="nothing")
        return f"{first}, then {await ctx.call(team, text, conversation=quiet)}"

    async with bench.app(flow, team) as app:
        assert await app.run(flow, "a charge") == "billing after 2, then billing after 3"
        assert len(await said(app)) == 3


async def test_a_team_that_is_called_without_a_conversation_hears_and_says_nothing(bench: Bench) -> None:
    turns: list[bool] = []

    @agent
    async def one(task: str, steps: Steps) -> str:
        turns.append(steps.conversation is not None)
        return task

    team = sequence(vote(one, sequence(one, name="another")), lambda ballot: ballot.decision)

    @workflow
    async def flow(ctx: Context, text: str) -> str:
        return await ctx.call(team, text)

    async with bench.app(flow) as app:
        await app.run(flow, "quietly", conversation="u")
        assert turns == [False, False]
        assert await said(app) == [("local", "quietly"), ("flow", "quietly")]


async def test_a_further_attempt_of_a_team_hears_as_the_first_did(bench: Bench) -> None:
    turns: list[bool] = []

    @agent
    async def one(task: str, steps: Steps) -> str:
        turns.append(steps.conversation is not None)
        if len(turns) == 1:
            raise ValueError(task)
        return task

    team = sequence(one, lambda it: it, retry=Retry(attempts=2, kinds=frozenset({FailureKind.BUG})))

    @workflow
    async def flow(ctx: Context, text: str) -> str:
        return await ctx.call(team, text, conversation=ctx.conversation)

    async with bench.app(flow) as app:
        run = await app.start(flow, "again", conversation="u")
        await bench.clock.advance(60)
        assert await run.result() == "again"
        assert turns == [True, True]
