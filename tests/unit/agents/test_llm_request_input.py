"""Answers to `RequestInput`: checked when they are given."""

from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent, DeferredToolRequests, RunContext
from pydantic_ai.capabilities import RequestInput
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.toolsets import ExternalToolset

from podium.agents.pydantic_ai import from_pydantic_ai
from podium.agents.pydantic_ai.answer_schema import answer_schema
from podium.agents.schema import mismatch
from podium.errors import InvalidValue
from podium.model.json import Json
from tests.unit.agents.edit_ways import by_check, declared, hands_over
from tests.unit.agents.test_llm_approvals import SCHEMA, Desk, Office, model
from tests.unit.agents.test_llm_edits import EDITS, asked, go_through, payer


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def desk(tmp_path: Path, office: Office) -> Desk:
    return Desk(tmp_path, office)


WRONG: dict[str, Json] = {
    "no answer": 5, "neither": {"approve": True}, "a misfit": {"approved": True, "value": {"n": "many"}},
    "another use": {"approvals": {"c9": True}}, "one more use": {"approvals": {"c0": True, "c9": True}},
    "a result": {"calls": {"c0": "paid"}}, "both": {"approvals": {"c0": True}, "calls": {"c0": "paid"}},
    "no decision": {"approvals": {"c0": "yes"}}, "no kind": {"approvals": {"c0": {"override_args": {"n": 1}}}},
    "another kind": {"approvals": {"c0": {"kind": "tool-return", "return_value": 1}}},
    "an override that misfits": {"approvals": {"c0": {"kind": "tool-approved", "override_args": {"n": "many"}}}},
    "a typing error": {"approvals": {"c0": {"kind": "tool-approved", "overide_args": {"n": 1}}}},
    "metadata of another use": {"approvals": {"c0": True}, "metadata": {"c9": {}}},
    "an unknown field": {"approvals": {"c0": True}, "approved_by": "ada"},
}  # fmt: skip
RIGHT: dict[str, Json] = {
    "true": {"approvals": {"c0": True}}, "false": {"approvals": {"c0": False}},
    "approved": {"approvals": {"c0": {"kind": "tool-approved"}}},
    "no override": {"approvals": {"c0": {"kind": "tool-approved", "override_args": None}}},
    "denied": {"approvals": {"c0": {"kind": "tool-denied", "message": "no"}}, "answered_by": {"c0": "ada"}},
    "as in the inbox": {"approved": True, "value": {"n": 7}}, "no": {"approved": False, "comment": "no"},
}  # fmt: skip


@pytest.mark.parametrize("build", [declared, by_check])
async def test_an_answer_to_request_input_that_cannot_be_one_is_refused_and_the_question_stays_open(
    office: Office, desk: Desk, build: Any
) -> None:
    bot = from_pydantic_ai(hands_over(build)(model(office, 1), payer(office), EDITS))
    async with desk.app(bot) as app:
        handle = await app.start("flow")
        [question] = await asked(desk, app)
        before = len(await app.runs.facts(handle.id))
        for name, wrong in WRONG.items():
            with pytest.raises(InvalidValue, match="does not fit question"):
                await app.inbox.answer(question.id, wrong, by="ada")
            assert [each.id for each in await asked(desk, app)] == [question.id], name
        assert len(await app.runs.facts(handle.id)) == before
        await app.inbox.answer(question.id, {"approvals": {"c0": True}}, by="ada")
        assert await handle.result() == "done"
    assert office.paid == [0]


@pytest.mark.parametrize("name", RIGHT)
def test_every_form_of_an_answer_to_request_input_fits(name: str) -> None:
    assert mismatch(RIGHT[name], answer_schema("c0", SCHEMA, approval=True)) is None


RESULTS: dict[str, tuple[Json, bool]] = {
    "plain": ("paid", True), "of another type": (5, False), "of this use": ({"calls": {"c0": "paid"}}, True),
    "of another use": ({"calls": {"c9": "paid"}}, False), "another type of it": ({"calls": {"c0": 5}}, False),
    "a tool return": ({"calls": {"c0": {"kind": "tool-return", "return_value": "paid"}}}, True),
    "another type of that": ({"calls": {"c0": {"kind": "tool-return", "return_value": 5}}}, False),
    "a failure": ({"calls": {"c0": {"kind": "tool-failed", "message": "no"}}}, True),
    "a failure without a word": ({"calls": {"c0": {"kind": "tool-failed"}}}, False),
    "once more": ({"calls": {"c0": {"kind": "model-retry", "message": "again"}}}, True),
    "an approval": ({"approvals": {"c0": True}}, False),
}  # fmt: skip


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_from_outside_is_what_the_tool_returns_or_says_what_became_of_it(name: str) -> None:
    answer, fits = RESULTS[name]
    assert (mismatch(answer, answer_schema("c0", {"type": "string"}, approval=False)) is None) is fits


async def test_a_result_is_given_to_request_input(office: Office, desk: Desk) -> None:
    async def ask(ctx: RunContext[Any], requests: DeferredToolRequests, token: str) -> None:
        office.asked.append(token)

    tool = ToolDefinition(name="pay", parameters_json_schema=SCHEMA, return_schema={"type": "string"})
    agent = Agent(model(office, 1), name="bot", toolsets=[ExternalToolset([tool])], capabilities=[RequestInput(ask)])
    await go_through(desk, from_pydantic_ai(agent), {"calls": {"c0": "paid"}})
    assert [part.content for part in office.told] == ["paid"]
