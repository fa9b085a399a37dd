"""What becomes of a call whose input or answer a guard repairs, refuses, or has a person asked about."""

from dataclasses import dataclass
from typing import Any

import pytest

from podium import Call, Context, Retry, Steps, agent, workflow
from podium.config import Config
from podium.dispatch.rules.guards.rule import Guards
from podium.errors import CallFailed, CallRefused, ConfigError
from podium.guards import NoPii, guard, patterns, pii, screen_by, size
from podium.model.agent import Card
from podium.model.fact import FactKind
from podium.model.guard import GuardSettings, Repaired
from podium.model.json import Json
from podium.model.outcome import Done, Outcome, Pending
from podium.model.rules import AgentRules
from podium.model.run import RunState
from podium.testing import PlainSteps, scripted
from tests.unit.engine.bench import Bench

MAIL = "write to bob@example.com"
EITHER = pytest.mark.parametrize("effects", ["idempotent", "once"])


@dataclass
class Ticket:
    text: NoPii


def asks(where: str, name: str = "loud") -> Any:
    """Return a guard that asks the editors about whatever shouts."""
    places: Any = [where]
    return guard(lambda value: "it shouts" if value != value.lower() else None, name=name, on=places, ask="editors")


def calling(target: Any, input: Json) -> Any:
    """Return a workflow that calls an agent once, and says how that was refused."""

    @workflow(name="calling")
    async def flow(ctx: Context) -> str:
        try:
            return str(await ctx.call(target, input))
        except CallRefused as error:
            return f"{error.rule}: {error}"

    return flow


async def noticed(app: Any, run: str) -> list[Json]:
    return [fact.body for fact in await app.runs.facts(run) if fact.kind is FactKind.NOTICE]


async def test_an_agent_sees_the_masked_input_and_a_fact_says_that_it_was_masked(bench: Bench) -> None:
    echo = scripted("echo", lambda text: f"got {text}", guards=(pii(on=["input"]),))
    flow = calling(echo, MAIL)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        assert await handle.result() == "got write to <EMAIL_1>"
        assert await noticed(app, handle.id) == [
            {"guard": "guard:pii", "place": "input", "did": "repaired", "reason": "masked email (1)"}
        ]


async def test_what_comes_out_is_masked_too(bench: Bench) -> None:
    leaky = scripted("leaky", [MAIL], guards=(pii(),))
    flow = calling(leaky, "who?")
    async with bench.app(flow) as app:
        assert await app.run(flow) == "write to <EMAIL_1>"


async def test_what_was_masked_in_the_input_can_be_put_back_into_the_answer(bench: Bench) -> None:
    seen: list[str] = []

    def note(text: str) -> str:
        seen.append(text)
        return f"done: {text}"

    echo = scripted("echo", note, guards=(pii(restore=True),))
    flow = calling(echo, MAIL)
    async with bench.app(flow) as app:
        assert await app.run(flow) == f"done: {MAIL}"
    assert seen == ["write to <EMAIL_1>"]


async def test_what_a_guard_objects_to_is_refused_before_the_agent_works(bench: Bench) -> None:
    writer = scripted("writer", lambda _: "x", witness=bench.witness, guards=(size(5),))
    flow = calling(writer, "far too long")
    async with bench.app(flow) as app:
        assert await app.run(flow) == "guard:size: it has 14 bytes, 5 are allowed"
    assert bench.witness.count("writer") == 0


async def test_a_repair_that_a_guard_before_it_objects_to_is_refused(bench: Bench) -> None:
    grow = guard(lambda value: Repaired(value * 10, "made it longer"), name="grow", on=["input"])
    writer = scripted("writer", lambda _: "x", witness=bench.witness, guards=(size(10, on=["input"]), grow))
    flow = calling(writer, "four")
    async with bench.app(flow) as app:
        assert await app.run(flow) == "guard:size: it has 42 bytes, 10 are allowed"
    assert bench.witness.count("writer") == 0


async def test_a_repair_that_never_ends_is_refused(bench: Bench) -> None:
    grow = guard(lambda value: Repaired(value + "!", "made it longer"), name="grow", on=["output"])
    writer = scripted("writer", ["x"], guards=(grow,))
    flow = calling(writer, "four")
    async with bench.app(flow) as app:
        assert await app.run(flow) == "guard:grow: its repair does not hold: made it longer"


@EITHER
async def test_a_person_lets_an_input_pass(bench: Bench, effects: Any) -> None:
    writer = scripted("writer", lambda text: text, witness=bench.witness, effects=effects, guards=(asks("input"),))
    flow = calling(writer, "LOUD")
    run = await bench.parked(flow)
    async with bench.app(flow) as app:
        [question] = await app.inbox.list(to="editors")
        assert (question.ask.kind, question.ask.subject) == ("permission", "LOUD")
        assert question.ask.text == "loud objects to the input of writer: it shouts. May it go on?"
        await app.inbox.answer(question.id, {"approved": True}, by="eva")
        assert await (await app.handle(run)).result() == "LOUD"
    assert bench.witness.count("writer") == 1


