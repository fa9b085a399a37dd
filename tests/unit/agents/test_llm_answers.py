"""What an LLM agent is asked and answers, what it costs, and how it fails."""

import asyncio
from collections.abc import Sequence

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import RunContext, ToolOutput
from pydantic_ai.exceptions import (
    ContentFilterError,
    FallbackExceptionGroup,
    ModelAPIError,
    ModelConnectionError,
    ModelHTTPError,
    ModelOverloadedError,
    ModelQuotaExceededError,
    UnexpectedModelBehavior,
)
from pydantic_ai.messages import ModelMessage, UserPromptPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import UsageLimits

from podium.agents.pydantic_ai import from_pydantic_ai, llm_agent
from podium.agents.pydantic_ai.endpoint import model_at
from podium.dispatch.failure import failure_of
from podium.errors import BadAnswer, ConfigError, RateLimited, Refusal, TransportFailed
from podium.formats.retry_after import retry_after
from podium.model.agent import Agent
from podium.model.call import Call
from podium.model.outcome import Done, Usage
from podium.model.prices import Rate
from podium.model.retry import Retry
from podium.model.steps import Steps
from podium.model.streams import RequestStarted, TextDelta
from podium.secrets.masking import MASKING
from podium.testing.model import Give, ModelReply, ScriptedModel, Use, timed_out, too_many_requests
from tests.unit.agents.test_llm_steps import Journal, call, value_of


class Ticket(BaseModel):
    title: str
    urgent: bool = False


class Verdict(BaseModel):
    team: str


def echo(messages: Sequence[ModelMessage]) -> ModelReply:
    part = messages[0].parts[0]
    assert isinstance(part, UserPromptPart)
    return str(part.content)


def clerk(*script: ModelReply) -> Agent[str, str]:
    return llm_agent("clerk", model=ScriptedModel(script), instructions="Be exact.")


def ask(agent: Agent[str, str]) -> object:
    return value_of(asyncio.run(agent.run(call("Go."), Journal())))


def error_from(reply: ModelReply) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011  which one it is, is the test
        asyncio.run(clerk(reply).run(call("Go."), Journal()))
    return caught.value


def http_error(status: int) -> Exception:
    return ModelHTTPError(status, "scripted")


def test_text_is_the_prompt() -> None:
    agent = llm_agent("clerk", model=ScriptedModel(echo), instructions="Repeat.")
    assert ask(agent) == "Go."


def test_another_input_is_given_as_json() -> None:
    agent = llm_agent("clerk", model=ScriptedModel(echo), instructions="Repeat.", input=Ticket)
    outcome = asyncio.run(agent.run(call({"title": "Ölfleck"}), Journal()))
    assert outcome == Done('The input, as JSON:\n{"title": "Ölfleck", "urgent": false}')


def test_a_prompt_function_words_the_input() -> None:
    def prompt(ticket: Ticket) -> str:
        return f"Ticket: {ticket.title}"

    agent = llm_agent("clerk", model=ScriptedModel(echo), instructions="Repeat.", input=Ticket, prompt=prompt)
    assert asyncio.run(agent.run(call({"title": "Stain"}), Journal())) == Done("Ticket: Stain")


def test_a_structured_answer_is_json_of_the_output_type() -> None:
    agent = llm_agent("clerk", model=ScriptedModel([Give({"team": "floor"})]), instructions="Route.", output=Verdict)
    outcome = asyncio.run(agent.run(call("Go."), Journal()))
    assert agent.output.load(value_of(outcome)) == Verdict(team="floor")


def test_an_answer_that_does_not_fit_is_corrected() -> None:
    script = [Use("final_result", {"tame": "floor"}), Give({"team": "floor"})]
    agent = llm_agent("clerk", model=ScriptedModel(script), instructions="Route.", output=Verdict)
    assert asyncio.run(agent.run(call("Go."), Journal())) == Done({"team": "floor"})


def test_an_answer_that_never_fits_is_a_bad_answer() -> None:
    script = [Use("final_result", {"tame": "floor"})] * 3
    agent = llm_agent("clerk", model=ScriptedModel(script), instructions="Route.", output=Verdict, corrections=2)
    with pytest.raises(BadAnswer):
        asyncio.run(agent.run(call("Go."), Journal()))


def test_each_model_request_tells_its_usage() -> None:
    def look() -> str:
        return "nothing"

    journal = Journal()
    model = ScriptedModel([Use("look"), "Done."], name="own")
    rates = {"own": Rate(input=2.0, output=10.0)}
    agent = llm_agent("clerk", model=model, instructions="Look.", tools=[look], rates=rates)
    assert asyncio.run(agent.run(call("Go."), journal)) == Done("Done.", usage=None)
    assert [used.requests for used in journal.usages] == [1, 1]
    first = journal.usages[0]
    assert first == Usage(
        model="own",
        input_tokens=first.input_tokens,
        output_tokens=first.output_tokens,
        requests=1,
        usd=(first.input_tokens * 2.0 + first.output_tokens * 10.0) / 1_000_000,
    )
    assert min(first.input_tokens, first.output_tokens) > 0


