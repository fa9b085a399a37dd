"""An agent, a team or a person is a tool of an LLM agent: a call of its own, below that of the LLM agent."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import randrange
from typing import Any, cast

import pytest
from agents import Agent as SdkAgent
from pydantic import BaseModel
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.messages import ModelMessage, ToolReturnPart

from podium import App, Context, agent, human, workflow
from podium.agents import langchain, openai_agents, pydantic_ai
from podium.agents.agent_tool import agent_tool
from podium.agents.pydantic_ai import as_tool, from_pydantic_ai, llm_agent
from podium.errors import ConfigError, RunFailed, UsageError
from podium.model.agent import AnyAgent
from podium.model.fact import FactKind
from podium.patterns import sequence
from podium.store.protocol import Store
from podium.store.sqlite.store import SqliteStore
from podium.testing import ScriptedModel, Use
from podium.testing.model import ModelReply, requests_seen
from tests.faults.snapshots import Snapshots, left_by_a_crash
from tests.unit.agents import test_langchain as of_langchain
from tests.unit.agents import test_openai_agents as of_openai
from tests.unit.engine.bench import Bench


class Place(BaseModel):
    """A place."""

    town: str
    street: str = "Main Street"


@dataclass
class Staff:
    """Those who may be tools, and what they did."""

    done: list[str]
    dig: AnyAgent
    post: AnyAgent
    crew: AnyAgent
    ada: AnyAgent

    @property
    def all(self) -> tuple[AnyAgent, ...]:
        return self.dig, self.post, self.crew, self.ada


@pytest.fixture
def staff() -> Staff:
    done = list[str]()

    @agent
    async def dig(what: str) -> str:
        """Dig for something."""
        done.append(f"dig {what}")
        return f"dug {what}"

    @agent
    async def post(place: Place, parcels: int = 1) -> dict[str, Any]:
        """Post parcels to a place."""
        done.append(f"post {place.town}")
        return {"to": f"{place.street}, {place.town}", "parcels": parcels}

    return Staff(
        done, dig, post, sequence(dig, dig, name="crew", description="Dig twice."),
        human("ada", text="Is it well?", answer=str, name="ada", description="Knows."),
    )  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def job_of(bot: AnyAgent) -> AnyAgent:
    @workflow(name="job")
    async def job(ctx: Context, task: str) -> Any:
        return await ctx.call(bot, task)

    return job


def told(messages: Sequence[ModelMessage]) -> list[object]:
    """Return what tools gave so far."""
    return [part.content for each in messages for part in each.parts if isinstance(part, ToolReturnPart)]


def bot_of(*script: ModelReply, tools: Sequence[Any], **more: Any) -> AnyAgent:
    """Return an LLM agent that plays a script, and then says what its tools told it."""

    def play(messages: Sequence[ModelMessage]) -> ModelReply:
        said = sum(each.kind == "response" for each in messages)
        return script[said] if said < len(script) else json.dumps(told(messages))

    return llm_agent("bot", model=ScriptedModel(play, **more), instructions="Work.", tools=tools)


ALL_AT_ONCE = [
    Use("dig", {"input": "a"}), Use("post", {"place": {"town": "Ulm"}}), Use("crew", {"input": "b"}),
    Use("ada", {"input": "c"}),
]  # fmt: skip
GIVEN = ["dug a", {"to": "Main Street, Ulm", "parcels": 1}, "dug dug b", "yes", "dug d"]


async def answer(app: App, bench: Bench) -> None:
    await bench.clock.settle()
    for question in await app.inbox.list():
        await app.inbox.answer(question.id, "yes", by="ada")


async def test_agents_teams_and_people_are_tools_and_the_run_parks_for_a_person(bench: Bench, staff: Staff) -> None:
    job = job_of(bot_of(ALL_AT_ONCE, Use("dig", {"input": "d"}), tools=staff.all))
    run = await bench.parked(job, "go")
    assert sorted(staff.done) == ["dig a", "dig b", "dig dug b", "post Ulm"]
    async with bench.app(job) as app:
        assert (await app.runs.get(run)).state == "parked"
        await answer(app, bench)
        assert json.loads(await (await app.handle(run)).result()) == GIVEN
        tree = await app.runs.tree(run)
    names = [each.name for each in tree.root.children[0].children if each.kind != "step"]
    assert names == ["dig", "post", "crew", "ada", "dig"]
    assert len(staff.done) == 5


async def test_after_a_crash_at_any_commit_nothing_that_is_recorded_is_done_or_asked_again(
    bench: Bench, staff: Staff, tmp_path: Path
) -> None:
    witness = tmp_path / "requests"
    job = job_of(bot_of(ALL_AT_ONCE, Use("dig", {"input": "d"}), tools=staff.all, witness=witness))
    snapshots = Snapshots(SqliteStore(str(bench.path)), tmp_path)
    async with bench.app(job, store=cast("Store", snapshots)) as app:
        handle = await app.start(job, "go")
        await answer(app, bench)
        assert json.loads(await handle.result()) == GIVEN
    lives = 0
    for copy in snapshots.copies[randrange(3) :: 3]:
        staff.done.clear()
        before = len(requests_seen(witness))
        async with bench.app(job, store=left_by_a_crash(copy)) as app:
            runs = (await app.runs.list()).items
            if not runs or runs[0].state.ended:
                continue
            facts = await app.runs.facts(runs[0].id)
            await answer(app, bench)
            assert json.loads(await (await app.handle(runs[0].id)).result()) == GIVEN
        lives += 1
        answered = sum(fact.kind is FactKind.STEP and "/model/" in fact.key for fact in facts)
        assert len(requests_seen(witness)) - before == 3 - answered, copy
        over = {fact.key for fact in facts if fact.kind is FactKind.ANSWERED}
        places = ("0.0", "0.1", "0.2.0", "0.2.1", "0.4")
        assert len(staff.done) == sum(not ({at, at.rpartition(".")[0]} & over) for at in places), copy
    assert lives > 2


async def test_what_a_team_costs_counts_in_the_run_and_in_the_tree(bench: Bench) -> None:
    inner = llm_agent("inner", model=ScriptedModel(["deep"], name="gpt-4o"), instructions="x", description="Thinks.")
    bot = llm_agent(
        "bot", model=ScriptedModel([Use("inner", {"input": "q"}), "so"], name="gpt-4o"), instructions="x",
        tools=[inner],
    )  # fmt: skip
    job = job_of(bot)
    async with bench.app(job) as app:
        handle = await app.start(job, "go")
        assert await handle.result() == "so"
        tree = await app.runs.tree(handle.id)
        spent = [tree.root.total(), *(each.total() for each in tree.root.walk() if each.key == "0.0")]
    assert spent[0].usd is not None and spent[1].usd is not None  # noqa: PT018
    assert spent[0].usd > spent[1].usd > 0


async def test_arguments_that_do_not_fit_are_told_to_the_model(bench: Bench, staff: Staff) -> None:
    job = job_of(
        bot_of(Use("post", {"place": "Ulm"}), Use("post", {"place": {"town": "Ulm"}, "parcels": 2}), tools=staff.all)
    )
    async with bench.app(job) as app:
        handle = await app.start(job, "go")
        wrong, right = json.loads(await handle.result())
        assert wrong.startswith("expected post: `place`: input should be")
        assert right == {"to": "Main Street, Ulm", "parcels": 2}
        keys = [fact.key for fact in await handle.facts() if fact.kind is FactKind.ASKED]
    assert keys == ["0", "0.0"]


DENIES = """permit(principal, action, resource);
forbid(principal == Agent::"bot", action, resource == Agent::"dig");
"""


async def test_a_policy_judges_it_as_a_call_of_the_llm_agent_whose_model_is_told(
    bench: Bench, staff: Staff, tmp_path: Path
) -> None:
    file = tmp_path / "policy.cedar"
    file.write_text(DENIES)
    job = job_of(bot_of(Use("dig", {"input": "a"}), tools=staff.all))
    async with bench.app(job, policy={"file": str(file)}) as app:
        (said,) = json.loads(await app.run(job, "go"))
    assert said.startswith("This use of the tool was not allowed: ")
    assert not staff.done


async def test_what_an_agent_fails_with_fails_the_llm_agent_unless_its_model_is_told(bench: Bench) -> None:
    @agent
    async def dig(what: str) -> str:
        """Dig."""
        raise ValueError(f"no {what} here")

    def bot(**more: Any) -> AnyAgent:
        script = [Use("dig", {"input": "gold"}), "what a pity"]
        return job_of(llm_agent("bot", model=ScriptedModel(script), instructions="x", tools=[dig], **more))

    async with bench.app() as app:
        with pytest.raises(RunFailed, match=r"dig failed at 0\.0: ValueError: no gold here"):
            await app.run(bot(), "go")
    async with bench.app() as app:
        assert await app.run(bot(tool_errors="tell"), "go") == "what a pity"


def test_what_a_model_is_told_of_an_agent_is_what_its_card_says(staff: Staff) -> None:
    @agent
    async def tick() -> None:
        """Tick."""

    known = [agent_tool(each, None, None) for each in (staff.dig, staff.post, staff.crew, tick)]
    assert [(each.name, each.description) for each in known] == [
        ("dig", "Dig for something."), ("post", "Post parcels to a place."), ("crew", "Dig twice."), ("tick", "Tick."),
    ]  # fmt: skip
    one, several, _, none = (each.schema for each in known)
    assert (one["properties"], one["required"]) == ({"input": {"type": "string"}}, ["input"])
    assert set(several["properties"]) == {"place", "parcels"}
    assert none["properties"] == {}
    other = agent_tool(staff.dig, "shovel", "Move earth.")
    assert (other.name, other.description) == ("shovel", "Move earth.")


def test_an_agent_without_a_name_or_a_description_is_refused(staff: Staff) -> None:
    @agent
    async def mute(what: str) -> str:
        return what

    with pytest.raises(ConfigError, match="mute has no description, so no model knows what it is for: give it one"):
        as_tool(mute)
    with pytest.raises(ConfigError, match="has no name of its own: a model asks for a tool by its name"):
        as_tool(sequence(staff.dig, staff.dig, description="Dig twice."))
    with pytest.raises(UsageError, match="is no agent"):
        as_tool(print)  # pyright: ignore[reportArgumentType] - as a mistaken user would


async def test_outside_of_podium_it_says_where_to_use_it(staff: Staff) -> None:
    alone = PydanticAgent(ScriptedModel([Use("dig", {"input": "a"})]), tools=[as_tool(staff.dig)])
    with pytest.raises(UsageError, match="dig is an agent of Podium: use it as a tool of an agent that Podium runs"):
        await alone.run("go")


def openai_bot(staff: Staff) -> AnyAgent:
    script = of_openai.Script(("dig", '{"input": "a"}'), ("ada", '{"input": "b"}'), "over")
    tools: list[Any] = [openai_agents.as_tool(staff.dig), openai_agents.as_tool(staff.ada)]
    return openai_agents.from_openai_agents(SdkAgent("bot", model=script, tools=tools))


def langchain_bot(staff: Staff) -> AnyAgent:
    def play(messages: Sequence[Any]) -> Any:
        done = sum(each.type == "tool" for each in messages)
        uses = [("dig", {"input": "a"}), ("ada", {"input": "b"})]
        return of_langchain.use(*uses[done], f"c{done}") if done < 2 else of_langchain.AIMessage("over")

    tools = [langchain.as_tool(staff.dig), langchain.as_tool(staff.ada)]
    graph = of_langchain.create_agent(
        of_langchain.Script(answer=play), tools=tools, middleware=[langchain.PodiumMiddleware()]
    )
    return langchain.from_langchain(graph, name="bot")


def own_pydantic_bot(staff: Staff) -> AnyAgent:
    script = [Use("dig", {"input": "a"}), Use("ada", {"input": "b"}), "over"]
    own = PydanticAgent(
        ScriptedModel(script), name="bot", deps_type=int, tools=[as_tool(staff.dig), as_tool(staff.ada)]
    )
    return from_pydantic_ai(own, deps=lambda call, steps: 7)


@pytest.mark.parametrize("make", [openai_bot, langchain_bot, own_pydantic_bot])
async def test_agents_of_each_framework_take_them_as_tools(
    bench: Bench, staff: Staff, make: Callable[[Staff], AnyAgent]
) -> None:
    job = job_of(make(staff))
    async with bench.app(job) as app:
        run = await app.start(job, "go")
        while not await app.inbox.list():
            await asyncio.sleep(0)  # one framework works in threads, for which driven time does not wait
        await answer(app, bench)
        assert await run.result() == "over"
        asked = [fact.key for fact in await run.facts() if fact.kind is FactKind.ASKED]
    assert asked == ["0", "0.0", "0.1"]
    assert staff.done == ["dig a"]


PACKAGES = [pydantic_ai, openai_agents, langchain]


@pytest.mark.parametrize("which", ["dig", "post", "crew", "ada", "bot", "job"])
@pytest.mark.parametrize("package", PACKAGES, ids=lambda each: each.__name__)
def test_the_method_of_every_agent_says_the_same_as_the_function(staff: Staff, which: str, package: Any) -> None:
    bot = llm_agent("bot", model=ScriptedModel([]), instructions="Work.", description="Works.")
    there = {"bot": bot, "job": workflow(name="job", description="Works too.")(does), **vars(staff)}
    one = there[which]
    for words in ({}, {"name": "other"}, {"name": "other", "description": "Something else."}):
        by_method = one.as_tool(**words)
        assert by_method == agent_tool(one, words.get("name"), words.get("description"))
        made, like = package.as_tool(by_method), package.as_tool(one, **words)
        assert (made.name, made.description) == (like.name, like.description)


async def does(ctx: Context, task: str) -> str:
    return task


async def test_a_model_uses_an_agent_under_the_name_that_its_method_was_given(bench: Bench, staff: Staff) -> None:
    tools = [cast("Any", staff.crew).as_tool(name="look_up", description="Looks it up.")]
    bot = bot_of(Use("look_up", {"input": "a"}), tools=tools)
    job = job_of(bot)
    async with bench.app(job) as app:
        assert json.loads(await app.run(job, "go")) == ["dug dug a"]
    assert staff.done == ["dig a", "dig dug a"]


def test_what_has_no_name_is_no_tool_by_its_method_either(staff: Staff) -> None:
    with pytest.raises(ConfigError, match="has no name of its own"):
        sequence(staff.dig, staff.dig).as_tool()
