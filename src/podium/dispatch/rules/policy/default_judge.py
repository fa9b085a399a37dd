"""The judge of a project without policies: all inside is allowed, and a person is asked about what is dangerous."""

from podium.dispatch.rules.policy.request import PolicyRequest, PolicyScope
from podium.dispatch.rules.policy.words import CALL
from podium.model.agent import Card
from podium.model.policy import DANGEROUS, PREFIX, Allowed, Asks, PolicyDecision

BECAUSE = "it is marked dangerous"
_RULE = f"{PREFIX}{DANGEROUS}"


class DefaultJudge:
    """Asks before each call of a dangerous agent."""

    def __init__(self, to: str) -> None:
        self._to = to
        self.reads_trust = False

    def scope(self, card: Card, action: str, kind: str, id: str | None) -> PolicyScope:
        """Leave out whatever is not dangerous."""
        return PolicyScope(action, kind, id or "", settled=not (action == CALL and card.dangerous))

    def forbids(self, matter: PolicyRequest) -> bool:
        """Forbid nothing: it asks."""
        return False

    def forget(self) -> None:
        """Keep on knowing nothing."""

    def decide(self, matter: PolicyRequest) -> PolicyDecision:
        """Ask, unless a person has allowed it."""
        return Allowed(_RULE) if _RULE in matter.granted else Asks(_RULE, self._to, BECAUSE)
