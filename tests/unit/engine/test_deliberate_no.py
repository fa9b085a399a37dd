"""A deliberate no is no bug: it is never tried again, however deep in teams it is said, nor does anybody else do it.

Each is said below a call that has a Retry for every kind of failure, in every way in which one can be nested.
"""

from pathlib import Path
from typing import Any

import pytest

from podium import App, Budget, Config, Context, Retry, agent, errors, human, workflow
from podium.errors import CallFailed, RunFailed
from podium.guards import size
from podium.model.fact import FactKind
from podium.model.policy import PolicySettings
from podium.model.retry import NEVER_AGAIN, FailureKind
from podium.patterns import approve, gate, race, sequence, supervisor, vote
from tests.unit.dispatch.own_errors import KINDS, made
from tests.unit.engine.bench import Bench

EVERYTHING = Retry(attempts=3, delay=1.0, jitter=0.0, kinds=frozenset(FailureKind))

RAISED = sorted(
    name for name in KINDS if name != "UnknownAgent" and not issubclass(getattr(errors, name), errors.StoreError)
)
"""The errors that a workflow can raise: those of the store, and of agents that are not there, are no failures."""


@workflow
async def raises(ctx: Context, name: str) -> None:
    raise made(name)


@workflow
async def calls(ctx: Context, name: str) -> None:
    await ctx.call(raises, name)


@workflow
async def calls_deeper(ctx: Context, name: str) -> None:
    await ctx.call(calls, name)


@workflow
async def branches(ctx: Context, name: str) -> None:
    async def branch(ctx: Context) -> None:
        await ctx.call(raises, name)

    await ctx.branch(branch)


@workflow
async def gathers(ctx: Context, name: str) -> None:
    await ctx.gather(ctx.call(raises, name), ctx.sleep(100))


@workflow
async def wants_two(ctx: Context, name: str) -> None:
    await ctx.gather(ctx.call(raises, name), ctx.call(raises, name), quorum=2)


@workflow
async def spawns(ctx: Context, name: str) -> None:
    await (await ctx.spawn(raises, name)).result()


@workflow
async def outer(ctx: Context, what: list[str]) -> str:
    """Have a workflow called that raises; gives the kind of its failure."""
    nested, name = what
    try:
        await ctx.call(nested, name, retry=EVERYTHING)
    except CallFailed as error:
        return error.kind
    return "no failure"


NESTINGS = [raises, calls, calls_deeper, branches, gathers, wants_two, spawns]


async def attempts_of(app: App, run: str) -> int:
    """Return how often the first call of a run was tried."""
    return 1 + sum(fact.kind is FactKind.RETRY and fact.key == "0" for fact in await app.runs.facts(run))


@pytest.mark.parametrize("nested", [each.card.name for each in NESTINGS])
async def test_a_no_is_never_tried_again_however_it_is_nested(bench: Bench, nested: str) -> None:
    async with bench.app(outer, *NESTINGS) as app:
        handles = {name: await app.start(outer, [nested, name]) for name in RAISED}
        await bench.clock.advance(300)
        found = {name: (await handle.result(), await attempts_of(app, handle.id)) for name, handle in handles.items()}
    assert found == {name: (KINDS[name], 1 if KINDS[name] in NEVER_AGAIN else 3) for name in RAISED}


ASKED: list[str] = []
"""Who was asked that must not be, or need not be asked twice."""


@pytest.fixture(autouse=True)
def nobody_asked() -> None:
    ASKED.clear()


def member(name: str, value: object = "done", **card: Any) -> Any:
    @agent(name=name, **card)
    async def answers(it: Any = None) -> Any:
        ASKED.append(name)
        return value

    return answers


@pytest.fixture
def forbidding(tmp_path: Path) -> PolicySettings:
    rules = tmp_path / "rules.cedar"
    rules.write_text("""
permit(principal, action, resource);
@id("never") forbid(principal, action == Action::"call", resource == Agent::"forbidden");
@id("boss") @ask("boss") forbid(principal, action == Action::"call", resource == Agent::"asked about");
""")
    return PolicySettings(file=str(rules))


WORKER, WORKER_TOO = member("w"), member("v")
FORBIDDEN, SMALL = member("forbidden"), member("small", guards=(size(1, on=["input"]),))

