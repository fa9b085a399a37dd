"""Interrupts of graphs of LangGraph: each is a question in the inbox, and its answer resumes the graph."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from langgraph.types import Command, Interrupt

from podium.agents.frameworks.approvals import denial_in
from podium.agents.frameworks.plain import digest_of, plain, plain_numbers
from podium.agents.frameworks.recorder import CallRecording
from podium.model.json import Json, is_array, is_object
from podium.model.question import Ask
from podium.model.step import arguments_put_in

_REQUESTS, _REVIEWS = "action_requests", "review_configs"
"""What HumanInTheLoopMiddleware shows of the tools that people have to allow."""
_ONE_TOOL = "tool_approval"
"""What it says where it asks about each by itself."""


@dataclass(slots=True)
class InterruptQuestions:
    """Asks people what the interrupts of one call want to know."""

    call: CallRecording
    _counts: Counter[str] = field(default_factory=Counter[str])

    async def resume(self, interrupts: Sequence[Interrupt]) -> Command[None]:
        """Return what resumes the graph once all are answered; they are asked at the same time."""
        said = await asyncio.gather(*(self._answer(each) for each in interrupts))
        return Command(resume={each.id: answer for each, answer in zip(interrupts, said, strict=True)})

    async def _answer(self, interrupt: Interrupt) -> Json:
        value: Json = plain_numbers(plain(interrupt.value))
        if is_object(value) and is_array(value.get(_REQUESTS)) and _REVIEWS in value:
            decisions = await asyncio.gather(*(self._decide(each) for each in value[_REQUESTS]))
            return {"decisions": list(decisions)}
        if is_object(value) and value.get("type") == _ONE_TOOL:
            return await self._decide(value)
        terms = self.call.terms.approvals
        text = value if isinstance(value, str) else f"{self.call.agent} waits for an answer."
        schema = plain(getattr(interrupt, "response_schema", None))
        ask = Ask(text=text, subject=value, schema=schema, to=terms.to, within=terms.within)
        body = partial(self.call.steps.ask, ask)
        step = self.call.steps.once("interrupt", body, key=self._key(value), input=value)
        return await self.call.flight.carry(step)

    async def _decide(self, action: Mapping[str, Json]) -> Json:
        """Ask whether a tool may be used, as with any other tool, and return the decision that the middleware wants."""
        call, tool = self.call, action["name"]
        used: Json = {"tool": tool, "arguments": action.get("args")}
        schema: Json = {"type": "object"}
        consent = call.terms.consent(schema, call.terms.approval(call.agent, used, schema))

        async def allowed() -> Json:
            edited = arguments_put_in(call.steps.granted)
            if edited is None:
                return {"type": "approve"}
            return {"type": "edit", "edited_action": {"name": tool, "args": edited}}

        step = call.steps.once_allowed(f"asked/{tool}", allowed, consent, key=self._key(used), input=used)
        said = await call.flight.carry(step)
        told = denial_in(said)
        return said if told is None else {"type": "reject", "message": told}

    def _key(self, value: Json) -> str:
        digest = digest_of(value)
        self._counts[digest] += 1
        count = self._counts[digest]
        return digest if count == 1 else f"{digest}#{count}"
