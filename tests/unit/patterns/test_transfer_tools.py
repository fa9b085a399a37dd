"""A language model with an answer of its own type hands over with a tool, which ends its turn."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai.models import ModelRequestParameters

from podium import App
from podium.agents.pydantic_ai import llm_agent
from podium.model.facts.calls import Asked, StepDone
from podium.patterns import AnsweredBy, handoff, sequence
from podium.store.protocol import Claimed
from podium.testing import DrivenClock, ScriptedModel, Use
from podium.testing.model import Give, ModelReply
from tests.unit.engine.bench import Bench

TO_BEN = Use("transfer_to_ben", {"reason": "a bill", "context": {"order": 7}})


class Refund(BaseModel):
    """What was paid back."""

    euros: int


def desk(name: str, *script: ModelReply, **options: Any) -> Any:
    """Return a language model that answers with a text."""
    return llm_agent(
        name, model=ScriptedModel(list(script)), instructions="Help.", description=f"Knows {name}.", **options
    )


async def test_it_hands_over_with_a_tool_and_answers_with_a_text(bench: Bench) -> None:
    team = handoff(desk("ann", TO_BEN), desk("ben", "paid back"), gives=AnsweredBy, name="team")
    async with bench.app(team) as app:
        done = await app.run(team, "my money")
    assert (done.agent, done.answer) == ("ben", "paid back")
    (turn,) = done.turns
    assert (turn.agent, turn.note.to, turn.note.reason, turn.note.context) == ("ann", "ben", "a bill", {"order": 7})


async def test_its_answer_may_be_of_any_type(bench: Bench) -> None:
    team = handoff(desk("ann", TO_BEN), desk("ben", Give(Refund(euros=5)), output=Refund), name="team")
    async with bench.app(team) as app:
        assert await app.run(team, "my money") == {"euros": 5}


@pytest.mark.parametrize(("allowed", "there"), [(None, ["ben", "cy"]), ({"ann": ["cy"]}, ["cy"]), ({}, [])])
async def test_it_has_a_tool_for_each_whom_it_may_hand_to(
    bench: Bench, allowed: Mapping[str, Sequence[str]] | None, there: list[str]
) -> None:
    seen = dict[str, str | None]()

    class Looking(ScriptedModel):
        def prepare_request(self, model_settings: Any, model_request_parameters: ModelRequestParameters) -> Any:
            seen.update({each.name: each.description for each in model_request_parameters.output_tools})
            return super().prepare_request(model_settings, model_request_parameters)

    ann = llm_agent("ann", model=Looking(["well"]), instructions="Help.")
    team = handoff(ann, desk("ben"), desk("cy"), allowed=allowed, name="team")
    async with bench.app(team) as app:
        assert await app.run(team, "go") == "well"
    assert seen == {f"transfer_to_{who}": f"Hand over to {who}. Knows {who}." for who in there}


async def test_a_hand_off_that_lacks_what_the_receiver_needs_is_told_and_asked_again(bench: Bench) -> None:
    bare = Use("transfer_to_ben", {"reason": "a bill"})
    team = handoff(desk("ann", bare, TO_BEN), desk("ben", "done"), needs={"ben": ["order"]}, name="team")
    async with bench.app(team) as app:
        assert await app.run(team, "go") == "done"


async def test_a_tool_that_a_policy_forbids_is_told_to_the_model(bench: Bench, tmp_path: Path) -> None:
    rules = tmp_path / "rules.cedar"
    rules.write_text(
        "permit(principal, action, resource);\n"
        '@id("no") forbid(principal, action == Action::"tool", resource == Tool::"ann/transfer_to_ben");\n'
    )
    team = handoff(desk("ann", TO_BEN, "I keep it"), desk("ben", "never"), name="team")
    async with bench.app(team, policy={"file": str(rules)}) as app:
        assert await app.run(team, "go") == "I keep it"


async def test_every_beginning_of_what_is_recorded_replays_without_asking_a_model_again(bench: Bench) -> None:
    team = handoff(desk("ann", TO_BEN), desk("ben", "paid back"), name="team")
    async with bench.app(team) as app:
        handle = await app.start(team, "my money")
        await handle.result()
        journal, run = await app.runs.facts(handle.id), await handle.status()
    assert any(
        isinstance(each.content, StepDone) and "transfer_to_ben" in str(each.body) + each.key for each in journal
    )
    async with App.open(":memory:", agents=[team], clock=DrivenClock(journal[-1].at)) as app:
        for end in range(1, len(journal)):
            assert await app.worker.replays(Claimed(1, run, 0, list(journal[:end]), [])) == ""


async def test_the_same_agent_may_be_used_as_it_is_beside_the_team(bench: Bench) -> None:
    ann = desk("ann", TO_BEN, "alone")
    team, alone = handoff(ann, desk("ben", "paid back"), name="team"), sequence(ann, name="alone")
    async with bench.app(team, alone) as app:
        handles = [await app.start(team, "go")]
        assert await handles[0].result() == "paid back"
        handles.append(await app.start(alone, "go"))
        assert await handles[1].result() == "alone"
        asked = [each.content for handle in handles for each in await handle.facts()]
    versions = [each.version for each in asked if isinstance(each, Asked) and each.agent == "ann"]
    assert versions == ["1+ben", "1"]
