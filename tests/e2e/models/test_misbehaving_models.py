"""A real LLM agent, over real HTTP, in front of a server that misbehaves: the run completes, or ends as configured."""

import asyncio
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from openai import AsyncOpenAI
from pydantic_ai import models
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from podium import App, Context, Retry, workflow
from podium.agents.pydantic_ai import llm_agent
from podium.errors import RunFailed
from podium.model.fact import Fact, FactKind
from podium.model.retry import FailureKind
from podium.model.run import RunState
from tests.e2e.models.aimock import aimock
from tests.e2e.models.misbehaving import misbehaving
from tests.e2e.models.table import ATTEMPTS, CASES, TIMEOUT, Case, Fault

PATIENCE = 180.0


class Witness(Protocol):
    """Who counts the requests, outside of the store."""

    def of(self, model: str) -> int: ...


@dataclass
class Place:
    town: str


@pytest.fixture(scope="module")
def ours() -> Generator[tuple[str, Witness]]:
    with misbehaving() as server:
        yield server


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[str, Witness]]:
    with aimock(tmp_path_factory.mktemp("aimock")) as server:
        yield server


@pytest.fixture(autouse=True)
def requests_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let real requests be made: they go to a server on this machine."""
    monkeypatch.setattr(models, "ALLOW_MODEL_REQUESTS", True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_run_ends_as_configured(case: Case, ours: tuple[str, Witness], tmp_path: Path) -> None:
    await check(case, *ours, tmp_path)


@pytest.mark.system
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_run_ends_as_configured_before_aimock(case: Case, foreign: tuple[str, Witness], tmp_path: Path) -> None:
    await check(case, *foreign, tmp_path)


async def check(case: Case, url: str, witness: Witness, folder: Path) -> None:
    """Run an agent in front of the server, and compare with what is expected: outside of the store, and in it."""
    async with AsyncOpenAI(base_url=url, api_key="none") as client, asyncio.timeout(PATIENCE):
        provider = OpenAIProvider(openai_client=client)
        facts = await run_before(case, OpenAIChatModel(case.name, provider=provider), folder)
    retries = [fact for fact in facts if fact.kind is FactKind.RETRY]
    assert (witness.of(case.name), [fact.body["kind"] for fact in retries]) == (case.requests, list(case.retries))
    assert [each for each in map(_pause, retries) if each < case.pause - 0.05] == []


async def run_before(case: Case, model: OpenAIChatModel, folder: Path) -> list[Fact]:
    """Run a workflow with an agent on this model to its end, which has to be the expected one; returns its facts."""
    locate = llm_agent(
        "locate", model=model, instructions="Say where it is.", output=Place,
        streaming=not {Fault.CUT, Fault.SLOW}.isdisjoint(case.faults),
        timeout=TIMEOUT if Fault.SLOW in case.faults else PATIENCE,
        retry=Retry(attempts=ATTEMPTS, delay=0.01, kinds=frozenset(FailureKind)),
    )  # fmt: skip

    @workflow
    async def travel(ctx: Context, question: str) -> str:
        return (await ctx.call(locate, question)).town

    async with App.open(folder / "podium.db", agents=[travel]) as app:
        handle = await app.start(travel, "Where is the Reichstag?")
        if case.fails:
            with pytest.raises(RunFailed, match=case.fails):
                await handle.result()
            assert (await handle.status()).state is RunState.FAILED
        else:
            assert await handle.result() == "Berlin"
        return await handle.facts()


def _pause(fact: Fact) -> float:
    return fact.body["due"] - fact.at
