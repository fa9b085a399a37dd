"""The scripted model."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import models
from pydantic_ai.exceptions import ModelHTTPError, ModelTimeoutError
from pydantic_ai.messages import ModelMessage

from podium.testing.model import (
    Failing,
    ModelReply,
    Script,
    ScriptedModel,
    Use,
    requests_seen,
    timed_out,
    too_many_requests,
)


def answer(script: Script, *tools: Callable[..., object], witness: Path | None = None, prompt: str = "Go.") -> str:
    agent = PydanticAgent(ScriptedModel(script, witness=witness), tools=tools)
    return asyncio.run(agent.run(prompt)).output


def look(at: str) -> str:
    return f"saw {at}"


def test_it_works_where_real_model_requests_are_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "ALLOW_MODEL_REQUESTS", False)
    assert answer(["Hello."]) == "Hello."


def test_replies_come_in_the_order_of_the_conversation() -> None:
    assert (
        answer([Use("look", {"at": "a"}), [Use("look", {"at": "b"}), Use("look", {"at": "c"})], "Done."], look)
        == "Done."
    )


def test_a_new_model_goes_on_where_the_conversation_stands() -> None:
    script: list[ModelReply] = ["First.", "Second."]
    first = asyncio.run(PydanticAgent(ScriptedModel(script)).run("Go."))
    second = asyncio.run(PydanticAgent(ScriptedModel(script)).run("On.", message_history=first.all_messages()))
    assert second.output == "Second."


def test_a_function_sees_the_messages() -> None:
    def script(messages: Sequence[ModelMessage]) -> ModelReply:
        return f"{len(messages)} so far"

    assert answer(script) == "1 so far"


def test_a_conversation_longer_than_the_script_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="1 replies"):
        answer([Use("look", {"at": "a"})], look)


def test_an_exception_is_raised() -> None:
    with pytest.raises(ModelTimeoutError):
        answer([timed_out()])


def test_a_rate_limit_looks_like_a_providers() -> None:
    with pytest.raises(ModelHTTPError) as caught:
        answer([too_many_requests(retry_after=3.0)])
    assert (caught.value.status_code, caught.value.retry_after) == (429, 3.0)


def test_failing_replies_after_its_errors() -> None:
    model = ScriptedModel([Failing([too_many_requests(), timed_out()], then="At last.")])
    agent = PydanticAgent(model)
    for kind in (ModelHTTPError, ModelTimeoutError):
        with pytest.raises(kind):
            asyncio.run(agent.run("Go."))
    assert asyncio.run(agent.run("Go.")).output == "At last."


def test_failing_counts_in_the_witness_of_processes_that_are_gone(tmp_path: Path) -> None:
    script = [Failing([timed_out()], then="At last.")]
    witness = tmp_path / "witness"
    with pytest.raises(ModelTimeoutError):
        answer(script, witness=witness)
    assert answer(script, witness=witness) == "At last."


def test_every_request_leaves_a_line_in_the_witness(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    answer([Use("look", {"at": "a"}), "Done."], look, witness=witness)
    assert [(line["model"], line["position"]) for line in requests_seen(witness)] == [("scripted", 0), ("scripted", 1)]


def test_a_witness_that_saw_nothing_is_empty(tmp_path: Path) -> None:
    assert requests_seen(tmp_path / "witness") == []


def test_it_counts_tokens() -> None:
    usage = asyncio.run(PydanticAgent(ScriptedModel(["Some words."])).run("Go.")).usage
    assert usage.output_tokens > 0
    assert usage.input_tokens > 0
