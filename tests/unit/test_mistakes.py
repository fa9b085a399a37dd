"""Mistakes that users make, and what they are told: at once, in words, with what was expected."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import podium.patterns as podium_patterns
from podium import (
    App,
    Approval,
    Budget,
    Call,
    Card,
    Choice,
    Context,
    Decision,
    Edit,
    Escalation,
    Retry,
    Steps,
    agent,
    human,
    minutes,
    process,
    run_sync,
    workflow,
)
from podium.agents.http import http
from podium.agents.pydantic_ai import llm_agent
from podium.errors import PodiumError, RunFailed, UsageError
from podium.guards import guard, screen_by, size
from podium.guards.custom import BOTH
from podium.model.breaker import Breaker
from podium.model.budget import Allowance
from podium.model.guard import Checked
from podium.model.limit import Limit
from podium.model.retry import Backoff
from podium.patterns import sequence

# As people write it who have no type checker:
retries: Any = Retry
backoff: Any = Backoff
escalation: Any = Escalation
choice: Any = Choice
edit: Any = Edit
budgets: Any = Budget
flows: Any = workflow
patterned: Any = sequence
shapes: Any = podium_patterns
several: Any = {
    "human": human, "process": process, "http": http, "screen_by": screen_by, "size": size, "minutes": minutes,
}  # fmt: skip
agents: Any = agent
clerks: Any = llm_agent
cards: Any = Card
limits: Any = Limit
breakers: Any = Breaker
allowances: Any = Allowance

Written = Callable[[], object]
Asked = Callable[[Context], Awaitable[object]]


async def add(x: int) -> int:
    return x + 1


@agent
async def fine(x: int) -> int:
    return x


@workflow
async def flow(ctx: Context, x: int) -> int:
    return x


guards: Any = guard
functions: Any = {"flow": flow}


def pay(amount: int) -> str:
    return f"paid {amount}"


def clerk(**options: Any) -> object:
    return clerks("clerk", **{"model": "test", "instructions": "Pay.", "tools": [pay], **options})


def made(**options: Any) -> Written:
    """Return that `add` is made an agent with these options."""
    return lambda: agent(**options)(add)


def asks(ask: Callable[[Any], Any]) -> Written:
    """Return that a workflow asks its context for this."""

    @workflow(name="mistaken")
    async def mistaken(ctx: Context) -> object:
        return await ask(ctx)

    return lambda: run_sync(run_of(mistaken))


async def run_of(mistaken: Any, *input: Any, **options: Any) -> object:
    async with App.open(":memory:", agents=[flow]) as app:
        return await app.run(mistaken, *input, **options)


def started(**options: Any) -> Written:
    return lambda: run_sync(run_of(flow, 1, **options))


def seen(look: Callable[[Any], Awaitable[object]]) -> Written:
    """Return that something is asked of an app."""

    async def main() -> None:
        async with App.open(":memory:") as app:
            await look(app)

    return lambda: run_sync(main())


async def _app(store: Any) -> None:
    async with App.open(store):
        pass


def operated(change: Callable[[Any], Awaitable[object]]) -> Written:
    """Return that something is asked of `app.operations`."""

    return seen(lambda app: change(app.operations))


async def _twice(x: int, one: Call, other: Call) -> int:
    return x


async def _paid() -> str:
    return "paid"


@agent
async def _stepping(effects: Any, steps: Steps) -> Any:
    return await steps.once("pay", _paid, effects=effects)


async def _twice_awaited(ctx: Context) -> int:
    child = await ctx.spawn(flow, 1)
    return await child.result() + await child.result()


def _is_fine(value: object) -> bool:
    return value is not None


class _Sloppy:
    name = "sloppy"
    on = BOTH

    def check(self, checked: Checked) -> Any:
        return True


def _guarded_by(check: Any) -> Any:
    @agent(name="guarded", guards=(check,))
    async def guarded(x: int) -> int:
        return x

    return guarded


async def opened(**options: Any) -> None:
    async with App.open(":memory:", **options):
        pass


MISTAKES: dict[str, tuple[Written, str]] = {
    # An agent is made
    "an effect that there is not": (
        made(effects="exactly_once"),
        "effects of agent add is 'exactly_once'; expected 'idempotent' or 'once'.",
    ),
    "an option that there is not": (made(retries=3), "agent add has no option 'retries'. Did you mean retry?"),
    "an option that is like none": (made(colour="red"), "agent add has no option 'colour'. Options: allow, breaker,"),
    "tries as a number": (made(retry=3), "retry of agent add is 3; expected a Retry, such as Retry(attempts=3)."),
    "a time in words": (
        made(timeout="half an hour"),
        'timeout of agent add is \'half an hour\'; expected seconds, more than 0, such as 30, "1h30m", "2d" or a ti',
    ),
    "a time in a unit that there is not": (
        made(timeout="3 months"),
        "timeout of agent add is '3 months'; expected seconds, more than 0",
    ),
    "no time at all": (made(timeout=0), "timeout of agent add is 0; expected seconds, more than 0"),
    "a price in words": (
        made(usd="1 cent"),
        "usd of agent add is '1 cent'; expected US dollars, 0 or more, such as 0.05",
    ),
    "a price below nothing": (made(usd=-1), "usd of agent add is -1; expected US dollars, 0 or more"),
    "nobody at once": (made(concurrency=0), "concurrency of agent add is 0; expected a whole number, 1 or"),
    "half a call at once": (made(concurrency=1.5), "concurrency of agent add is 1.5; expected a whole number"),
    "a budget as a number": (
        made(budget=0.5),
        "budget of agent add is 0.5; expected an Allowance, such as Allowance(usd",
    ),
    "a fallback that is a text": (
        made(fallback="spare"),
        "fallback of agent add is 'spare'; expected names, such as (\"f",
    ),
    "a fallback that is an agent": (made(fallback=(fine,)), "fallback of agent add is (<agent fine>,); expected names"),
    "a capability that is a text": (made(capabilities="sum"), "capabilities of agent add is 'sum'; expected names"),
    "guards that are a text": (
        made(guards="no-secrets"),
        "guards of agent add is 'no-secrets'; expected guards or their",
    ),
    "a limit as a number": (
        made(limit=60),
        "limit of agent add is 60; expected a Limit, such as Limit(requests=60, per",
    ),
    "a breaker that is only wanted": (made(breaker=True), "breaker of agent add is True; expected a Breaker, such as"),
    "a cache that is only wanted": (made(cache=True), "cache of agent add is True; expected seconds, more than 0"),
    "a version as a number": (made(version=2), "version of agent add is 2; expected a text."),
    "a danger in words": (made(dangerous="yes"), "dangerous of agent add is 'yes'; expected True or False."),
    "an answer kept of what happens once": (
        lambda: agent(cache=60.0, effects="once")(add).card,
        "add has `once` effects, so its answers cannot be kept",
    ),
    "a person's option": (
        lambda: several["human"]("boss", text="Fine?", answer=str, retries=3),
        "has no option 'retries'. Did you mean retry?",
    ),
    "a program's option": (
        lambda: several["process"](["ls"], name="ls", effect="once"),
        "has no option 'effect'. Did you mean effects?",
    ),
    "a service's option": (
        lambda: several["http"]("https://example.org", name="get", timeouts=3),
        "has no option 'timeouts'. Did you mean timeout?",
    ),
    "a tool that there is not": (
        lambda: clerk(tool_effects={"pey": "once"}),
        "tool_effects of agent clerk names 'pey', which is no tool of it. There is pay.",
    ),
    "an effect of a tool that there is not": (
        lambda: clerk(tool_effects={"pay": "exactly_once"}),
        "tool_effects['pay'] of agent clerk is 'exactly_once'; expected 'idempotent', 'once', 'read_only' or ToolE",
    ),
    "a language model's option": (
        lambda: clerk(correction=3),
        "agent clerk has no option 'correction'. Did you mean corrections?",
    ),
    "a type in words": (
        lambda: clerk(output="str"),
        "output of agent clerk is 'str'; expected a type, such as str.",
    ),
    "a tool that is a number": (
        lambda: clerk(tools=[5]),
        "tools of agent clerk is [5]; expected functions, agents, or Tools of Pydantic AI, in a list.",
    ),
    "a model that is a number": (
        lambda: clerk(model=5),
        "model of agent clerk is 5; expected the name of a model, s",
    ),
    "a prompt in words": (lambda: clerk(prompt="hi"), "prompt of agent clerk is 'hi'; expected a function, or None."),
    "a language model's limit as a number": (
        lambda: clerk(limits=3),
        "limits of agent clerk is 3; expected a UsageLimits, such as UsageLimits(request_limit=20)",
    ),
    "a guard that is a function": (
        made(guards=[len]),
        "guards of agent add is [<built-in function len>]; expected guards or their names, such as",
    ),
    "a guard that is a number": (made(guards=[5]), "guards of agent add is [5]; expected guards or their names"),
    "an agent of a number": (lambda: agents(5), "what @agent makes an agent of is 5; expected a function."),
    "an agent of an agent": (lambda: agents(fine), "fine is an agent already: write @agent once, above the function."),
    "a look at a number": (
        lambda: agents(verify=3)(add),
        "verify of agent add is 3; expected a function.",
    ),
    "an agent without a name": (lambda: agents(name="")(add), "the name of an agent is ''; expected a name: a text of"),
    "an agent that takes its call twice": (lambda: agents(_twice), "_twice takes Call twice: once is enough"),
    "a card with an effect that there is not": (
        lambda: cards(name="pay", effects="Once"),
        "effects of agent pay is 'Once'; expected 'idempotent' or 'once'.",
    ),
    "several people": (
        lambda: several["human"](["anna", "ben"], text="Fine?", answer=str),
        "to of agent human is ['anna', 'ben']; expected a name: a text of one line that is not empty.",
    ),
    "a quorum of nobody": (
        lambda: several["human"]("boss", text="Fine?", answer=str, quorum=0),
        "quorum of agent human is 0; expected a whole number, 1 or more.",
    ),
    "a quorum of one and a half": (
        lambda: several["human"]("boss", text="Fine?", answer=str, quorum=1.5),
        "quorum of agent human is 1.5; expected a whole number",
    ),
    "a person's time that is over": (
        lambda: several["human"]("boss", text="Fine?", answer=str, within=-5),
        "within of agent human is -5; expected seconds, 0 or more",
    ),
    "a program of numbers": (
        lambda: several["process"]([1], name="ls"),
        "command of program ls is [1]; expected a list of words: the program, then its arguments",
    ),
    "a program in one text": (lambda: several["process"]("ls -l", name="ls"), "command of program ls is 'ls -l'; expe"),
    "an environment in a list": (
        lambda: several["process"](["ls"], name="ls", env=["A=1"]),
        'env of program ls is [\'A=1\']; expected texts by name, such as {"A": "1"}, or None.',
    ),
    "a bound in words": (
        lambda: several["process"](["ls"], name="ls", max_output="1"),
        "max_output of program ls is '1'; expected a whole number, 1 or more.",
    ),
    "headers in a list": (
        lambda: several["http"]("https://example.org", name="get", headers=["a"]),
        "headers of service get is ['a']; expected texts by name",
    ),
    "a header that is a number": (
        lambda: several["http"]("https://example.org", name="get", headers={"a": 1}),
        "headers of service get is {'a': 1}; expected texts by name",
    ),
    "a screen that is a number": (lambda: several["screen_by"](5), "5 is no agent. Make one with @agent or @workflow."),
    "a size in words": (lambda: several["size"]("1 MB"), "most of guard size is '1 MB'; expected a whole number, 0 or"),
    "a length of time in words": (
        lambda: several["minutes"]("5"),
        "the length of time is '5'; expected a number, su",
    ),
    # Bounds are described
    "nobody at the same time": (
        lambda: limits(concurrency=0),
        "Limit(concurrency=…) is 0; expected a whole number, 1 or more, or None.",
    ),
    "a limit of no requests": (
        lambda: limits(requests=0),
        "Limit(requests=…) is 0; expected a whole number, 1 or more",
    ),
    "a limit in words": (lambda: limits(concurrency="4"), "Limit(concurrency=…) is '4'; expected a whole number"),
    "a limit that may hold": (lambda: limits(when="maybe"), "Limit(when=…) is 'maybe'; expected 'wait' or 'refuse'."),
    "fewer tokens than none": (lambda: limits(tokens=-1), "Limit(tokens=…) is -1; expected a whole number, 1 or"),
    "a share in words": (lambda: breakers(failures="x"), "Breaker(failures=…) is 'x'; expected a share from 0 to 1."),
    "a share that is no number": (
        lambda: breakers(failures=float("nan")),
        "Breaker(failures=…) is nan; expected a share",
    ),
    "a failure that there is not": (
        lambda: breakers(kinds=["nope"]),
        "Breaker(kinds=…) is ['nope']; expected kinds of",
    ),
    "a breach that explodes": (
        lambda: budgets(on_breach="explode"),
        "Budget(on_breach=…) is 'explode'; expected 'stop' or 'ask'.",
    ),
    "half a call": (lambda: budgets(calls=1.5), "Budget(calls=…) is 1.5; expected a whole number from 0 to"),
    "dollars in words": (
        lambda: budgets(usd="1"),
        "Budget(usd=…) is '1'; expected a number from 0 to 1,000,000,000, or",
    ),
    "a time that there is not": (
        lambda: allowances(per="x"),
        "Allowance(per=…) is 'x'; expected 'day' or 'month' or 'ever'.",
    ),
    # A workflow is made
    "a workflow's tries as a number": (
        lambda: flows(retry=3)(_plain),
        "retry of agent _plain is 3; expected a Retry, such as Retry(attempts=3).",
    ),
    "a workflow's time in words": (
        lambda: flows(timeout="soon")(_plain),
        "timeout of agent _plain is 'soon'; expected seconds, more than 0",
    ),
    "a workflow's version as a number": (
        lambda: flows(version=2)(_plain),
        "version of agent _plain is 2; expected a text.",
    ),
    "a workflow that is no async function": (
        lambda: flows(pay),
        "pay is not an async function: a workflow is written `async def pay(ctx: Context, …)`",
    ),
    "a workflow of several inputs without names": (
        lambda: flows(_several),
        "_several takes `one` by position only: several inputs are handed over by name",
    ),
    "a pattern's tries as a number": (
        lambda: patterned(fine, fine, name="twice", retry=3),
        "retry of agent twice is 3; expected a Retry, such as Retry(attempts=3).",
    ),
    "one agent for several routes": (
        lambda: shapes.route(fine, fine),
        "route was given routes=<agent fine>: expected a mapping.",
    ),
    "one agent for several workers": (
        lambda: shapes.supervisor(fine, fine),
        "supervisor was given workers=<agent fine>: expected a list.",
    ),
    "a pattern whose name is a number": (
        lambda: patterned(fine, name=5),
        "sequence was given name=5: expected a text.",
    ),
    "a pattern without a name": (
        lambda: patterned(fine, name=""),
        "the name of a sequence is ''; expected a name: a text of one line that is not empty, or None.",
    ),
    "rounds in words": (
        lambda: shapes.supervisor(fine, [add], rounds="many"),
        "supervisor was given rounds='many': expected a whole number.",
    ),
    # A retry is described
    "no try at all": (lambda: retries(attempts=0), "Retry(attempts=…) is 0; expected a whole number, 1 or more."),
    "a delay before now": (lambda: retries(delay=-1), "Retry(delay=…) is -1; expected seconds, from 0 to 366 days"),
    "a delay that ends without its unit": (lambda: retries(delay="1m30"), "Retry(delay=…) is '1m30'; expected seconds"),
    "more jitter than there is": (lambda: retries(jitter=2), "Retry(jitter=…) is 2; expected a share from 0 to 1."),
    "a kind that is a text": (
        lambda: retries(kinds="rate"),
        "Retry(kinds=…) is 'rate'; expected kinds of failure (rate, timeout, transport,",
    ),
    "a kind that there is not": (
        lambda: retries(kinds=frozenset({"slow"})),
        "expected kinds of failure (rate, timeout, transport, refusal, valida",
    ),
    "an exception for no kind": (
        lambda: retries(per={"slow": backoff(attempts=2)}),
        "Retry(per=…) is {'slow': Backoff(attempts=2",
    ),
    "an exception that is a number": (
        lambda: retries(per={"rate": 3}),
        "Retry(per=…) is {'rate': 3}; expected kinds of failure",
    ),
    # A workflow asks for something
    "a function that is no agent": (asks(lambda ctx: ctx.call(add, 1)), "add is no agent. Put @agent above it."),
    "something that is no agent": (
        asks(lambda ctx: ctx.call(7, 1)),
        "7 is no agent. Make one with @agent or @workflow.",
    ),
    "a call's time that is over": (
        asks(lambda ctx: ctx.call(fine, 1, timeout="0s")),
        "timeout of a call is '0s'; expected seconds, more than 0",
    ),
    "a call's tries as a number": (
        asks(lambda ctx: ctx.call(fine, 1, retry=3)),
        "retry of a call is 3; expected a Retry",
    ),
    "a call's fallback that is a text": (
        asks(lambda ctx: ctx.call(fine, 1, fallback="spare")),
        "fallback of a call is 'spare'; expected a list of agents",
    ),
    "a call's fallback that is a number": (
        asks(lambda ctx: ctx.call(fine, 1, fallback=[5])),
        "fallback of a call is [5]; expected a list of agents, names and values, such as [spare], or None.",
    ),
    "a sleep of two times": (
        asks(lambda ctx: ctx.sleep("2d or 3d")),
        "the time of a sleep is '2d or 3d'; expected seconds",
    ),
    "a wait until a day": (
        asks(lambda ctx: ctx.signal("go", within="Friday")),
        "within of the wait for signal 'go' is 'Friday'; expected seconds",
    ),
    "a question's time in a list": (
        asks(lambda ctx: ctx.ask("Fine?", within=["1h"])),
        "within of 'Fine?' is ['1h']; expected seconds, such as 30",
    ),
    "whom to ask next, as a text": (
        asks(lambda ctx: ctx.ask("Fine?", within=60, escalate=["boss"])),
        "escalate of 'Fine?' is 'boss'; expected an Escalation, such as Escalation(to=\"boss\", within=3600).",
    ),
    "whom to ask next, at no time": (
        lambda: escalation(to="boss", within="later"),
        "Escalation(within=…) is 'later'; expected seconds",
    ),
    "a child's budget as a number": (
        asks(lambda ctx: ctx.spawn(flow, 1, budget=0.5)),
        "the run's budget is 0.5; expected a Budget, such as Budget(usd=0.",
    ),
    "a call that is not awaited": (
        asks(lambda ctx: _truth(ctx.call(fine, 1))),
        "call 0 has no truth value: await it, `if await ctx.…`, and ask",
    ),
    "a call that nobody awaits": (
        asks(lambda ctx: _nothing(ctx.call(fine, 1))),
        "was never awaited, so it was not done. Write `await ctx.…`",
    ),
    "an agent that is called as a function": (
        asks(lambda ctx: fine(1)),
        "fine was called as a function by a workflow, which would do it again on every replay. Write `await ctx.call(",
    ),
    "a workflow that is called as a function": (
        asks(lambda ctx: functions["flow"](ctx, 1)),
        "flow is a workflow, not a function. Write `await ctx.call(flow, …)` in a workflow",
    ),
    "a refusal that is taken for a yes": (
        lambda: bool(Decision(approved=False)),
        "approved",
    ),
    "a child run that is named": (
        asks(lambda ctx: ctx.spawn("flow", 1)),
        "'flow' is no agent. Make one with @agent or @workflow.",
    ),
    "a child run of an agent": (
        asks(lambda ctx: ctx.spawn(fine, 1)),
        "fine is an agent, not a workflow: only a workflow can be a run. Write `ctx.call(fine, …)`.",
    ),
    "a child run of nobody": (
        asks(lambda ctx: ctx.child_result("nope", flow)),
        "nope is no child run of",
    ),
    "a child run by a number": (
        asks(lambda ctx: ctx.child_result(5, flow)),
        "the id of the child run is 5; expected a name",
    ),
    "a child's result that was taken": (
        asks(_twice_awaited),
        "its result is awaited elsewhere: keep its value.",
    ),
    "an effect in another spelling": (
        asks(lambda ctx: ctx.once("pay", _paid, effects="Once")),
        "effects of pay is 'Once'; expected 'idempotent' or 'once'.",
    ),
    "a step's effect in another spelling": (
        asks(lambda ctx: ctx.call(_stepping, "ONCE")),
        "effects of pay is 'ONCE'; expected 'idempotent' or 'once'.",
    ),
    "a look that is no function": (
        asks(lambda ctx: ctx.once("pay", _paid, effects="once", verify=5)),
        "verify of pay is 5; expected a function, or None.",
    ),
    "what happens once, as a value": (
        asks(lambda ctx: ctx.once("pay", 5)),
        "what pay does is 5; expected a function.",
    ),
    "a question to several": (
        asks(lambda ctx: ctx.ask("Fine?", to=["boss", "editor"])),
        "to of 'Fine?' is ['boss', 'editor']; expected a name: a text of one line that is not empty.",
    ),
    "a question to nobody": (asks(lambda ctx: ctx.ask("Fine?", to="")), "to of 'Fine?' is ''; expected a name"),
    "a question that is a number": (
        asks(lambda ctx: ctx.ask(5)),
        "the question is 5; expected a text, an Approval, a Choice or an Edit.",
    ),
    "nobody who answers": (
        asks(lambda ctx: ctx.ask("Fine?", quorum=0)),
        "quorum of a question is 0; expected a whole number, 1 or more.",
    ),
    "half a person": (asks(lambda ctx: ctx.ask("Fine?", quorum=1.5)), "quorum of a question is 1.5; expected a whole"),
    "a decision that is a flag": (
        asks(lambda ctx: ctx.ask(Approval("Fine?"), within=1, default=True)),
        "default of 'Fine?' is True; expected a Decision, such as Decision(approved=False).",
    ),
    "an approval of another type": (
        asks(lambda ctx: ctx.ask(Approval("Fine?"), answer=int)),
        "'Fine?' is an Approval: its answer is a Decision, and its subject stands in it.",
    ),
    "an approval with a second subject": (
        asks(lambda ctx: ctx.ask(Approval("Fine?"), subject="a draft")),
        "Write `Approval(text, subject)`, and leave `answer` and `subject` out.",
    ),
    "a choice of another type": (
        asks(lambda ctx: ctx.ask(Choice("Tone?", ["dry"]), answer=int)),
        "'Tone?' is a Choice: its answer is the name of an option, and its subject stands in it.",
    ),
    "an edit with a second subject": (
        asks(lambda ctx: ctx.ask(Edit("Polish it.", "teh end"), subject="a draft")),
        "'Polish it.' is an Edit: its subject is the draft.",
    ),
    "an edit by several": (
        asks(lambda ctx: ctx.ask(Edit("Polish it.", "teh end"), quorum=2)),
        "'Polish it.' needs 2 people and has each of them edit the draft: nobody would see what the others made of it.",
    ),
    "an edit of nothing": (lambda: edit("Polish it.", None), "draft of 'Polish it.' is None; expected what is to be"),
    "a choice of nothing": (lambda: choice("Tone?", []), "options of 'Tone?' is []; expected options, such as"),
    "a choice of one text": (lambda: choice("Tone?", "dry"), "options of 'Tone?' is 'dry'; expected options, such as"),
    "a choice of numbers": (lambda: choice("How many?", [1, 2]), "options of 'How many?' is [1, 2]; expected options"),
    "an option twice": (lambda: choice("Tone?", ["dry", "dry"]), "expected each of them once."),
    "a default that is no option": (
        asks(lambda ctx: ctx.ask(Choice("Tone?", ["dry"]), within=1, default="loud")),
        "default of 'Tone?' is 'loud': an option of 'Tone?': 'loud' is not one of ['dry'].",
    ),
    "an answer that is no JSON Schema": (
        asks(lambda ctx: ctx.ask("Where?", answer={"type": "thing"})),
        "the JSON Schema of the answer to 'Where?' is none: 'thing' is not valid under any of the given schemas.",
    ),
    "a reminder that is a word": (asks(lambda ctx: ctx.ask("Fine?", remind="soon")), "remind of 'Fine?' is 'soon'"),
    "a default of another type than the answer": (
        asks(lambda ctx: ctx.ask("How many?", answer=int, within=1, default="none")),
        "default of 'How many?' is 'none': expected int",
    ),
    "a default of another type than the signal": (
        asks(lambda ctx: ctx.signal("go", int, within=1, default="none")),
        "default of the wait for signal 'go' is 'none': expected int",
    ),
    "a map over a set": (
        asks(lambda ctx: ctx.map(fine, {1, 2})),
        "map was given a set, whose order another process does not know: sort it, `sorted(inputs)`.",
    ),
    "a map over letters": (
        asks(lambda ctx: ctx.map(fine, "abc")),
        "what is mapped is 'abc'; expected a list of inputs, such as [first, second].",
    ),
    "a map over nothing": (asks(lambda ctx: ctx.map(fine, 5)), "what is mapped is 5; expected a list of inputs"),
    "a map with nobody at once": (
        asks(lambda ctx: ctx.map(fine, [1], concurrency=0)),
        "concurrency of a map is 0; expected a whole number, 1 or more, or None.",
    ),
    "a map with a text at once": (
        asks(lambda ctx: ctx.map(fine, [1], concurrency="2")),
        "concurrency of a map is '2'; expected a whole number",
    ),
    "a quorum in words": (
        asks(lambda ctx: ctx.gather(ctx.call(fine, 1), quorum="all")),
        "quorum='all' of 1 branches: expected a number from 1 to 1",
    ),
    # A guard looks
    "a guard that tells whether it is fine": (
        asks(lambda ctx: ctx.call(_guarded_by(guards(_is_fine)), 1)),
        "the guard _is_fine gave True: it has to return None, which lets pass, the text of what it objects to, or Rep",
    ),
    "a guard of one's own that tells whether it is fine": (
        asks(lambda ctx: ctx.call(_guarded_by(_Sloppy()), 1)),
        "the guard sloppy gave True: it has to return Passed, Objected or Repaired",
    ),
    # Runs are deleted
    "runs that end in the future are pruned": (
        operated(lambda operations: operations.prune(-86400.0, why="old")),
        "the age of the runs is -86400.0; expected seconds, 0 or more",
    ),
    "runs that end in the future are redacted": (
        operated(lambda operations: operations.retain("-1d", why="old")),
        "the age of the runs is '-1d'; expected seconds, 0 or more",
    ),
    "runs that have not ended are pruned": (
        operated(lambda operations: operations.prune("1d", states=["running"], why="old")),
        "runs that are running have not ended: expected done, failed or cancelled.",
    ),
    "runs are pruned of a state that there is not": (
        operated(lambda operations: operations.prune("1d", states=["over"], why="old")),
        "states of operations.prune is ['over']; expected states that end a run, such as {RunState.DONE}.",
    ),
    "a copy to a number": (
        operated(lambda operations: operations.backup(5)),
        'path of operations.backup is 5; expected a path, such as "work/desk.db".',
    ),
    # Something is looked up
    "runs of a state that there is not": (
        seen(lambda app: app.runs.list(state="nope")),
        "state of runs.list is 'nope'; expected 'ready' or 'running' or 'parked' or 'done'",
    ),
    "runs since a word": (
        seen(lambda app: app.runs.list(since="x")),
        "since of runs.list is 'x'; expected seconds since 1970, such as time.time(), or None.",
    ),
    "runs by what they do not have": (
        seen(lambda app: app.runs.list(stat="done")),
        "runs.list has no option 'stat'. Did you mean state?",
    ),
    "as many runs as a word": (
        seen(lambda app: app.runs.list(limit="x")),
        "limit of runs.list is 'x'; expected a whole number.",
    ),
    "questions of a state that there is not": (
        seen(lambda app: app.inbox.list(state="done")),
        "expected 'open' or 'answered' or 'expired' or 'withdrawn', or None.",
    ),
    "costs by what nobody pays for": (
        seen(lambda app: app.reports.costs(by="x")),
        "by of reports.costs is 'x'; expected 'agent' or 'model'",
    ),
    "a run by a list": (seen(lambda app: app.runs.get(["run_1"])), "the id of a run is ['run_1']; expected a text."),
    # A run is started
    "a run of a number": (seen(lambda app: app.start(5)), "5 is no agent. Make one with @agent or @workflow."),
    "a run without an id": (
        started(id=""),
        "the run's id is ''; expected a name: a text of one line that is not empty",
    ),
    "a run with an id of two lines": (
        started(id="a\nb"),
        "the run's id is 'a\\nb'; expected a name: a text of one line",
    ),
    "a store that is a number": (
        lambda: run_sync(_app(5)),
        'store of App.open is 5; expected a path, such as "desk.db", or an open store, or None.',
    ),
    "settings in a mapping": (
        lambda: run_sync(opened(config={})),
        "config of App.open is {}; expected a Config, such as load_config(), or None.",
    ),
    "a clock that is a number": (
        lambda: run_sync(opened(clock=5)),
        "clock of App.open is 5; expected a clock, such as SystemClock(), or None.",
    ),
    "ids that are a number": (
        lambda: run_sync(opened(ids=5)),
        "ids of App.open is 5; expected what makes ids, such as",
    ),
    "an observer that is a number": (
        lambda: run_sync(opened(observer=5)),
        "observer of App.open is 5; expected an Observer, or None.",
    ),
    "one agent for several": (
        lambda: run_sync(opened(agents=flow)),
        "agents is <workflow flow 1>; expected a list, such as",
    ),
    "a function among agents": (lambda: run_sync(opened(agents=[add])), "add is no agent. Put @agent above it."),
    "a run's budget as a number": (
        started(budget=0.5),
        "the run's budget is 0.5; expected a Budget, such as Budget(usd=0.5)",
    ),
    "a run without end": (
        started(within=float("inf")),
        "within of the run is inf; expected seconds, more than 0 and not without end",
    ),
    "a priority in words": (started(priority="high"), "the run's priority is 'high'; expected a whole number."),
    "queues as a number": (
        lambda: run_sync(opened(queues=3)),
        "expected names of queues: a list, or a text with commas",
    ),
    "a budget below nothing": (lambda: budgets(usd=-1), "Budget(usd=…)"),
}


async def _plain(ctx: Context) -> None: ...


async def _several(ctx: Context, one: int, other: int, /) -> None: ...


async def _nothing(forgotten: object) -> None: ...


async def _truth(value: object) -> bool:
    return bool(value)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_in_words(mistake: str) -> None:
    code, told = MISTAKES[mistake]
    with pytest.raises((UsageError, RunFailed)) as caught:
        code()
    assert isinstance(caught.value, PodiumError)
    assert told in str(caught.value)
