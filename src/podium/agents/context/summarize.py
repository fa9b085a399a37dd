"""The rule that has an agent summarize what is older."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from podium.agents.context.counting import TokenCounter, estimated_tokens, tokens_of
from podium.agents.context.draft import Draft
from podium.agents.context.piece import Piece, SaidPart
from podium.agents.context.summaries import Summaries
from podium.errors import ConfigError
from podium.model.agent import Agent, Card, must_be_agent
from podium.model.corrections import RETRIES
from podium.model.expected import COUNT, FUNCTION, NATURAL, check_fields
from podium.model.parts_said import arguments_of, text_of

SUMMARY = "Summary of what was said before:\n\n"
"""Stands above a summary, as what the user says."""
_WORTH = 10
"""What is not yet summarized has to be this part of the mark, or more: else one would be paid for each message."""
_NOT_HEEDED = ("fallback", "retry", "undo")
"""What a card may say that holds only for calls that a workflow makes."""
_PLAIN = Card(name="plain")


@dataclass(frozen=True, slots=True, repr=False)
class Summarize:
    """Has an agent summarize the older messages once a request has more tokens than a mark, and sends that instead.

    What it does is recorded as a step of the call that needs the summary, once. It is asked like any agent: its time
    limit, limits, budget, guards, cache and breaker hold, policies are asked, and what it costs stands under its name.
    If it is refused, so is the call.
    The next summary is of the last one and what came after it. In a conversation the summary is kept with the answer,
    and later turns use it. Where the agent fails, unless that is a bug in it, what it was to summarize is sent as it
    is, or left out by the rules after this one, and it is not asked again in that attempt; that it failed is noted in
    the run. A summary that is no shorter than what it is of, or than the mark, is not used either; another one is made
    once as much as the mark was said since. Raises ConfigError for an agent that waits, that takes or gives no text, or
    whose card has what would not be heeded.
    """

    agent: Agent[str, str]
    """Takes what was said, as text, and gives the summary."""
    above: int = 50_000
    """The mark, in tokens of the whole request."""
    keep: int = 10
    """How many messages, the last ones, are not summarized."""
    count: TokenCounter = estimated_tokens
    """Counts the tokens of a text: an estimate unless given."""

    def __post_init__(self) -> None:
        must_be_agent(self.agent)
        check_fields(self, {"above": COUNT, "keep": NATURAL, "count": FUNCTION})
        card = self.agent.card
        if not card.traits.answers_at_once:
            raise ConfigError(f"{card.name} is a {card.kind}, which does not answer at once: expected one that does")
        if (self.agent.input.type, self.agent.output.type) != (str, str):
            raise ConfigError(f"{card.name} cannot summarize: it has to take a text and give a text, Agent[str, str]")
        if unheeded := [each for each in _NOT_HEEDED if getattr(card, each) != getattr(_PLAIN, each)]:
            raise ConfigError(
                f"{card.name} has {', '.join(unheeded)} on its card, which does not hold for who is asked in a step of "
                "another agent's call: summarize with an agent that has none, and say it of the agent that is called"
            )

    def __repr__(self) -> str:
        return f"Summarize({self.agent.card.name}, above={self.above:_}, keep={self.keep})"

    async def shorten(self, draft: Draft, summaries: Summaries) -> None:
        """Send the summary that there is; have one made where that is still too long."""
        known, groups = summaries.of(self.agent, draft)
        covered = groups & draft.sent - draft.kept
        if covered:
            draft.summarize(covered, SUMMARY + known, self, self.count)
        if draft.tokens(draft.sent, self.count) <= self.above or summaries.has_failed(self.agent):
            return
        old = self._old(draft)
        vain = summaries.vain_in(self.agent, draft)
        given = self.count("\n\n".join(transcript(draft.pieces_of(old - vain))))
        if given * (1 if vain & old else _WORTH) < self.above:
            return
        text = "\n\n".join(transcript(draft.pieces_of(old)))
        before = [f"{SUMMARY}{known}", "What was said after that:"] if covered else []
        replaced = tokens_of(draft.pieces_of(old), self.count) + (self.count(draft.summary) if covered else 0)
        objection = partial(self._objection, min(replaced, self.above))
        made = await summaries.make(self.agent, draft, covered | old, "\n\n".join([*before, text]), objection)
        if made:
            draft.summarize(covered | old, SUMMARY + made, self, self.count)

    def _objection(self, tokens: int, summary: str) -> str:
        """Return why a summary is of no use, which has to be of fewer tokens than so many; empty where it is."""
        size = self.count(SUMMARY + summary)
        if size < tokens:
            return ""
        return f"the summary has {size:,} tokens: expected fewer than {tokens:,}, what it is of or the mark of {self}"

    def _old(self, draft: Draft) -> set[int]:
        """Return the groups that are to be summarized: those before the last messages, and before their question."""
        first = min(draft.last_of(draft.sent, self.keep), default=len(draft.groups))
        asked = None if first == len(draft.groups) else draft.groups[first].asked_by
        if asked is not None and asked not in draft.required:
            first = asked
        return {each for each in draft.sent - draft.kept if each < first}


def transcript(pieces: Sequence[Piece]) -> Iterator[str]:
    """Give what was said, line by line, as it is to be summarized."""
    for piece in pieces:
        yield from (line for part in piece.parts if (line := _line(part)))


def _line(part: SaidPart) -> str:
    """Return who said what; empty for what no summary needs, such as thoughts."""
    match part["part_kind"]:
        case "user-prompt":
            return f"User: {text_of(part['content'])}"
        case "text":
            return f"Assistant: {part['content']}"
        case "tool-call":
            return f"Assistant uses {part['tool_name']}: {arguments_of(part)}"
        case "tool-return":
            return f"{part['tool_name']} gives: {text_of(part['content'])}"
        case kind if kind in RETRIES:
            return f"Refused: {text_of(part['content'])}"
        case _:
            return ""