def test_a_replay_tells_no_usage() -> None:
    journal = Journal()
    for _ in range(2):
        asyncio.run(clerk("Hello.").run(call("Go."), journal))
    assert len(journal.usages) == 1


def test_text_is_streamed_where_that_is_asked_for() -> None:
    journal = Journal()
    agent = llm_agent("clerk", model=ScriptedModel(["One two three."]), instructions="Count.", streaming=True)
    assert asyncio.run(agent.run(call("Go."), journal)) == Done("One two three.")
    assert journal.chunks == [RequestStarted("scripted"), TextDelta("One "), TextDelta("two "), TextDelta("three.")]


def test_nothing_but_that_a_model_is_asked_is_told_otherwise() -> None:
    journal = Journal()
    asyncio.run(clerk("One two three.").run(call("Go."), journal))
    assert journal.chunks == [RequestStarted("scripted")]


def test_a_rate_limit_tells_when_to_come_back() -> None:
    error = error_from(too_many_requests(retry_after=7.0))
    assert isinstance(error, RateLimited)
    assert error.retry_after == 7.0


NOW = {"Date": "Fri, 02 Jan 2026 00:00:00 GMT"}


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_retry_after_is_honoured_whatever_the_failure_is(status: int) -> None:
    assert failure_of(error_from(ModelHTTPError(status, "scripted", headers={"Retry-After": "7"}))).retry_after == 7.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "Fri Jan  2 00:00:30 2026", **NOW}, 30.0),
        ({"Retry-After": "Fri, 02 Jan 2126 00:00:30 GMT"}, None),
        ({"Retry-After": "1_0"}, None),
    ],
)
def test_the_headers_of_a_provider_are_read_like_those_of_a_service(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert failure_of(error_from(ModelHTTPError(429, "scripted", headers=headers))).retry_after == seconds
    assert retry_after(headers, status=429) == seconds


def test_what_an_error_says_in_words_counts_where_too_much_was_asked() -> None:
    def pause(status: int) -> float | None:
        return failure_of(error_from(ModelHTTPError(status, "scripted", "try again in 20s", headers={}))).retry_after

    assert {status: pause(status) for status in (429, 500, 503)} == {429: 20.0, 500: None, 503: 20.0}


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (timed_out(), TimeoutError),
        (http_error(408), TransportFailed),
        (http_error(429), RateLimited),
        (http_error(500), TransportFailed),
        (http_error(503), TransportFailed),
        (http_error(400), Refusal),
        (http_error(401), Refusal),
        (ModelConnectionError("scripted", "refused"), TransportFailed),
        (ModelAPIError("scripted", "broken"), TransportFailed),
        (ModelQuotaExceededError("scripted", "no credit"), Refusal),
        (ModelOverloadedError("scripted", "busy", retry_after=3.0), RateLimited),
        (ContentFilterError("not allowed"), Refusal),
        (UnexpectedModelBehavior("nonsense"), TransportFailed),
        (FallbackExceptionGroup("all failed", [http_error(400), http_error(500)]), TransportFailed),
        (FallbackExceptionGroup("all failed", [http_error(400)]), Refusal),
    ],
)
@pytest.mark.parametrize("streaming", [False, True])
def test_an_error_of_the_model_is_of_the_right_sort(
    reply: Exception, kind: type[Exception], *, streaming: bool
) -> None:
    agent = llm_agent("clerk", model=ScriptedModel([reply]), instructions="Fail.", streaming=streaming)
    with pytest.raises(kind) as caught:
        asyncio.run(agent.run(call("Go."), Journal()))
    assert caught.value.__cause__ is reply


def test_an_error_of_a_tool_is_raised_as_it_is() -> None:
    def broken() -> str:
        raise LookupError("no such thing")

    agent = llm_agent("clerk", model=ScriptedModel([Use("broken")]), instructions="Fail.", tools=[broken])
    with pytest.raises(LookupError):
        asyncio.run(agent.run(call("Go."), Journal()))


def test_a_usage_limit_is_a_refusal() -> None:
    def look() -> str:
        return "nothing"

    script = [Use("look"), Use("look"), "Done."]
    agent = llm_agent(
        "clerk", model=ScriptedModel(script), instructions="Look.", tools=[look], limits=UsageLimits(request_limit=2)
    )
    with pytest.raises(Refusal):
        asyncio.run(agent.run(call("Go."), Journal()))