@EITHER
@pytest.mark.parametrize("restart", [False, True])
async def test_an_answer_that_waits_for_a_person_is_kept_and_not_made_again(
    bench: Bench,
    effects: Any,
    restart: bool,  # noqa: FBT001  a case
) -> None:
    answers = iter(["LOUD", "ANOTHER"])
    writer = scripted(
        "writer", lambda _: next(answers), witness=bench.witness, effects=effects, guards=(asks("output"),)
    )
    flow = calling(writer, "hello")
    if restart:
        run = await bench.parked(flow)
        async with bench.app(flow) as app:
            [question] = await app.inbox.list(to="editors")
            await app.inbox.answer(question.id, {"approved": True}, by="eva")
            assert await (await app.handle(run)).result() == "LOUD"
    else:
        async with bench.app(flow) as app:
            handle = await app.start(flow)
            await bench.clock.settle()
            [question] = await app.inbox.list(to="editors")
            await app.inbox.answer(question.id, {"approved": True}, by="eva")
            assert await handle.result() == "LOUD"
    assert bench.witness.count("writer") == 1


async def test_two_guards_may_ask_about_one_answer(bench: Bench) -> None:
    writer = scripted(
        "writer", ["LOUD"], witness=bench.witness, guards=(asks("output"), asks("output", "second"))
    )  # fmt: skip
    flow = calling(writer, "hello")
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        for name in ("loud", "second"):
            await bench.clock.settle()
            [question] = await app.inbox.list()
            assert question.ask.text.startswith(name)
            await app.inbox.answer(question.id, {"approved": True}, by="eva")
        assert await handle.result() == "LOUD"
    assert bench.witness.count("writer") == 1


async def test_an_answer_that_a_person_does_not_let_pass_is_refused(bench: Bench) -> None:
    writer = scripted("writer", ["LOUD"], witness=bench.witness, guards=(asks("output"),))
    flow = calling(writer, "hello")
    run = await bench.parked(flow)
    async with bench.app(flow) as app:
        [question] = await app.inbox.list()
        await app.inbox.answer(question.id, {"approved": False, "comment": "no"}, by="eva")
        assert await (await app.handle(run)).result() == "guard:loud: eva did not approve it: no"
    assert bench.witness.count("writer") == 1


async def test_a_yes_to_one_answer_is_none_to_another(bench: Bench) -> None:
    async def handler(call: Call, steps: Steps) -> Outcome:
        return Done("LOUDER")

    guarded = Guards(lambda _: size(1)).calls(Card(name="writer", guards=(asks("output"),)), handler)
    granted = {"output guard:loud": {"approved": True}}
    call = Call(run="run_1", key="0", agent="writer", version="1", input=None, granted=granted)
    assert isinstance(await guarded(call, PlainSteps()), Pending)


async def test_a_verdict_is_recorded_and_not_paid_again_by_another_attempt(bench: Bench) -> None:
    screen = scripted("screen", lambda _: True, witness=bench.witness)
    writer = scripted(
        "writer", [ValueError("no"), "fine"], witness=bench.witness, retry=Retry(attempts=2, delay=0),
        guards=(screen_by(screen, on=["input"]),),
    )  # fmt: skip
    flow = calling(writer, "hello")
    async with bench.app(flow) as app:
        assert await app.run(flow) == "fine"
    assert (bench.witness.count("screen"), bench.witness.count("writer")) == (1, 2)


async def test_a_verdict_survives_the_process(bench: Bench) -> None:
    screen = scripted("screen", lambda _: True, witness=bench.witness)
    ask = asks("input")
    writer = scripted("writer", lambda text: text, guards=(screen_by(screen, on=["input"]), ask))
    flow = calling(writer, "LOUD")
    run = await bench.parked(flow)
    async with bench.app(flow) as app:
        [question] = await app.inbox.list()
        await app.inbox.answer(question.id, {"approved": True}, by="eva")
        assert await (await app.handle(run)).result() == "LOUD"
    assert bench.witness.count("screen") == 1


async def test_a_guard_that_fails_is_a_failure_of_the_call_and_is_tried_again(bench: Bench) -> None:
    verdicts = iter([TimeoutError("slow"), None])

    def broken(_: Json) -> str | None:
        verdict = next(verdicts)
        if verdict is not None:
            raise verdict
        return None

    watched = guard(broken, on=["input"])
    writer = scripted("writer", ["x"], retry=Retry(attempts=2, delay=0), guards=(watched,))
    flow = calling(writer, "hello")
    async with bench.app(flow) as app:
        assert await app.run(flow) == "x"


