"""What the tests of agents share: a call, and one way to run an agent to its outcome."""

import asyncio

from podium.model.agent import AnyAgent
from podium.model.call import Call
from podium.model.json import Json
from podium.model.outcome import Done, Outcome
from podium.testing.steps import PlainSteps


def call_with(value: Json = None) -> Call:
    return Call(run="run_1", key="2.0", agent="it", version="1", input=value, tenant="acme")


def outcome(agent: AnyAgent, value: Json = None, steps: PlainSteps | None = None) -> Outcome:
    return asyncio.run(agent.run(call_with(value), steps or PlainSteps()))


def answer(agent: AnyAgent, value: Json = None, steps: PlainSteps | None = None) -> Json:
    ended = outcome(agent, value, steps)
    assert isinstance(ended, Done)
    return ended.value
