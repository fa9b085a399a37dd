"""How far agents are trusted, and what policies make of it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from podium import Context, Retry, agent, workflow
from podium.agents.card import CardedAgent
from podium.agents.shape import shape_of
from podium.errors import RunFailed
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.json import Json
from podium.model.outcome import Done, Outcome
from podium.model.steps import Steps
from podium.model.trust import HALF_LIFE, START, Evidence, Standing
from tests.unit.engine.bench import Bench

RULES = """permit(principal, action, resource);
@id("low") forbid(principal, action == Action::"call", resource is Agent) when { resource.trust < 60 };
@id("no-saw") forbid(principal, action == Action::"tool", resource == Tool::"smith/saw");
"""


def seen(at: float = 0.0, **counts: int) -> Evidence:
    return Evidence(agent="a", version="1", at=at, **counts)


def standing(*evidence: Evidence) -> Standing:
    found = Standing()
    for each in evidence:
        found.add(each)
    return found


def test_an_agent_of_which_nothing_is_known_starts_in_between() -> None:
    assert Standing().trust(0.0) == START


def test_ten_good_outcomes_make_an_agent_trusted_and_one_violation_weighs_as_ten_failures() -> None:
    assert standing(seen(done=10)).trust(0.0) == 90
    assert standing(seen(failed=10)).trust(0.0) == standing(seen(violations=1)).trust(0.0) == 40


def test_what_is_long_ago_is_forgotten() -> None:
    fallen = standing(seen(violations=1))
    assert fallen.trust(0.0) < fallen.trust(HALF_LIFE) < fallen.trust(20 * HALF_LIFE) == START - 1
    assert fallen.trust(60 * HALF_LIFE) == START


_EVIDENCE = some.lists(
    some.builds(
        Evidence, agent=some.just("a"), version=some.just("1"), at=some.integers(0, 100).map(lambda n: n * 86_400.0),
        done=some.integers(0, 5), failed=some.integers(0, 5), violations=some.integers(0, 2),
    ),
    max_size=8,
)  # fmt: skip


@given(_EVIDENCE, some.permutations(range(8)))
def test_the_order_in_which_outcomes_are_heard_of_does_not_matter(evidence: list[Evidence], order: list[int]) -> None:
    shuffled = [evidence[n] for n in order if n < len(evidence)]
    now = 101 * 86_400.0
    assert abs(standing(*evidence).trust(now) - standing(*shuffled).trust(now)) <= 1  # a rounding apart


@given(_EVIDENCE)
def test_trust_stays_within_bounds_and_worse_outcomes_never_raise_it(evidence: list[Evidence]) -> None:
    now = 101 * 86_400.0
    trust = standing(*evidence).trust(now)
    assert 0 <= trust <= 100
    assert standing(*evidence, seen(now, failed=1)).trust(now) <= trust
    assert standing(*evidence, seen(now, violations=1)).trust(now) <= trust


class Smith(CardedAgent[str, Json]):
    """Uses the tool that it is told."""

    async def run(self, call: Call, steps: Steps) -> Outcome:
        async def use() -> Json:
            return "used"

        return Done(await steps.once(f"tool/{call.input}", use))


smith = Smith(Card(name="smith"), shape_of(str), shape_of(str))


@workflow
async def forge(ctx: Context, tool: str) -> str:
    return await ctx.call(smith, tool)


@agent(retry=Retry(attempts=1))
async def shaky(way: str) -> str:
    if way == "bad":
        raise ValueError("no")
    return "yes"


@workflow
async def trial(ctx: Context, way: str) -> str:
    return await ctx.call(shaky, way)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def policy(tmp_path: Path) -> dict[str, Any]:
    file = tmp_path / "policy.cedar"
    file.write_text(RULES)
    return {"file": str(file)}


async def test_a_fall_in_trust_narrows_rights_at_once(bench: Bench, policy: dict[str, Any]) -> None:
    async with bench.app(trial, shaky, policy=policy) as app:
        for _ in range(4):
            with pytest.raises(RunFailed, match="ValueError"):
                await app.run(trial, "bad")
        assert await app.reports.trust("shaky") == 57
        with pytest.raises(RunFailed, match="line 2, forbids it"):
            await app.run(trial, "good")


async def test_a_violation_narrows_rights_at_once(bench: Bench, policy: dict[str, Any]) -> None:
    async with bench.app(forge, smith, policy=policy) as app:
        assert await app.run(forge, "hammer") == "used"
        with pytest.raises(RunFailed, match="may not use Tool"):
            await app.run(forge, "saw")
        with pytest.raises(RunFailed, match='may not call Agent::"smith"'):
            await app.run(forge, "hammer")


async def test_the_facts_say_the_same_as_what_was_observed(bench: Bench, policy: dict[str, Any]) -> None:
    async with bench.app(trial, shaky, forge, smith, policy=policy) as app:
        await app.run(trial, "good")
        for wanted, given_ in ((trial, "bad"), (forge, "saw"), (forge, "hammer")):
            with pytest.raises(RunFailed):
                await app.run(wanted, given_)
        observed = {name: await app.reports.trust(name) for name in ("shaky", "smith")}
    async with bench.app(trial, shaky, forge, smith, policy=policy) as app:
        assert {name: await app.reports.trust(name) for name in ("shaky", "smith")} == observed
    assert observed["smith"] < 60 < observed["shaky"] < START


async def test_trust_comes_back_with_time(bench: Bench, policy: dict[str, Any]) -> None:
    async with bench.app(forge, smith, policy=policy) as app:
        with pytest.raises(RunFailed):
            await app.run(forge, "saw")
        await bench.clock.advance(3 * HALF_LIFE)
        assert await app.run(forge, "hammer") == "used"


async def test_a_call_refused_because_of_who_asks_is_not_held_against_the_agent(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "policy.cedar"
    file.write_text(RULES + 'forbid(principal == User::"eve", action, resource == Agent::"shaky");')
    async with bench.app(trial, shaky, policy={"file": str(file)}) as app:
        for _ in range(5):
            with pytest.raises(RunFailed, match="eve"):
                await app.run(trial, "good", principal="eve")
        assert await app.reports.trust("shaky") == START


async def test_what_another_process_saw_counts_within_a_minute(bench: Bench, policy: dict[str, Any]) -> None:
    async with bench.app(trial, shaky, policy=policy) as app:
        assert await app.run(trial, "good") == "yes"
        async with bench.app(trial, shaky, policy=policy) as other:
            for _ in range(9):
                with pytest.raises(RunFailed):
                    await other.run(trial, "bad")
        await bench.clock.advance(61)
        with pytest.raises(RunFailed, match="forbids it"):
            await app.run(trial, "good")