def test_the_vendors_own_retries_are_switched_off() -> None:
    seen: list[object] = []

    class Watched(ScriptedModel):
        def prepare_request(
            self, model_settings: ModelSettings | None, model_request_parameters: ModelRequestParameters
        ) -> tuple[ModelSettings | None, ModelRequestParameters]:
            seen.append(model_settings)
            return super().prepare_request(model_settings, model_request_parameters)

    asyncio.run(llm_agent("clerk", model=Watched(["Hi."]), instructions="Greet.").run(call("Go."), Journal()))
    assert seen
    assert all(each == {"max_retries": 0} for each in seen)


def test_the_model_is_told_what_was_wrong_with_its_last_answer() -> None:
    again = Call(run="r", key="0", agent="clerk", version="1", input="Count.", attempt=2, feedback="a number is wanted")
    outcome = asyncio.run(llm_agent("clerk", model=ScriptedModel(echo), instructions="Be exact.").run(again, Journal()))
    assert isinstance(outcome, Done)
    assert outcome.value.startswith("Count.")
    assert "a number is wanted" in outcome.value


def test_the_card_says_what_the_options_say() -> None:
    retry = Retry(attempts=3)
    agent = llm_agent(
        "clerk",
        model=ScriptedModel([]),
        instructions="Route.",
        output=Verdict,
        version="2",
        capabilities={"routing"},
        timeout=30.0,
        retry=retry,
        streaming=True,
    )
    card = agent.card
    assert (card.name, card.version, card.kind, card.timeout, card.retry) == ("clerk", "2", "llm", 30.0, retry)
    assert card.capabilities == {"routing"}
    assert card.output_schema == Verdict.model_json_schema()


def test_a_named_model_is_not_built_before_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert llm_agent("clerk", model="openai:gpt-5", instructions="Greet.").card.kind == "llm"


def test_an_endpoint_gets_its_own_key_and_never_that_of_openai(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "not for others")
    model = model_at("http://localhost:11434/v1", "qwen3:8b", api_key=None)
    assert isinstance(model, OpenAIChatModel)
    assert model.model_name == "qwen3:8b"
    assert model.client.api_key != "not for others"


def test_an_endpoint_for_a_model_object_is_refused() -> None:
    with pytest.raises(ConfigError, match="base_url"):
        llm_agent("clerk", model=ScriptedModel([]), instructions="Greet.", base_url="http://localhost/v1")


def test_an_agent_of_pydantic_ai_keeps_its_name_and_output() -> None:
    own = PydanticAgent(ScriptedModel([Give({"team": "floor"})]), name="router", output_type=Verdict)
    agent = from_pydantic_ai(own)
    assert agent.card.name == "router"
    assert asyncio.run(agent.run(call("Go."), Journal())) == Done({"team": "floor"})


def test_an_agent_of_pydantic_ai_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="no name"):
        from_pydantic_ai(PydanticAgent(ScriptedModel([])))


def test_an_output_that_is_no_plain_type_must_be_told() -> None:
    own = PydanticAgent(ScriptedModel([Give({"team": "floor"})]), name="router", output_type=ToolOutput(Verdict))
    with pytest.raises(ConfigError, match="output="):
        from_pydantic_ai(own)
    assert asyncio.run(from_pydantic_ai(own, output=Verdict).run(call("Go."), Journal())) == Done({"team": "floor"})


def test_another_model_can_stand_in() -> None:
    own = PydanticAgent("openai:gpt-5", name="clerk", defer_model_check=True)
    assert ask(from_pydantic_ai(own, model=ScriptedModel(["Hello."]))) == "Hello."


def test_dependencies_are_made_for_each_call() -> None:
    def who(ctx: RunContext[str]) -> str:
        return ctx.deps

    def deps(request: Call, steps: Steps) -> str:
        return f"{request.principal} {steps.idempotency_key}"

    own = PydanticAgent(ScriptedModel([Use("who", id="w"), "Done."]), name="clerk", deps_type=str, tools=[who])
    journal = Journal()
    asyncio.run(from_pydantic_ai(own, deps=deps).run(call("Go."), journal))
    assert journal.values["tool/who/w"]["result"] == "local run:1"


def test_dependencies_that_nobody_makes_are_missed_before_anything_is_asked() -> None:
    own = PydanticAgent(ScriptedModel([]), name="clerk", deps_type=Ticket)
    with pytest.raises(ConfigError, match="wants dependencies of the type Ticket: give deps="):
        from_pydantic_ai(own)
    assert from_pydantic_ai(PydanticAgent(ScriptedModel([]), name="clerk", deps_type=Steps)).card.name == "clerk"


def test_a_key_that_is_given_as_it_is_is_masked() -> None:
    llm_agent("clerk", model="m", base_url="http://localhost/v1", api_key="sk-local-1234567890", instructions="Greet.")
    assert MASKING.text("Incorrect key: sk-local-1234567890") == "Incorrect key: ***"
