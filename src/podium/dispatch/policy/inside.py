"""The judge of a project without policies: all inside is allowed, and a person is asked about what is dangerous."""

from podium.dispatch.policy.matter import Matter, Scope
from podium.dispatch.policy.words import CALL
from podium.model.agent import Card
from podium.model.policy import DANGEROUS, PREFIX, Allowed, Asks, Decision

BECAUSE = "it is marked dangerous"
_RULE = f"{PREFIX}{DANGEROUS}"


class InsideJudge:
    """Asks before each call of a dangerous agent."""

    def __init__(self, to: str) -> None:
        self._to = to
        self.reads_trust = False

    def scope(self, card: Card, action: str, kind: str, id: str | None) -> Scope:
        """Leave out whatever is not dangerous."""
        return Scope(action, kind, id or "", settled=not (action == CALL and card.dangerous))

    def forget(self) -> None:
        """Keep on knowing nothing."""

    def decide(self, matter: Matter) -> Decision:
        """Ask, unless somebody has allowed it."""
        return Allowed(_RULE) if _RULE in matter.granted else Asks(_RULE, self._to, BECAUSE)