# Workflows, which run inline


def inner_flow(bench: Bench, *guards: Any) -> Any:
    step = scripted("step", lambda text: text, witness=bench.witness)

    @workflow(name="inner", guards=guards)
    async def inner(ctx: Context, text: str) -> str:
        return await ctx.call(step, text)

    return inner


async def test_input_and_answer_of_a_workflow_are_guarded(bench: Bench) -> None:
    inner = inner_flow(bench, pii(restore=True), patterns(deny=["write"], repair=True, on=["output"], name="words"))
    flow = calling(inner, MAIL)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        assert await handle.result() == "*** to bob@example.com"
    assert bench.witness.count("step") == 1


async def test_the_answer_of_a_workflow_is_refused(bench: Bench) -> None:
    inner = inner_flow(bench, size(5, on=["output"]))
    flow = calling(inner, "far too long")
    async with bench.app(flow) as app:
        assert await app.run(flow) == "guard:size: it has 14 bytes, 5 are allowed"
    assert bench.witness.count("step") == 1


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("place", ["input", "output"])
async def test_a_person_lets_the_answer_of_a_workflow_pass_and_nothing_is_done_again(
    bench: Bench,
    place: str,
    restart: bool,  # noqa: FBT001  a case
) -> None:
    inner = inner_flow(bench, asks(place))
    flow = calling(inner, "LOUD")
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
        run = handle.id
        if not restart:
            [question] = await app.inbox.list(to="editors")
            await app.inbox.answer(question.id, {"approved": True}, by="eva")
            assert await handle.result() == "LOUD"
    if restart:
        async with bench.app(flow) as app:
            assert await _waits(bench, app, run)
            [question] = await app.inbox.list(to="editors")
            await app.inbox.answer(question.id, {"approved": True}, by="eva")
            assert await (await app.handle(run)).result() == "LOUD"
    async with bench.app(flow) as app:
        assert await app.reports.verify(run) == []
    assert bench.witness.count("step") == 1


async def test_a_run_that_wakes_while_the_answer_of_a_workflow_waits_for_a_person_goes_on_waiting(bench: Bench) -> None:
    inner = inner_flow(bench, asks("output"))

    @workflow
    async def both(ctx: Context) -> str:
        said, _ = await ctx.gather(ctx.call(inner, "LOUD"), ctx.sleep(60))
        return said

    run = await bench.parked(both)
    async with bench.app(both) as app:
        await bench.clock.advance(61)
        await bench.clock.settle()
        assert (await (await app.handle(run)).status()).state is RunState.PARKED
        [question] = await app.inbox.list(to="editors")
        await app.inbox.answer(question.id, {"approved": True}, by="eva")
        assert await (await app.handle(run)).result() == "LOUD"
    assert bench.witness.count("step") == 1


async def _waits(bench: Bench, app: Any, run: str) -> bool:
    await bench.clock.settle()
    return (await (await app.handle(run)).status()).state is RunState.PARKED


# Steps


def toolsmith(bench: Bench, *guards: Any, said: str = "result", **options: Any) -> Any:
    @agent(guards=guards, **options)
    async def smith(text: str, steps: Steps) -> str:
        async def use() -> Json:
            bench.witness.saw("tool", text)
            return {"kind": "tool_return", "result": said}

        async def ask() -> Json:
            bench.witness.saw("model")
            return "answer"

        await steps.once("model", ask, input={"messages": [text]})
        found = await steps.once("tool/look_up", use, input={"tool": "look_up", "arguments": {"of": text}}, key="t1")
        return found["result"]

    return smith


async def test_what_a_tool_gives_is_masked_before_it_is_recorded(bench: Bench) -> None:
    flow = calling(toolsmith(bench, pii(on=["tool_output"]), said=MAIL), "x")
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        assert await handle.result() == "write to <EMAIL_1>"
        assert not any(b"bob@" in (fact.payload or b"") for fact in await app.runs.facts(handle.id))
        assert [each["step"] for each in await noticed(app, handle.id)] == ["tool/look_up"]


async def test_a_tool_is_not_used_where_a_guard_objects_to_its_arguments(bench: Bench) -> None:
    flow = calling(toolsmith(bench, size(10, on=["tool_input"])), "x")
    async with bench.app(flow) as app:
        assert (await app.run(flow)).startswith("guard:size: it has ")
    assert (bench.witness.count("tool"), bench.witness.count("model")) == (0, 1)


