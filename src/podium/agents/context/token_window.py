"""The rule that keeps a request within the window of its model."""

from dataclasses import dataclass

from podium.agents.context.counting import TokenCounter, estimated_tokens, tokens_of
from podium.agents.context.draft import Draft
from podium.agents.context.summaries import Summaries
from podium.errors import ConfigError, ContextTooLong, Refusal
from podium.model.expected import COUNT, FUNCTION, NATURAL, check_fields, or_none


@dataclass(frozen=True, slots=True, repr=False)
class TokenWindow:
    """Sends as many of the last messages as fit into so many tokens, with all else that is sent.

    Instructions, descriptions of tools and the schema of the answer count. A summary that does not fit is left out as
    well. Where even what is always sent does not fit, no request is made: the call is refused with `ContextTooLong`.
    It goes last in the list of rules.
    """

    tokens: int | None = None
    """How many; None is what the model can hold, where genai-prices knows it."""
    reserve: int = 0
    """How many of them are left free, for the answer: models hold both together."""
    count: TokenCounter = estimated_tokens
    """Counts the tokens of a text: an estimate unless given."""

    def __post_init__(self) -> None:
        check_fields(self, {"tokens": or_none(COUNT), "reserve": NATURAL, "count": FUNCTION})
        if self.tokens is not None and self.reserve >= self.tokens:
            raise ConfigError(f"{self} leaves nothing to send: reserve= is to be less than its tokens")

    def __repr__(self) -> str:
        size = [] if self.tokens is None else [f"{self.tokens:_}"]
        return f"TokenWindow({', '.join([*size, *([f'reserve={self.reserve:_}'] if self.reserve else [])])})"

    async def shorten(self, draft: Draft, summaries: Summaries) -> None:
        """Leave out the oldest messages, as many as have to be; raises ContextTooLong and Refusal."""
        window = self._window(draft)
        chosen = draft.kept
        used = draft.tokens(chosen, self.count)
        if used > window and draft.summary:
            summaries.note(f"the summary does not fit into the {window:,} tokens of {self}")
            draft.drop_summary()
            chosen = draft.kept
            used = draft.tokens(chosen, self.count)
        if used > window:
            raise ContextTooLong(self._too_long(draft, used, window), tokens=used, window=window)
        for group in sorted(draft.sent - chosen, reverse=True):
            used += tokens_of(draft.pieces_of([group]), self.count)
            if used > window:
                break
            chosen.add(group)
        draft.send_only(chosen, self, self.count)

    def _window(self, draft: Draft) -> int:
        size = self.tokens if self.tokens is not None else draft.request.window
        if size is None:
            raise Refusal(
                f"TokenWindow() needs a number of tokens: genai-prices does not know how many {draft.request.model} "
                "can hold. Say TokenWindow(8_000)",
                not_done=True,
            )
        return size - self.reserve

    def _too_long(self, draft: Draft, used: int, window: int) -> str:
        besides = sum(map(self.count, draft.request.besides))
        return (
            f"what {draft.request.model} would be sent has {used:,} tokens, more than the {window:,} of "
            f"{self}, even without older messages; {besides:,} of them are instructions, tools and the schema of the "
            "answer. Nothing was sent. Ask for less at once, let tools give less, trim their results (TrimToolResults) "
            "or summarize (Summarize) before this rule, pin fewer messages, or take a model with a larger window"
        )
