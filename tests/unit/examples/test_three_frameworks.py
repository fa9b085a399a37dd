"""The same team in three frameworks writes the same, and costs the same."""

from pydantic_ai.models import override_allow_model_requests

from examples.three_frameworks.team import ROLES, run, script
from podium.testing import ChatServer


async def test_three_frameworks_write_the_same_and_are_on_one_account() -> None:
    with ChatServer(script) as server, override_allow_model_requests(allow_model_requests=True):
        written, costs = await run(server.url)
    assert written == ["Written of zeppelin: first seen in 1900. Checked."] * 3
    for role, requests in zip(ROLES, (2, 1, 1), strict=True):
        for framework in ("pydantic", "openai", "langchain"):
            assert abs(costs[f"{framework}-{role}"] - requests * 0.000_15) < 1e-9
