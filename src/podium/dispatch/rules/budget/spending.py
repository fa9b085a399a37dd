"""What calls and requests came to, as far as anybody told; what nobody told counts at its bound, in doubt."""

from dataclasses import dataclass, replace

from podium.errors import AgentError, Forbidden, RateLimited, Suspended
from podium.model.agent_kind import AgentKind
from podium.model.budget import Amount, nano
from podium.model.outcome import Done, Failed, Failure, Outcome, Pending, Refused, Usage
from podium.model.retry import FailureKind

NOTHING = Amount()


@dataclass(frozen=True, slots=True)
class SpentAmount:
    """What was spent of what was set aside."""

    amount: Amount
    doubt: int = 0
    """How much of its dollars, in billionths, nobody told."""
    untold: int | None = None
    """How much of that no usage has that is recorded with a step or an answer; None is all of it."""


FREE = SpentAmount(NOTHING)


@dataclass(slots=True)
class CallTally:
    """What the requests of a call came to whose agent names a price for the whole."""

    told: int = 0
    """In billionths of a dollar."""
    doubt: int = 0
    """What those count as of which nobody told it, as far as their steps say so."""
    begun: bool = False
    known: bool = True

    def add(self, used: Usage | None, *, named: bool, lost: bool) -> None:
        """Count a request: what it used, if anybody told, and whether something was lost on the way to that.

        Where the agent names no price for it, it is settled by itself.
        """
        self.begun = True
        if not named:
            return
        self.known = self.known and not lost and used is not None and not used.in_doubt and used.usd is not None
        if used is not None and used.usd is not None:
            if used.in_doubt:
                self.doubt += nano(used.usd)
            else:
                self.told += nano(used.usd)

    def stopped(self, bound: Amount) -> SpentAmount:
        """Return what a call came to that was stopped: by a rule, a rate limit, or to wait."""
        if not self.begun:
            return FREE
        return SpentAmount(Amount(usd=self.told, calls=bound.calls)) if self.known else self.at_most(bound)

    def at_most(self, bound: Amount) -> SpentAmount:
        """Return what a call came to of which nobody told the whole: its price, of which its requests told a part."""
        usd = max(bound.usd, self.told + self.doubt)
        doubt = usd - self.told
        return SpentAmount(Amount(usd=usd, tokens=bound.tokens, calls=bound.calls), doubt, doubt - self.doubt)


def call_spent(
    outcome: Outcome | None, bound: Amount, tally: CallTally, kind: AgentKind, *, asked: bool
) -> SpentAmount:
    """Return what a call came to; None is one that was cut off. `asked` says whether its agent may have been."""
    match outcome:
        case Done(_, usage):
            return _done(usage, bound, tally, kind)
        case _ if not asked:
            return FREE
        case Pending():  # its agent runs again for the same call, which counts then
            return tally.stopped(replace(bound, calls=0))
        case Refused():
            return tally.stopped(bound)
        case Failed(failure) if _turned_away(failure):
            return tally.stopped(bound)
        case _:
            return tally.at_most(bound)


def _turned_away(failure: Failure) -> bool:
    return failure.not_done or failure.unavailable or (failure.kind is FailureKind.RATE and not failure.begun)


def _done(usage: Usage | None, bound: Amount, tally: CallTally, kind: AgentKind) -> SpentAmount:
    if usage is not None and usage.usd is not None and bound.usd:
        usd = nano(usage.usd)
        return SpentAmount(Amount(usd=usd, calls=bound.calls), usd if usage.in_doubt else 0, 0)
    if not bound.usd or not kind.reports_its_cost:
        return SpentAmount(bound)
    return tally.stopped(bound) if tally.begun else tally.at_most(bound)


def request_spent(bound: Amount, used: Usage | None, *, named: bool, lost: bool) -> SpentAmount:
    """Return what a request came to that was made. Where `named`, its dollars are in the price of the whole call.

    `used` is what it counts as, if it was answered; `lost` says that something else was sent for it, and not answered.
    """
    if used is None:
        return SpentAmount(bound, bound.usd)
    tokens = used.input_tokens + used.output_tokens
    tokens = max(tokens, bound.tokens) if lost else tokens
    if named or used.usd is None:
        return SpentAmount(Amount(tokens=tokens, calls=bound.calls))
    usd = nano(used.usd)
    whole = max(usd, bound.usd) if lost else usd
    doubt = whole if used.in_doubt else whole - usd
    return SpentAmount(Amount(usd=whole, tokens=tokens, calls=bound.calls), doubt, whole - usd)


def costs_nothing(ended: BaseException) -> bool:
    """Whether what ended a request says that it was not answered; whatever else ends one may have been paid for."""
    if isinstance(ended, RateLimited):
        return not ended.begun
    if isinstance(ended, AgentError):
        return ended.not_done
    return isinstance(ended, Forbidden | Suspended)