SAID: dict[str, tuple[Any, FailureKind, str]] = {
    "policy": (sequence(FORBIDDEN), FailureKind.REFUSED, ""),
    "person, asked by a policy": (sequence(member("asked about")), FailureKind.REFUSED, ""),
    "guard of what goes in": (sequence(SMALL), FailureKind.REFUSED, ""),
    "guard of what comes out": (
        sequence(member("long", guards=(size(2, on=["output"]),))), FailureKind.REFUSED, "long"
    ),
    "budget": (sequence(member("dear", usd=5)), FailureKind.FINAL, ""),
    "person, in a team": (approve("boss"), FailureKind.REFUSED, ""),
    "person, at a gate": (
        gate(lambda output: False, worker=WORKER, fails="ask", to="boss"), FailureKind.REFUSED, "w"
    ),
    "nobody, in a team": (approve("away", within=1), FailureKind.FINAL, ""),
    "nobody, asked as an agent": (
        sequence(human("away", text="?", answer=str, within=1)), FailureKind.FINAL, ""
    ),
    "rule of a gate": (gate(lambda output: False, worker=WORKER), FailureKind.FINAL, "w"),
    "tie": (sequence(vote(member("a", 1), member("b", 2)), lambda it: it), FailureKind.FINAL, "a b"),
    "bound": (
        supervisor(member("m", {"assignments": [{"to": "w", "input": 1}]}), [WORKER], rounds=1), FailureKind.FINAL,
        "m w",
    ),
    "all of several": (race(FORBIDDEN, SMALL), FailureKind.REFUSED, ""),
}  # fmt: skip
"""Teams to whose work somebody says no: what sort of failure that is, and who is asked, once, before that."""


@pytest.mark.parametrize("deep", [0, 2])
async def test_a_no_inside_a_team_holds_for_the_team(bench: Bench, forbidding: PolicySettings, deep: int) -> None:
    instead = member("instead")

    @workflow
    async def outer(ctx: Context, said: str) -> str:
        team = SAID[said][0]
        for _ in range(deep):
            team = sequence(team)
        try:
            await ctx.call(team, "task", retry=EVERYTHING, fallback=[instead])
        except CallFailed as error:
            return error.kind
        return ""

    found: dict[str, tuple[str, int, str]] = {}
    async with bench.app(outer, config=Config(policy=forbidding)) as app:
        for said in SAID:
            ASKED.clear()
            handle = await app.start(outer, said, budget=Budget(usd=1.0))
            await bench.clock.settle()
            for question in await app.inbox.list(to="boss"):
                await app.inbox.answer(question.id, {"approved": False}, by="ann")
            await bench.clock.advance(10)
            found[said] = (await handle.result(), await attempts_of(app, handle.id), " ".join(ASKED))
        assert not list(await app.inbox.list())
    assert found == {
        said: ("refused", 1, asked) if kind is FailureKind.REFUSED else ("", 2, f"{asked} instead".strip())
        for said, (_, kind, asked) in SAID.items()
    }


TEAMS: dict[str, tuple[Any, str, int]] = {
    "refused by a rule": (sequence(FORBIDDEN, name="refused_by_rule"), "refused", 0),
    "refused by a person": (approve("boss", name="refused_by_person"), "refused", 0),
    "at its own end": (race(WORKER, WORKER_TOO, good=lambda answer: False, name="at_its_end"), "final", 1),
}
"""Teams, the kind of dead letter that they leave, and how often they count as failed."""


@pytest.mark.parametrize("name", TEAMS)
async def test_a_refusal_is_no_failure_of_the_team_and_a_dead_letter_says_what_it_was(
    bench: Bench, forbidding: PolicySettings, name: str
) -> None:
    team, kind, failed = TEAMS[name]
    whole = sequence(team, name="whole")
    async with bench.app(whole, team, config=Config(policy=forbidding)) as app:
        handle, alone = await app.start(whole, "task"), await app.start(team, "task")
        await bench.clock.settle()
        for question in await app.inbox.list(to="boss"):
            await app.inbox.answer(question.id, {"approved": False}, by="ann")
        for each in (handle, alone):
            with pytest.raises(RunFailed) as caught:
                await each.result()
            assert caught.value.kind == kind
        letters = list(await app.reports.dead_letters())
        reports = {each.agent: each for each in await app.reports.agents()}
        trust = await app.store.records([team.card.name])
    assert [letter.kind for letter in letters] == [kind, kind]
    report = reports[team.card.name]
    assert (report.calls, report.done, report.failed) == (1, 0, failed)
    assert [(each.calls, each.done, each.failed) for each in trust] == [(1, 0, failed)]
