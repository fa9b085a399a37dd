"""What every agent of a framework must do, whichever it is."""

import asyncio
import inspect
import json
import subprocess
import sys
from collections.abc import Awaitable, Sequence
from pathlib import Path

from podium.agents.frameworks.effects import ToolEffects
from podium.errors import AgentError, RateLimited, Refusal, TransportFailed
from podium.model.agent import AnyAgent
from podium.model.budget import Budget
from podium.model.call import Call
from podium.model.facts.calls import StepDone, StepSent
from podium.model.facts.notices import Notice
from podium.model.guard import Checked, GuardFinding, GuardPlace, Objected, Passed
from podium.model.json import Json
from podium.model.outcome import Done
from podium.model.prices import Rate
from podium.model.step import tool_step
from podium.model.streams.durable import RequestFinished, ToolCalled, ToolReturned
from podium.model.streams.transient import RequestStarted, TextDelta, ToolCallDelta
from podium.testing.chat import ChatReply, ChatServer, ChatUse
from podium.testing.contracts.framework_site import (
    KILL_POINTS,
    FrameworkSite,
    scripted_answer,
    turn_asked,
    turn_of,
    turns_before,
    witnessed_tools,
)
from podium.testing.contracts.framework_trial import LONGEST, FrameworkTrial
from podium.testing.steps import PlainSteps
from podium.testing.witness import Witness

_STEPS = ["model", "tool/look", "tool/pay", "model", "tool/look", "model"]
_FORBID = """permit(principal, action, resource);
@id("no-pay") @reason("not by machines")
forbid(principal, action == Action::"tool", resource == Tool::"bot/pay");
"""
_OUTSIDERS = """permit(principal, action, resource);
forbid(principal, action == Action::"tool", resource == Tool::"bot/pay")
when { context.untrusted.contains("n") };
"""
_CLASSES = """permit(principal, action == Action::"call", resource);
permit(principal, action == Action::"tool", resource) when { resource.read_only };
@id("clerks") permit(principal, action == Action::"tool", resource in Capability::"clerical");
"""


_OBJECTIONS: Sequence[tuple[GuardPlace, int, str]] = (
    ("tool_input", 0, "not allowed"), ("tool_output", 1, "The tool was used."),
)  # fmt: skip
"""Where a guard objects to a payment, how often it was paid then, and what the model is told."""


