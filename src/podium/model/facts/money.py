"""What facts say of money, tokens and calls: set aside before they are spent, and settled."""

from dataclasses import dataclass

from podium.model.budget import Amount
from podium.model.facts.content import FactContent, Kept
from podium.model.facts.kind import FactKind


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


def settled(reservation: str, amount: Amount, *, in_doubt: bool = False) -> AmountSettled:
    """Return what a fact says of an amount that was spent."""
    return AmountSettled(
        reservation=reservation, usd=amount.usd, tokens=amount.tokens, calls=amount.calls, in_doubt=in_doubt
    )
