"""What the engine does when a rule holds a call back, asks a person, or refuses it."""

from collections.abc import Callable
from typing import Any

import pytest

from podium import App, Call, Context, Steps, agent, workflow
from podium.dispatch.dispatcher import Dispatcher, Handler, Middleware, StepHandler, StepMiddleware
from podium.errors import CallRefused, Forbidden, Suspended
from podium.model.agent import Card
from podium.model.fact import FactKind
from podium.model.json import Json
from podium.model.outcome import Outcome, Pending, Refused, Until
from podium.model.question import APPROVAL_SCHEMA, Ask
from podium.model.rule_steps import RuleSteps
from podium.model.step import StepCall
from podium.testing import DrivenClock, failing, scripted
from tests.unit.engine.bench import Bench

RULE = "policy:pay"
MAY_IT = Ask(text="May it?", schema=APPROVAL_SCHEMA, kind="permission", to="boss", within=3600)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what puts rules into every app that is opened from now on."""

    def put(*rules: Middleware, steps: StepMiddleware | None = None) -> None:
        plain = Dispatcher.__init__

        def init(self: Any, registry: Any, middleware: Any, step_middleware: Any = (), **more: Any) -> None:
            own = [] if steps is None else [steps]
            plain(self, registry, [*middleware, *rules], [*step_middleware, *own], **more)

        monkeypatch.setattr(Dispatcher, "__init__", init)

    return put


def asking(card: Card, handler: Handler) -> Handler:
    """Have a person asked about each call of `pay`."""
    if card.name != "pay":
        return handler

    async def asked(call: Call, steps: RuleSteps) -> Outcome:
        return await handler(call, steps) if RULE in call.granted else Pending(MAY_IT, rule=RULE)

    return asked


def holding(clock: DrivenClock, until: float) -> Middleware:
    """Hold calls of `pay` back until a time."""

    def wrap(card: Card, handler: Handler) -> Handler:
        async def hold(call: Call, steps: RuleSteps) -> Outcome:
            return await handler(call, steps) if clock.now() >= until else Pending(Until(until, "too much at once"))

        return hold if card.name == "pay" else handler

    return wrap


def paying(bench: Bench, **options: Any) -> Any:
    pay = scripted("pay", lambda _: "paid", witness=bench.witness, **options)

    @workflow(name="pays")
    async def pays(ctx: Context) -> str:
        try:
            return await ctx.call(pay, None)
        except CallRefused as error:
            return f"{error.rule}: {error}"

    return pays


EITHER = pytest.mark.parametrize("effects", ["idempotent", "once"])


@EITHER
async def test_a_call_goes_on_once_a_person_let_it(bench: Bench, install: Any, effects: Any) -> None:
    install(asking)
    flow = paying(bench, effects=effects)
    run = await bench.parked(flow)
    assert bench.witness.count("pay") == 0
    async with bench.app(flow) as app:
        [question] = await app.inbox.list(to="boss")
        assert question.ask.kind == "permission"
        await app.inbox.answer(question.id, {"approved": True}, by="ann")
        assert await (await app.handle(run)).result() == "paid"
    assert bench.witness.count("pay") == 1


@EITHER
async def test_a_call_is_refused_where_a_person_says_no(bench: Bench, install: Any, effects: Any) -> None:
    install(asking)
    flow = paying(bench, effects=effects)
    async with bench.app(flow) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
        [question] = await app.inbox.list()
        await app.inbox.answer(question.id, {"approved": False, "comment": "too dear"}, by="ann")
        assert await handle.result() == f"{RULE}: ann did not approve it: too dear"
    assert bench.witness.count("pay") == 0


@pytest.mark.parametrize("crash", [False, True])
async def test_what_a_person_granted_to_one_agent_is_not_granted_to_its_fallback(
    bench: Bench, install: Any, *, crash: bool
) -> None:
    """For the crash the fallback is held for a while, so that a process which takes the call up reads of the grant."""
    until = bench.clock.now() + (100 if crash else 0)

    def asking_for_each(card: Card, handler: Handler) -> Handler:
        async def asked(call: Call, steps: RuleSteps) -> Outcome:
            if card.name == "spare" and bench.clock.now() < until:
                return Pending(Until(until, "too much at once"))
            return await handler(call, steps) if RULE in call.granted else Pending(MAY_IT, rule=RULE)

        return handler if card.name == "pays" else asked

    install(asking_for_each)
    pay = failing("pay", witness=bench.witness)
    spare = scripted("spare", ["spare"], witness=bench.witness)

    @workflow(name="pays")
    async def pays(ctx: Context) -> str:
        return await ctx.call(pay, None, fallback=("spare",))

    async def grants(app: App) -> None:
        await bench.clock.settle()
        [question] = await app.inbox.list()
        await app.inbox.answer(question.id, {"approved": True}, by="ann")
        await bench.clock.settle()

    run = await bench.parked(pays, None, spare)
    async with bench.app(pays, spare) as app:
        await grants(app)
        assert bench.witness.count("pay") == 1
    async with bench.app(pays, spare) as app:
        await bench.clock.advance(100)
        assert bench.witness.count("spare") == 0
        await grants(app)
        assert await (await app.handle(run)).result() == "spare"


async def test_nobody_else_does_what_a_person_refused(bench: Bench, install: Any) -> None:
    install(asking)
    spare = scripted("spare", ["spare"], witness=bench.witness)
    flow = paying(bench, fallback=("spare",))
    async with bench.app(flow, spare) as app:
        handle = await app.start(flow)
        await bench.clock.settle()
        [question] = await app.inbox.list()
        await app.inbox.answer(question.id, {"approved": False}, by="ann")
        assert await handle.result() == f"{RULE}: ann did not approve it"
    assert bench.witness.count("spare") == 0


@pytest.mark.parametrize(("rule", "spared"), [("budget:run", 1), ("limit:pay", 1), ("policy:no", 0), ("guard:pii", 0)])
async def test_a_fallback_is_asked_where_something_is_scarce_not_where_it_is_forbidden(
    bench: Bench, install: Any, rule: str, spared: int
) -> None:
    def refusing(card: Card, handler: Handler) -> Handler:
        async def refuse(call: Call, steps: RuleSteps) -> Outcome:
            return Refused(rule, "no")

        return refuse if card.name == "pay" else handler

    install(refusing)
    flow = paying(bench, fallback=("spare",))
    async with bench.app(flow, scripted("spare", ["spare"], witness=bench.witness)) as app:
        await app.run(flow)
    assert bench.witness.count("spare") == spared


async def test_a_call_is_refused_where_nobody_answers_in_time(bench: Bench, install: Any) -> None:
    install(asking)
    flow = paying(bench)
    run = await bench.parked(flow)
    assert await bench.result(run, flow, seconds=3600) == f"{RULE}: nobody approved it in time; asked were boss"


@EITHER
async def test_a_call_that_is_held_waits_on_disk_and_goes_on(bench: Bench, install: Any, effects: Any) -> None:
    until = bench.clock.now() + 500
    install(holding(bench.clock, until))
    flow = paying(bench, effects=effects)
    run = await bench.parked(flow)
    assert (await bench.ended(run, flow, seconds=499)).wake_at == until
    async with bench.app(flow) as app:
        await bench.clock.advance(1)
        assert await (await app.handle(run)).result() == "paid"
        held = [fact.body for fact in await app.runs.facts(run) if fact.kind is FactKind.HELD]
    assert [each["why"] for each in held] == ["too much at once"]
    assert bench.witness.count("pay") == 1


def asking_for_tools(card: Card, handler: StepHandler) -> StepHandler:
    async def asked(step: StepCall, steps: RuleSteps) -> Json:
        if step.name == "tool/pay" and RULE not in step.granted:
            raise Suspended(MAY_IT, step.path, RULE)
        if step.name == "tool/steal":
            raise Forbidden("policy:steal", "nobody may")
        return await handler(step, steps)

    return asked


def shopping(bench: Bench, *tools: str) -> Any:
    @agent
    async def shop(_: None, steps: Steps) -> Json:
        async def use(name: str) -> Json:
            bench.witness.saw(name)
            return name

        return [await steps.once(f"tool/{tool}", lambda tool=tool: use(tool)) for tool in tools]

    @workflow(name="shops")
    async def shops(ctx: Context) -> Json:
        try:
            return await ctx.call(shop, None)
        except CallRefused as error:
            return error.rule

    return shops


async def test_each_step_is_asked_about_on_its_own(bench: Bench, install: Any) -> None:
    install(steps=asking_for_tools)
    flow = shopping(bench, "look", "pay", "pay")
    run = await bench.parked(flow)
    for paid in (1, 2):
        async with bench.app(flow) as app:
            [question] = await app.inbox.list()
            await app.inbox.answer(question.id, {"approved": True}, by="ann")
            await bench.clock.settle()
        assert (bench.witness.count("look"), bench.witness.count("pay")) == (1, paid)
    async with bench.app(flow) as app:
        assert await (await app.handle(run)).result() == ["look", "pay", "pay"]


async def test_a_forbidden_step_refuses_its_call(bench: Bench, install: Any) -> None:
    install(steps=asking_for_tools)
    flow = shopping(bench, "look", "steal")
    async with bench.app(flow) as app:
        assert await app.run(flow) == "policy:steal"
    assert bench.witness.count("steal") == 0


async def test_what_a_rule_notes_is_a_fact_and_does_not_disturb_replay(bench: Bench, install: Any) -> None:
    def noting(card: Card, handler: Handler) -> Handler:
        async def note(call: Call, steps: RuleSteps) -> Outcome:
            steps.note("watch", {"agent": call.agent, "callers": list(call.callers)})
            return await handler(call, steps)

        return note

    install(noting)

    @workflow(name="naps")
    async def naps(ctx: Context) -> Json:
        value = await ctx.call(scripted("pay", lambda _: "paid"), None)
        await ctx.sleep(10)
        return value

    run = await bench.parked(naps)
    assert await bench.result(run, naps, seconds=10) == "paid"
    async with bench.app(naps) as app:
        notices = [fact.body for fact in await app.runs.facts(run) if fact.kind is FactKind.NOTICE]
    assert notices == [{"guard": "watch", "agent": "pay", "callers": ["naps"]}]


async def test_a_call_knows_who_asks_across_workflows_and_child_runs(bench: Bench) -> None:
    seen: list[tuple[str, ...]] = []

    @agent
    async def look(_: None, call: Call) -> str:
        seen.append((*call.callers, call.root))
        return ""

    @workflow(name="inner")
    async def inner(ctx: Context) -> str:
        return await ctx.call(look, None)

    @workflow(name="outer")
    async def outer(ctx: Context) -> str:
        await ctx.call(inner)
        return await (await ctx.spawn(inner, None)).result()

    async with bench.app(outer, inner) as app:
        handle = await app.start(outer)
        await handle.result()
    assert seen == [("outer", "inner", handle.id)] * 2


async def test_a_rule_that_refuses_ends_the_call(bench: Bench, install: Any) -> None:
    def refusing(card: Card, handler: Handler) -> Handler:
        async def refuse(call: Call, steps: RuleSteps) -> Outcome:
            return Refused("policy:no", "not today")

        return refuse if card.name == "pay" else handler

    install(refusing)
    flow = paying(bench)
    async with bench.app(flow) as app:
        assert await app.run(flow) == "policy:no: not today"