class FrameworkContract:
    """The contract of agents of a framework. Subclass it, and give `build`.

    class TestMyFramework(FrameworkContract):
        def build(self, site: FrameworkSite) -> AnyAgent:
            model = MyModel(site.model, base_url=site.base_url, api_key="any")
            return my_podium_agent(MyAgent("bot", model, tools=[*site.tools.values()]), **site.options)
    """

    kill_points: Sequence[str] = KILL_POINTS
    """Where a process is killed: all points take a minute."""
    told_of_edit = "not used as asked"
    """What a model is told, among other things, whose tool was used with other arguments."""

    def build(self, site: FrameworkSite) -> AnyAgent:
        """Return an agent that works at this site."""
        raise NotImplementedError

    def test_each_request_and_each_use_of_a_tool_is_a_step(self, tmp_path: Path) -> None:
        trial = FrameworkTrial(self.build, tmp_path)
        value = trial.run()
        assert value == "told: look 1 | paid 2 | look 3"
        assert sorted(trial.steps[1:3]) == _STEPS[1:3]
        assert [trial.steps[0], *trial.steps[3:]] == [_STEPS[0], *_STEPS[3:]]
        sent = [fact.content for fact in trial.facts if isinstance(fact.content, StepSent)]
        assert len(sent) == 3
        assert not any(each.why for each in sent)

    def test_over_its_recorded_steps_nothing_is_asked_or_done_again(self, tmp_path: Path) -> None:
        witness, first = Witness(tmp_path / "witness"), PlainSteps()
        with ChatServer(scripted_answer) as server:
            agent = self.build(FrameworkSite(base_url=server.url, tools=witnessed_tools(witness)))
            value = _outcome(agent, first)
            seen, asked = witness.lines(), len(server.bodies)
            again = PlainSteps(recorded=first.recorded)
            assert _outcome(agent, again) == value
            assert again.recorded == first.recorded
            assert (witness.lines(), len(server.bodies)) == (seen, asked)

    def test_its_requests_are_priced(self, tmp_path: Path) -> None:
        trial = FrameworkTrial(self.build, tmp_path, options={"rates": {"scripted": Rate(1.0, 2.0)}})
        trial.run()
        said = [fact.content for fact in trial.facts if isinstance(fact.content, StepDone)]
        usages = [each.usage for each in said if each.usage is not None]
        assert [(each.input_tokens, each.output_tokens) for each in usages] == [(100, 10)] * 3
        assert all(each.usd is not None and abs(each.usd - 0.000_12) < 1e-9 for each in usages)

    def test_an_answer_of_which_nobody_says_what_it_came_to_counts_with_the_most(self, tmp_path: Path) -> None:
        trial = FrameworkTrial(self.build, tmp_path, script=lambda _: ChatReply(text="hello", usage=None))
        trial.run()
        [used] = [fact.content.usage for fact in trial.facts if isinstance(fact.content, StepDone)]
        assert used is not None
        assert used.input_tokens >= 1_000
        assert used.output_tokens >= 1_000
        assert any(isinstance(fact.content, Notice) and fact.content.guard == "usage" for fact in trial.facts)

    def test_a_policy_forbids_a_tool_by_its_one_name_and_the_model_is_told(self, tmp_path: Path) -> None:
        trial = FrameworkTrial(self.build, tmp_path, policy=_FORBID)
        value = trial.run()
        assert "not by machines" in value
        assert trial.witness.count("pay") == 0
        assert trial.witness.count("look", 3, "end") == 1

    def test_a_policy_reads_the_arguments_of_a_tool(self, tmp_path: Path) -> None:
        rule = _FORBID.rstrip().removesuffix(";") + " when { context.input has n && context.input.n > %d };"
        (low := tmp_path / "low").mkdir()
        assert "not by machines" in FrameworkTrial(self.build, low, policy=rule % 1).run()
        (high := tmp_path / "high").mkdir()
        assert "paid 2" in FrameworkTrial(self.build, high, policy=rule % 2).run()

    def test_a_policy_knows_tools_by_the_classes_that_were_declared(self, tmp_path: Path) -> None:
        effects = {"look": "read_only"}
        (new := tmp_path / "new").mkdir()
        trial = FrameworkTrial(self.build, new, policy=_CLASSES, options={"tool_effects": effects})
        assert "no rule of" in trial.run()
        assert (trial.witness.count("pay"), trial.witness.count("look", 3, "end")) == (0, 1)
        paying = {"pay": ToolEffects(effects="once", capabilities=["clerical"])}
        (known := tmp_path / "known").mkdir()
        trial = FrameworkTrial(self.build, known, policy=_CLASSES, options={"tool_effects": effects | paying})
        assert trial.run() == "told: look 1 | paid 2 | look 3"

    def test_its_card_says_which_tools_it_has_and_what_they_take(self, tmp_path: Path) -> None:
        agent = self.build(FrameworkSite(base_url="http://unused", tools=witnessed_tools(Witness(tmp_path / "none"))))
        known = {name: list(tool.schema["properties"]) for name, tool in agent.card.tools.items()}
        assert known == {"look": ["n"], "pay": ["n"]}

    def test_a_tool_that_requires_approval_is_used_once_somebody_allowed_it(self, tmp_path: Path) -> None:
        trial = FrameworkTrial(self.build, tmp_path, approval=["pay"])
        assert trial.run(answers=[{"approved": True}]) == "told: look 1 | paid 2 | look 3"
        assert trial.witness.counts() == {
            **{f"look {n} {when}": 1 for n in (1, 3) for when in ("start", "end")}, "pay 2 start": 1, "pay 2 end": 1,
        }  # fmt: skip

    def test_a_no_and_its_reason_are_told(self, tmp_path: Path) -> None:
        trial = FrameworkTrial(self.build, tmp_path, approval=["pay"])
        assert "too much" in trial.run(answers=[{"approved": False, "comment": "too much"}])
        assert trial.witness.count("pay") == 0

    def test_a_no_ends_the_agent_where_it_is_so_configured(self, tmp_path: Path) -> None:
        trial = FrameworkTrial(self.build, tmp_path, approval=["pay"], options={"on_refused": "end"})
        assert "too much" in trial.failure(answers=[{"approved": False, "comment": "too much"}])
        assert trial.witness.count("pay") == 0

    def test_what_a_guard_objects_to_is_told_before_a_tool_is_used_and_after(self, tmp_path: Path) -> None:
        for place, paid, told in _OBJECTIONS:
            folder = tmp_path / place
            folder.mkdir()
            trial = FrameworkTrial(self.build, folder, options={"guards": [_Objecting(place)]})
            value = trial.run()
            assert told in value
            assert "no payments" in value
            assert "paid 2" not in value
            assert trial.witness.count("look", 3, "end") == 1
            assert trial.witness.count("pay", 2, "end") == paid
            assert [each.refused for each in trial.steps_done if each.name == "tool/pay"] == ["guard:thrifty"]

    def test_refusals_are_told_only_so_often_and_then_end_the_agent(self, tmp_path: Path) -> None:
        trial = FrameworkTrial(
            self.build, tmp_path, policy=_FORBID, script=_insistent_answer, options={"max_refusals": 3}
        )
        assert "not by machines (the agent was told of 3 refusals before)" in trial.failure()
        assert len(trial.bodies) == 4
        assert trial.witness.count("pay") == 0

    def test_a_policy_knows_which_tool_gave_an_argument(self, tmp_path: Path) -> None:
        for untrusted, paid in ((True, 0), (False, 1)):
            folder = tmp_path / str(untrusted)
            folder.mkdir()
            effects = {"look": ToolEffects(untrusted=untrusted)}
            trial = FrameworkTrial(
                self.build, folder, policy=_OUTSIDERS, script=_answer_that_pays_what_it_saw,
                options={"tool_effects": effects},
            )  # fmt: skip
            trial.run()
            assert trial.witness.count("pay", 4711, "end") == paid

    def test_edited_arguments_are_used_and_the_model_is_told(self, tmp_path: Path) -> None:
        trial = FrameworkTrial(self.build, tmp_path, approval=["pay"])
        value = trial.run(answers=[{"approved": True, "value": {"n": 7}}])
        assert "paid 7" in value
        assert self.told_of_edit in json.dumps(trial.bodies[-1])
        assert trial.witness.count("pay", 7, "end") == 1
        assert trial.witness.count("pay", 2) == 0

    def test_what_a_tool_did_that_happens_once_and_raised_is_asked_of_people(self, tmp_path: Path) -> None:
        trial = FrameworkTrial(
            self.build, tmp_path, options={"tool_effects": {"pay": "once"}}, error=ConnectionResetError("broken")
        )
        assert "paid after all" in trial.run(answers=[{"happened": "paid after all"}])
        assert trial.asked == ["in_doubt"]
        assert trial.witness.count("pay", 2, "start") == 1

    def test_a_budget_stops_it_before_it_asks(self, tmp_path: Path) -> None:
        trial = FrameworkTrial(self.build, tmp_path, budget=Budget(tokens=500))
        assert "budget" in trial.failure()
        assert trial.bodies == []

    def test_a_budget_bounds_its_answers(self, tmp_path: Path) -> None:
        trial = FrameworkTrial(self.build, tmp_path, budget=Budget(tokens=20_000))
        trial.run()
        sent = [body.get("max_completion_tokens") or body.get("max_tokens") for body in trial.bodies]
        assert all(isinstance(each, int) and 0 < each < 20_000 for each in sent), sent

    def test_what_has_no_price_is_refused_under_a_budget_in_dollars(self, tmp_path: Path) -> None:
        trial = FrameworkTrial(self.build, tmp_path, budget=Budget(usd=1.0))
        assert "price" in trial.failure()
        assert trial.bodies == []

    def test_what_it_writes_and_does_is_streamed(self, tmp_path: Path) -> None:
        trial = FrameworkTrial(self.build, tmp_path, options={"streaming": True})
        value = trial.run()
        told = trial.events
        assert "".join(each.text for each in told if isinstance(each, TextDelta)) == value
        assert sum(isinstance(each, RequestStarted) for each in told) == 3
        written = [each for each in told if isinstance(each, ToolCallDelta) and each.id == "call_1_3"]
        assert json.loads("".join(each.arguments for each in written)) == {"n": 3}
        called = [(each.id, each.tool, each.arguments) for each in told if isinstance(each, ToolCalled)]
        assert called == [("call_0_1", "look", {"n": 1}), ("call_0_2", "pay", {"n": 2}), ("call_1_3", "look", {"n": 3})]
        results = {each.id: each.result for each in told if isinstance(each, ToolReturned)}
        assert results == {"call_0_1": "look 1", "call_0_2": "paid 2", "call_1_3": "look 3"}
        assert [each.input_tokens for each in told if isinstance(each, RequestFinished)] == [100] * 3

    def test_what_a_provider_says_that_failed_has_a_meaning(self) -> None:
        for reply, kind, pause, not_done in (
            (ChatReply(status=429, headers={"Retry-After": "7"}), RateLimited, 7.0, True),
            (ChatReply(status=503, headers={"Retry-After": "7"}), RateLimited, 7.0, False),
            (ChatReply(status=500), TransportFailed, None, False),
            (ChatReply(status=504), TransportFailed, None, False),
            (ChatReply(status=400), Refusal, None, False),
            (ChatReply(status=401), Refusal, None, True),
        ):
            with ChatServer(lambda _, reply=reply: reply) as server:
                error = self._error(server.url)
                assert (type(error), error.retry_after, error.not_done) == (kind, pause, not_done), (
                    reply.status,
                    error,
                )
                assert len(server.bodies) == 1, f"{reply.status} was tried again without Podium"

    def test_a_provider_that_cannot_be_reached_was_not_asked(self) -> None:
        with ChatServer(scripted_answer) as gone:
            url = gone.url
        error = self._error(url)
        assert (type(error), error.not_done) == (TransportFailed, True), error

    def test_killed_at_any_point_nothing_that_was_finished_is_done_again(self, tmp_path: Path) -> None:
        for point in self.kill_points:
            folder = tmp_path / point.replace(" ", "-")
            folder.mkdir()
            self.killed_at(folder, point)

    def killed_at(self, folder: Path, point: str) -> None:
        """Kill a process at a point, have another one go on, and look whether that did anything again."""
        _kill(type(self), folder, point)

    def _error(self, url: str) -> AgentError:
        agent = self.build(FrameworkSite(base_url=url, tools=witnessed_tools(Witness("/dev/null"))))
        try:
            _outcome(agent, PlainSteps())
        except AgentError as error:
            return error
        raise AssertionError(f"{agent.card.name} did not fail")


