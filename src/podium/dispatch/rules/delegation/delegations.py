"""Delegations: granting them as tokens, taking tokens, and what a delegation has against a call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from podium.dispatch.rules.delegation.bounds import check_bounds, unfit
from podium.dispatch.rules.delegation.token import claims_of, long_enough, signed
from podium.errors import ConfigError, InvalidValue, TokenRefused
from podium.in_threads import in_thread
from podium.model.clock import Clock
from podium.model.delegation import ArgumentBound, Delegation, DelegationBook, Granted
from podium.model.ids import Ids
from podium.model.json import Json
from podium.model.step import arguments_in, tool_id
from podium.model.storable import check_integer, check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A delegation that was granted, and the token that stands for it: it is shown this once, and kept nowhere."""

    granted: Granted
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegations:
    """The delegations of an app: what `app.delegations` asks."""

    book: DelegationBook
    clock: Clock
    ids: Ids
    key: str | None
    audience: str

    async def issue(self, delegation: Delegation) -> Issued:
        """Return a token that lets its holder act; raises ConfigError without a key, InvalidValue for no time left."""
        key, now = self._key(), self.clock.now()
        for name in ("by", "to", "tenant"):
            check_name(f"{name} of the delegation", getattr(delegation, name))
        check_bounds(delegation.arguments)
        if delegation.expires is not None and delegation.expires <= now:
            raise InvalidValue("the delegation has expired before it is granted: say a later time")
        if delegation.quota is not None:
            if delegation.quota < 1:
                raise InvalidValue(f"the quota is {delegation.quota}; expected at least 1")
            check_integer("the quota", delegation.quota)
        granted = Granted(id=self.ids.new("dlg"), delegation=delegation, granted_at=now)
        await in_thread(self.book.enter, granted)
        claims: dict[str, Json] = {
            "jti": granted.id, "iss": "podium", "aud": self.audience, "sub": delegation.by,
            "act": {"sub": delegation.to},
            "iat": int(now),
        }  # fmt: skip
        if delegation.expires is not None:
            claims["exp"] = delegation.expires
        return Issued(granted=granted, token=signed(claims, key))

    async def revoke(self, id: str) -> bool:
        """Void a delegation at once, for calls under way too; False where there was nothing to revoke."""
        return await in_thread(self.book.revoke, id, self.clock.now())

    async def all(self) -> Sequence[Granted]:
        """Return all delegations, the oldest first."""
        return self.book.all()

    def check(self, token: str, workflow: str, input: Json) -> Granted:
        """Return the delegation of a token that is for a run of a workflow; raises TokenRefused with the reason."""
        now = self.clock.now()
        claims = claims_of(token, self._key(), audience=self.audience, now=now)
        granted = self.book.get(str(claims.get("jti")))
        if (wrong := objection(granted, now, workflow, None, input)) is not None:
            raise TokenRefused(wrong)
        assert granted is not None  # an unknown one is objected to
        return granted

    async def redeem(self, token: str, workflow: str, input: Json) -> Granted:
        """Take a token for one run of a workflow, and count it; raises TokenRefused with the reason."""
        granted, now = self.check(token, workflow, input), self.clock.now()
        if not await in_thread(self.book.use, granted.id, now):
            raise TokenRefused(f"delegation {granted.id} is used up: it was for {granted.delegation.quota} runs")
        return granted

    def _key(self) -> str:
        if self.key is None:
            raise ConfigError("delegation.key is not set: without it no token can be signed or read")
        if not long_enough(self.key):
            raise ConfigError(
                "delegation.key is too short: expected 32 characters or more, such as `openssl rand -hex 32`"
            )
        return self.key


def ended(granted: Granted | None, now: float) -> str | None:
    """Return how a delegation has ended, whatever it was for; None where it has not."""
    if granted is None:
        return "there is no such delegation"
    if granted.revoked_at is not None:
        return f"delegation {granted.id} is revoked"
    expires = granted.delegation.expires
    return f"delegation {granted.id} has expired" if expires is not None and now >= expires else None


def objection(
    granted: Granted | None, now: float, agent: str, tool: str | None, input: Json, *, though_ended: bool = False
) -> str | None:
    """Return what a delegation has against a call of an agent, or its use of a tool; None where it has nothing.

    `input` is what is sent to it. With `though_ended` it counts as if it were still in force.
    """
    if granted is None or not though_ended:
        over = ended(granted, now)
        if granted is None or over is not None:
            return over
    said, name = granted.delegation, f"delegation {granted.id}"
    wanted = agent if tool is None else tool_id(agent, tool)
    patterns = said.agents if tool is None else said.tools
    if not any(fnmatchcase(wanted, pattern) for pattern in patterns):
        return f"{name} is not for {wanted}: it is for {', '.join(patterns)}"
    for pattern, members in said.arguments.items():
        if fnmatchcase(wanted, pattern) and (wrong := _unfit(members, input, tool)) is not None:
            return f"{name} allows {wanted} only with {wrong}"
    return None


def _unfit(members: Mapping[str, ArgumentBound], input: Json, tool: str | None) -> str | None:
    return unfit(members, input) if tool is None else unfit(members, arguments_in(input), input)