async def test_arguments_that_would_have_to_be_repaired_are_refused(bench: Bench) -> None:
    flow = calling(toolsmith(bench, pii(on=["tool_input"])), "bob@example.com")
    async with bench.app(flow) as app:
        assert (await app.run(flow)).startswith("guard:pii: ")
    assert bench.witness.count("tool") == 0


async def test_a_model_is_not_asked_what_a_guard_objects_to(bench: Bench) -> None:
    flow = calling(toolsmith(bench, pii(on=["model_input"], repair=False)), "bob@example.com")
    async with bench.app(flow) as app:
        assert await app.run(flow) == "guard:pii: found email (1)"
    assert bench.witness.count("model") == 0


async def test_a_person_lets_a_tool_be_used_and_what_was_paid_is_not_paid_again(bench: Bench) -> None:
    shout = guard(lambda value: "it shouts" if "LOUD" in str(value) else None, on=["tool_input"], name="l", ask="eds")
    flow = calling(toolsmith(bench, shout), "LOUD")
    run = await bench.parked(flow)
    async with bench.app(flow) as app:
        [question] = await app.inbox.list(to="eds")
        assert question.ask.text == "l objects to what smith hands to look_up: it shouts. May it go on?"
        await app.inbox.answer(question.id, {"approved": True}, by="eva")
        assert await (await app.handle(run)).result() == "result"
    assert (bench.witness.count("tool"), bench.witness.count("model")) == (1, 1)


async def test_who_screens_is_not_screened(bench: Bench) -> None:
    @agent
    async def screen(_: str, steps: Steps) -> bool:
        async def ask() -> Json:
            bench.witness.saw("screening")
            return True

        return await steps.once("model", ask, input="is it safe?")

    flow = calling(toolsmith(bench, screen_by(screen, on=["model_input", "tool_input", "tool_output"])), "x")
    async with bench.app(flow) as app:
        assert await app.run(flow) == "result"
    assert bench.witness.count("screening") == 3


# Settings


async def test_guards_are_named_in_the_settings(bench: Bench) -> None:
    echo = scripted("echo", lambda text: text)
    flow = calling(echo, f"{MAIL} 1234")
    config = Config(
        agents={"echo": AgentRules(guards=("pii", "codes"))},
        guards={"codes": GuardSettings(kind="patterns", deny=("[0-9]{4}",), repair=True)},
    )
    async with bench.app(flow, config=config) as app:
        assert await app.run(flow) == "write to <EMAIL_1> ***"


async def test_a_guard_that_nobody_described_is_refused_at_once(bench: Bench) -> None:
    with pytest.raises(ConfigError, match="no guard is called 'pi'"):
        async with bench.app(scripted("echo", ["x"], guards=("pi",))):
            pass
    with pytest.raises(ConfigError, match="no guard is called 'pi'"):
        async with bench.app(config=Config(agents={"*": AgentRules(guards=("pi",))})):
            pass


async def test_a_text_can_be_masked_before_anything_is_recorded_of_it(bench: Bench) -> None:
    @agent
    async def echo(text: NoPii) -> str:
        return text

    flow = calling(echo, MAIL)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        assert await handle.result() == "write to <EMAIL_1>"
        assert not any(b"bob@" in (fact.payload or b"") for fact in await app.runs.facts(handle.id))


async def test_a_field_of_an_input_can_be_masked_before_anything_is_recorded_of_it(bench: Bench) -> None:
    @workflow
    async def flow(ctx: Context, ticket: Ticket) -> str:
        return ticket.text

    async with bench.app(flow) as app:
        handle = await app.start(flow, Ticket(MAIL))
        assert await handle.result() == "write to <EMAIL_1>"
        assert not any(b"bob@" in (fact.payload or b"") for fact in await app.runs.facts(handle.id))


async def test_a_guard_that_does_not_apply_costs_nothing() -> None:
    async def handler(call: Call, steps: Steps) -> Outcome:
        return Done(None)

    async def step_handler(step: Any, steps: Steps) -> Json:
        return None

    guards, plain = Guards(lambda _: size(1)), Card(name="plain")
    assert guards.calls(plain, handler) is handler
    assert guards.steps(plain, step_handler) is step_handler
    assert guards.steps(Card(name="x", guards=(size(1),)), step_handler) is step_handler


async def test_a_refused_call_is_a_failure_that_nobody_retries(bench: Bench) -> None:
    writer = scripted("writer", lambda _: "x", witness=bench.witness, retry=Retry(attempts=5), guards=(size(1),))

    @workflow
    async def flow(ctx: Context) -> str:
        try:
            return await ctx.call(writer, "hello", fallback=["calling"])
        except (CallRefused, CallFailed) as error:
            return type(error).__name__

    async with bench.app(flow) as app:
        assert await app.run(flow) == "CallRefused"
