"""What is missing to ask a model is told before the first request, in one error, and is not tried again."""

from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import models

from podium import App, Budget, Context, Retry, workflow
from podium.agents.pydantic_ai import from_pydantic_ai, llm_agent
from podium.errors import ConfigError, RunFailed
from podium.model.fact import FactKind
from podium.testing import scripted
from podium.testing.model import ScriptedModel, Use
from tests.unit.cli.in_process import podium

PATIENT = Retry(attempts=5, delay=0.01)
MISSING = {
    "openai:gpt-5": "Set the `OPENAI_API_KEY` environment variable",
    "anthropic:claude-sonnet-4-5": "Please install the `anthropic` package",
    "nobody:gpt-5": "Unknown model: nobody:gpt-5",
}


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(models, "ALLOW_MODEL_REQUESTS", True)


def seller(model: str, **options: Any) -> Any:
    return llm_agent("seller", model=model, instructions="Be brief.", retry=PATIENT, **options)


def asking(bot: Any) -> Any:
    @workflow
    async def shop(ctx: Context) -> str:
        return await ctx.call(bot, "Any tea?")

    return shop


@pytest.mark.parametrize("model", MISSING)
async def test_what_is_missing_is_told_at_once_and_not_tried_again(model: str) -> None:
    shop = asking(seller(model, usd=0.5))
    async with App.open(":memory:") as app:
        handle = await app.start(shop, budget=Budget(usd=1.0))
        with pytest.raises(RunFailed) as failed:
            await handle.result()
        facts, [state] = await handle.facts(), await app.reports.budgets()
    assert f"Refusal: agent seller cannot ask {model}: {MISSING[model]}" in str(failed.value)
    assert "test model" not in str(failed.value)
    assert not {FactKind.STEP, FactKind.RETRY} & {fact.kind for fact in facts}
    assert (state.spent.usd, state.reserved.usd) == (0, 0)


async def test_a_fallback_is_taken_at_once() -> None:
    shop = asking(seller("openai:gpt-5", fallback=("other",)))
    async with App.open(":memory:", agents=[scripted("other", ["in its stead"])]) as app:
        assert await app.run(shop) == "in its stead"


async def test_nothing_is_missing_where_another_model_is_asked() -> None:
    own = PydanticAgent("openai:gpt-5", name="seller", defer_model_check=True)
    with own.override(model=ScriptedModel(["Yes."])):
        async with App.open(":memory:") as app:
            assert await app.run(asking(from_pydantic_ai(own))) == "Yes."


@pytest.mark.parametrize("model", MISSING)
def test_it_can_be_asked_for_beforehand(model: str) -> None:
    with pytest.raises(ConfigError, match=f"^agent seller cannot ask {model}: {MISSING[model]}"):
        seller(model).require_model()


def test_nothing_is_missing_where_all_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    seller("openai:gpt-5").require_model()
    local: Any = llm_agent("local", model="x", base_url="http://127.0.0.1:1/v1", instructions="")
    own: Any = llm_agent("own", model=ScriptedModel(["Yes."]), instructions="")
    local.require_model()
    own.require_model()


def test_validate_tells_what_is_missing_here_which_is_no_mistake_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "shop.py"
    file.write_text(
        "from podium.agents.pydantic_ai import llm_agent\n"
        'seller = llm_agent("seller", model="openai:gpt-5", instructions="Be brief.")\n'
    )
    said = podium("validate", str(file))
    assert said.status == 0
    assert said.err.startswith("missing here: agent seller cannot ask openai:gpt-5: Set the `OPENAI_API_KEY`")
    assert '"missing": ["agent seller cannot ask' in podium("validate", str(file), "--json").out.replace("\n    ", "")


def test_validate_looks_into_patterns_and_at_the_agents_that_guards_ask(tmp_path: Path) -> None:
    file = tmp_path / "shop.py"
    file.write_text(
        "from podium import agent\n"
        "from podium.agents.pydantic_ai import llm_agent\n"
        "from podium.guards import Screening, screen_by\n"
        "from podium.patterns import sequence\n"
        "def named(name, **more):\n"
        '    return llm_agent(name, model="openai:gpt-5", instructions="Be brief.", **more)\n'
        'pipe = sequence(sequence(named("part"), str.upper), named("last"), name="pipe")\n'
        'judge = screen_by(named("judge", output=Screening), on=["input"])\n'
        "@agent(guards=(judge,))\n"
        "async def guarded(text: str) -> str:\n"
        "    return text\n"
        "@agent(guards=(judge,))\n"
        "async def guarded_too(text: str) -> str:\n"
        "    return text\n"
    )
    told = [line.split()[3] for line in podium("validate", str(file)).err.splitlines()]
    assert sorted(told) == ["judge", "last", "part"]


@pytest.mark.parametrize("model", MISSING)
async def test_so_it_is_of_a_model_that_the_code_of_a_tool_asks(model: str) -> None:
    inner, tried = PydanticAgent(model, name="inner", defer_model_check=True), list[int]()

    async def look() -> str:
        tried.append(1)
        return (await inner.run("Any tea?")).output

    own = ScriptedModel([Use("look", id="a"), "Yes."])
    bot: Any = llm_agent("clerk", model=own, instructions="Look.", tools=[look], retry=PATIENT)
    async with App.open(":memory:") as app:
        with pytest.raises(RunFailed, match=f"Refusal: .*{MISSING[model]}"):
            await app.run(asking(bot))
    assert tried == [1]
