"""Policies: who may do what, and what the rules would decide."""

from collections.abc import Sequence
from typing import Final, TypeVar

from podium.api.policies import ExplainedBody, ExplainGiven, RuleBody
from podium.client.api_call import ApiCall, get, post
from podium.client.endpoint import Resource, endpoint
from podium.client.ways import Awaiting, Blocking
from podium.model.json import Json

W = TypeVar("W", Blocking, Awaiting)

NOT_KNOWN: Final = object()
"""What is not said of a call that might happen: None is an input too."""


class PoliciesClient(Resource[W]):
    """`client.policies`."""

    @endpoint
    def explain(  # noqa: PLR0913 - each is something that rules look at, and the caller names it
        self,
        agent: str,
        *,
        user: str | None = None,
        tenant: str | None = None,
        callers: Sequence[str] = (),
        tool: str | None = None,
        input: Json = NOT_KNOWN,
        request: Json = NOT_KNOWN,
        run_input: Json = NOT_KNOWN,
        call_input: Json = NOT_KNOWN,
    ) -> ApiCall[ExplainedBody]:
        """Tell what would be decided about a call of an agent, or about its use of a tool, and why. Nothing is called.

        `user` is on whose behalf, else whoever asks; `callers` are the workflows on the way, the outermost first.
        `input` is that of the call, of a tool its arguments; `request` that of the run that the user started,
        `run_input` of the run itself, `call_input` of the agent that uses the tool.
        """
        inputs = {"input": input, "request": request, "run_input": run_input, "call_input": call_input}
        known = {name: each for name, each in inputs.items() if each is not NOT_KNOWN}
        given = ExplainGiven(agent=agent, user=user, tenant=tenant, callers=(*callers,), tool=tool, **known)
        return post("/policies/explain", ExplainedBody, given, again=True)

    @endpoint
    def list(self) -> "ApiCall[list[RuleBody]]":
        """Check the file of policies against the agents that the server has, and list its rules."""
        return get("/policies", _Rules)


_Rules = list[RuleBody]