class _Objecting:
    """A guard that objects to what is paid, where it looks."""

    name = "thrifty"

    def __init__(self, place: GuardPlace) -> None:
        self.on = frozenset({place})

    def check(self, checked: Checked) -> GuardFinding:
        """Object to all that has to do with the tool `pay`."""
        return Objected("no payments") if checked.step == tool_step("pay") else Passed()


def _answer_that_pays_what_it_saw(body: Json) -> ChatReply:
    """Answer with a payment of the number that a tool has given."""
    match turns_before(body):
        case 0:
            return ChatReply(uses=[ChatUse("look", {"n": 4711}, "call_0")])
        case 1:
            return ChatReply(uses=[ChatUse("pay", {"n": 4711}, "call_1")])
        case _:
            return ChatReply(text="done")


def _insistent_answer(body: Json) -> ChatReply:
    """Answer with the same tool and other arguments, however often it is refused."""
    n = turns_before(body)
    return ChatReply(uses=[ChatUse("pay", {"n": n}, f"call_{n}")])


def _outcome(agent: AnyAgent, steps: PlainSteps) -> Json:
    call = Call(run="run_1", key="0", agent=agent.card.name, version="1", input="Do it.")
    running: Awaitable[object] = agent.run(call, steps)
    outcome = asyncio.run(_awaited(running))
    assert isinstance(outcome, Done), outcome
    return outcome.value


