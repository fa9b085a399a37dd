"""A request to a model, and a use of a tool, as a framework is about to make them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from podium.agents.context.piece import Piece, WholeRequest, besides_of
from podium.agents.frameworks.bound import most_tokens
from podium.agents.frameworks.cap import OutputCap
from podium.agents.frameworks.plain import digest_of
from podium.agents.prices import context_window, most
from podium.model.budget import Bound
from podium.model.json import Json
from podium.model.prices import Rates
from podium.model.sent import CONTEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedModel:
    """One request to a model, as far as its framework shows it before it is sent."""

    model: str
    """As prices are listed: `provider:name`, or only the name."""
    sent: Mapping[str, Json]
    """All that is sent, in the form of the fact SENT: messages, instructions, settings, tools, output."""
    max_tokens: int | None = None
    """How long its answer may be, as its settings say."""
    is_text: bool = True
    """Whether the bytes of what is sent bound its tokens: no files, no tools of the provider, nothing kept there."""
    agent: str = ""
    """The name of the agent that asks; empty for the agent of the call."""

    context: Json = None
    """What rules for the context of the agent did to the messages; None where it has none."""

    @property
    def said(self) -> Mapping[str, Json]:
        """What is sent, and by whom, as people read it."""
        shortened = {} if self.context is None else {CONTEXT: self.context}
        return {"agent": self.agent, **self.sent, **shortened}

    def whole(self, pieces: Sequence[Piece]) -> WholeRequest:
        """Return it as the rules for the context of the agent see it."""
        window = context_window(self.model)
        return WholeRequest(pieces=pieces, besides=besides_of(self.sent), model=self.model, window=window)

    @property
    def key(self) -> str:
        """Name its place in the call by what was said before, so that it is the same in whichever order tasks run."""
        messages = self.sent["messages"]
        place = f"{len(messages)}@{digest_of(messages)}"
        return f"{self.agent}/{place}" if self.agent else place

    def cap(self, rates: Rates) -> OutputCap:
        """Return what holds its answer within a budget."""
        return OutputCap(self.max_tokens, partial(self._bound, rates))

    def _bound(self, rates: Rates, tokens: int | None) -> Bound | None:
        answer = self.max_tokens if tokens is None else tokens
        if answer is None or not self.is_text:
            return None
        parts = sum(len(each["parts"]) for each in self.sent["messages"])
        given = most_tokens(self.sent, parts=parts)
        usd = most(self.model, input_tokens=given, output_tokens=answer, rates=rates)
        return Bound(usd=usd, input_tokens=given, output_tokens=answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedTool:
    """One use of a tool, as the model asked for it."""

    tool: str
    """Its name as the model sees it."""
    call_id: str
    """The id that the model, or its framework, gave the use."""
    arguments: Json
    schema: Json
    """The JSON Schema of the arguments."""
    agent: str = ""
    """The name of the agent that uses it; empty for the agent of the call."""
    approval: bool = False
    """Whether people have to allow it first, as the tool itself says."""

    @property
    def name(self) -> str:
        """The one name of the tool: after that of its agent, where that is not the agent of the call."""
        return f"{self.agent}/{self.tool}" if self.agent else self.tool

    @property
    def sent(self) -> Json:
        """What rules and people are shown of it."""
        return {"tool": self.tool, "arguments": self.arguments}
