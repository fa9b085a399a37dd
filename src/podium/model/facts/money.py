"""What facts say of money, tokens and calls: set aside before they are spent, and settled."""

from dataclasses import dataclass

from podium.model.budget import Amount
from podium.model.facts.content import FactContent, Kept
from podium.model.facts.kind import FactKind
from podium.model.facts.parts import KeptUsage, usage_json
from podium.model.json import Json
from podium.model.outcome import Usage
from podium.model.spending import ASKED_FIRST, Payer


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountReserved(FactContent, kind=FactKind.RESERVED):
    """An amount is set aside."""

    reservation: Kept[str]
    usd: Kept[int]
    """In billionths of a US dollar."""
    tokens: Kept[int]
    calls: Kept[int]
    budgets: Kept[tuple[str, ...]]
    """The ids of the budgets in which it is."""
    escrow: Kept[bool] = False
    """It is to cover what the run sets aside later."""
    by: Kept[str] = ""
    """For whom: a fallback, or an agent that is asked beside that of the call; empty is the one asked first."""

    def body(self) -> dict[str, Json]:
        """Return it as JSON, quicker than field by field: it is written with each call under a budget."""
        body: dict[str, Json] = {
            "reservation": self.reservation, "usd": self.usd, "tokens": self.tokens, "calls": self.calls,
            "budgets": self.budgets,
        }  # fmt: skip
        if self.escrow:
            body["escrow"] = True
        if self.by:
            body["by"] = self.by
        return body

    @property
    def amount(self) -> Amount:
        """How much."""
        return Amount(usd=self.usd, tokens=self.tokens, calls=self.calls)


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountSettled(FactContent, kind=FactKind.SETTLED):
    """It is known what came of what was set aside."""

    reservation: Kept[str]
    usd: Kept[int]
    """In billionths of a US dollar."""
    tokens: Kept[int]
    calls: Kept[int]
    in_doubt: Kept[bool] = False
    """Nobody told what was spent, or the whole of it: what was set aside counts."""
    doubt: Kept[int | None] = None
    """So many of its dollars, in billionths, nobody told; None is all of them."""
    untold: Kept[int | None] = None
    """So many of those are in no usage that is recorded with a step or an answer; None is all of them."""
    usage: KeptUsage = None
    """What was told of a request whose answer is not recorded: of such nothing is set aside here."""
    budgets: Kept[tuple[str, ...]] = ()
    """The ids of the budgets in which it was, if no other fact says that: an escrow covered it until now."""
    by: Kept[str] = ""
    """Who spent what is in doubt, or what the usage tells; as `by` of a step."""
    beside: Kept[bool] = False
    """As `beside` of a step."""

    def body(self) -> dict[str, Json]:
        """Return it as JSON, quicker than field by field: it is written with each call under a budget."""
        body: dict[str, Json] = {
            "reservation": self.reservation, "usd": self.usd, "tokens": self.tokens, "calls": self.calls
        }  # fmt: skip
        if self.in_doubt:
            body["in_doubt"] = True
            if self.doubt is not None:
                body["doubt"] = self.doubt
            if self.untold is not None:
                body["untold"] = self.untold
        if self.usage is not None:
            body["usage"] = usage_json(self.usage)
        if self.budgets:
            body["budgets"] = self.budgets
        if self.by:
            body["by"] = self.by
        if self.beside:
            body["beside"] = True
        return body


def settled(
    reservation: str, amount: Amount, *, in_doubt: bool = False, doubt: int | None = None, untold: int | None = None,
    budgets: tuple[str, ...] = (), by: str = "",
) -> AmountSettled:  # fmt: skip
    """Return what a fact says of an amount that was spent."""
    return AmountSettled(
        reservation=reservation, usd=amount.usd, tokens=amount.tokens, calls=amount.calls, in_doubt=in_doubt,
        doubt=None if doubt == amount.usd else doubt, untold=None if untold == doubt else untold, budgets=budgets,
        by=by,
    )  # fmt: skip


def told_apart(usage: Usage, payer: Payer = ASKED_FIRST) -> AmountSettled:
    """Return what a fact says of a usage that was told with an answer which is not recorded."""
    return AmountSettled(reservation="", usd=0, tokens=0, calls=0, usage=usage, by=payer.by, beside=payer.beside)