async def _awaited(running: Awaitable[object]) -> object:
    async with asyncio.timeout(LONGEST):
        return await running


def _kill(suite: type[FrameworkContract], folder: Path, point: str) -> None:
    witness, children = Witness(folder / "witness"), list[subprocess.Popen[str]]()

    def script(body: Json) -> ChatReply:
        seen = f"request {turn_asked(body)}"
        witness.saw(seen)
        if seen == point and len(children) == 1:
            children[0].kill()
            children[0].wait(LONGEST)
        return scripted_answer(body)

    def child(url: str, kill: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "podium.testing.contracts.framework_child", inspect.getfile(suite)]
        with subprocess.Popen(  # noqa: S603 - our own program
            [*command, suite.__name__, url, str(folder), kill], stdout=subprocess.PIPE, text=True
        ) as process:
            children.append(process)
            said, _ = process.communicate(timeout=LONGEST)
        return process.returncode, said.strip()

    with ChatServer(script) as server:
        code, _ = child(server.url, point)
        assert code < 0, f"it did not come to {point}: {witness.lines()}"
        before = len(witness.lines())
        code, said = child(server.url, "")
    assert (code, said) == (0, "told: look 1 | paid 2 | look 3"), f"killed at {point}: {said}"
    again = witness.lines()[before:]
    assert all(turn_of(each) >= turn_of(point) for each in again), f"killed at {point}, did again: {again}"
    later = [each for each in witness.lines() if turn_of(each) > turn_of(point)]
    assert len(later) == len(set(later)), f"killed at {point}, done twice: {later}"
    if not point.startswith("request"):
        assert f"request {turn_of(point)}" not in again, f"killed at {point}, asked again"
