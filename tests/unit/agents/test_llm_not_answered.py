"""Of a model request that failed it is known whether it may have been answered, and paid for."""

import asyncio

import pytest
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.capabilities import NativeTool
from pydantic_ai.exceptions import (
    ContentFilterError,
    FallbackExceptionGroup,
    ModelConnectionError,
    ModelOverloadedError,
    ModelQuotaExceededError,
    ModelTimeoutError,
    UnexpectedModelBehavior,
)
from pydantic_ai.native_tools import CodeExecutionTool

from podium.agents.pydantic_ai import from_pydantic_ai
from podium.dispatch.failure import failure_of
from podium.testing.model import ScriptedModel
from tests.unit.agents.test_llm_answers import error_from, http_error
from tests.unit.agents.test_llm_steps import Journal, call


@pytest.mark.parametrize(
    "reply",
    [
        *[http_error(status) for status in (401, 402, 403, 404, 413, 429)],
        ModelConnectionError("scripted", "refused", phase="connect"),
        ModelTimeoutError("scripted", "no connection in time", phase="connect"),
        ModelQuotaExceededError("scripted", "no credit"),
        FallbackExceptionGroup("all failed", [http_error(401), http_error(429)]),
    ],
    ids=str,
)
def test_what_was_surely_not_answered_is_not_done(reply: Exception) -> None:
    assert failure_of(error_from(reply)).not_done


@pytest.mark.parametrize(
    "reply",
    [
        *[http_error(status) for status in (400, 408, 409, 422, 500, 501, 502, 503, 504, 520, 529)],
        ModelOverloadedError("scripted", "busy", retry_after=3.0),
        ModelConnectionError("scripted", "cut", phase="read"),
        ModelConnectionError("scripted", "somewhere"),
        ModelTimeoutError("scripted", "no answer in time", phase="read"),
        ModelQuotaExceededError("scripted", "said in the middle of a stream", in_stream=True),
        ContentFilterError("not allowed"),
        UnexpectedModelBehavior("nonsense"),
        FallbackExceptionGroup("all failed", [http_error(429), http_error(504)]),
    ],
    ids=str,
)
def test_what_may_have_been_answered_is_in_doubt(reply: Exception) -> None:
    assert not failure_of(error_from(reply)).not_done


def test_what_a_provider_with_tools_of_its_own_did_before_it_failed_is_in_doubt() -> None:
    def fails(reply: Exception) -> Exception:
        bot = PydanticAgent(ScriptedModel([reply]), name="bot", capabilities=[NativeTool(CodeExecutionTool())])
        with pytest.raises(Exception, match="status_code") as caught:
            asyncio.run(from_pydantic_ai(bot).run(call("Go."), Journal()))
        return caught.value

    assert not failure_of(fails(http_error(500))).not_done
    assert failure_of(fails(http_error(401))).not_done
