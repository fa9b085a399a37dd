"""What facts say of money, tokens and calls: set aside before they are spent, and settled."""

from dataclasses import dataclass

from podium.model.budget import Amount
from podium.model.facts.content import FactContent, Kept
from podium.model.facts.kind import FactKind
from podium.model.json import Json


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

    def body(self) -> dict[str, Json]:
        """Return it as JSON, quicker than field by field: it is written with each call under a budget."""
        body: dict[str, Json] = {
            "reservation": self.reservation, "usd": self.usd, "tokens": self.tokens, "calls": self.calls,
            "budgets": self.budgets,
        }  # fmt: skip
        if self.escrow:
            body["escrow"] = True
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
    """A process died in between, and all of it counts."""
    budgets: Kept[tuple[str, ...]] = ()
    """The ids of the budgets in which it was, if no other fact says that: an escrow covered it until now."""

    def body(self) -> dict[str, Json]:
        """Return it as JSON, quicker than field by field: it is written with each call under a budget."""
        body: dict[str, Json] = {
            "reservation": self.reservation, "usd": self.usd, "tokens": self.tokens, "calls": self.calls
        }  # fmt: skip
        if self.in_doubt:
            body["in_doubt"] = True
        if self.budgets:
            body["budgets"] = self.budgets
        return body


def settled(
    reservation: str, amount: Amount, *, in_doubt: bool = False, budgets: tuple[str, ...] = ()
) -> AmountSettled:
    """Return what a fact says of an amount that was spent."""
    return AmountSettled(
        reservation=reservation, usd=amount.usd, tokens=amount.tokens, calls=amount.calls, in_doubt=in_doubt,
        budgets=budgets,
    )  # fmt: skip
