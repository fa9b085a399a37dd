"""Who one is, keys with which programs sign in, and who asked for which change."""

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field

from podium.api.body import ApiBody, ApiInput, Moment, moment, moment_or_none
from podium.model.action import UserAction
from podium.model.api_key import ApiKey
from podium.model.json import Json
from podium.model.principal import Principal
from podium.model.session import BrowserSession

if TYPE_CHECKING:
    from podium.operations.api_keys import IssuedKey


class MeBody(ApiBody):
    """As whom somebody is known."""

    who: str
    tenant: str
    roles: list[str]
    workflows: Annotated[list[str], Field(description="Patterns of the workflows that one may start.")]

    @classmethod
    def of(cls, principal: Principal) -> Self:
        """Return a principal as others see it."""
        return cls(
            who=principal.who, tenant=principal.tenant, roles=sorted(principal.roles),
            workflows=list(principal.workflows),
        )  # fmt: skip


class KeyBody(ApiBody):
    """A key, without its secret."""

    id: str
    name: str
    who: str
    tenant: str
    roles: list[str]
    workflows: list[str]
    expires: Moment | None
    made_at: Moment
    made_by: str
    issued_at: Annotated[Moment, Field(description="Since when it has its present secret.")]
    issued_by: str
    former_until: Annotated[Moment | None, Field(description="Until when the secret before it is taken too.")]
    used_at: Moment | None
    revoked_at: Moment | None
    revoked_by: str | None

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        """Return a key as others see it."""
        return cls(**_key_fields(key))


class IssuedKeyBody(KeyBody):
    """A key with its secret, which nobody is told a second time."""

    secret: Annotated[str, Field(description="The whole key, as it is sent. Keep it: it is shown only now.")]

    @classmethod
    def issued(cls, issued: "IssuedKey") -> Self:
        """Return a key that was made or rotated just now."""
        return cls(**_key_fields(issued.key), secret=issued.secret)


def _key_fields(key: ApiKey) -> dict[str, Json]:
    return {
        "id": key.id, "name": key.name, "who": key.who, "tenant": key.tenant, "roles": sorted(key.roles),
        "workflows": list(key.workflows), "expires": moment_or_none(key.expires), "made_at": moment(key.made_at),
        "made_by": key.made_by, "issued_at": moment(key.secret.at), "issued_by": key.secret.by,
        "former_until": moment_or_none(key.secret.former_until), "used_at": moment_or_none(key.used_at),
        "revoked_at": moment_or_none(key.revoked_at), "revoked_by": key.revoked_by,
    }  # fmt: skip


class KeyGiven(ApiInput):
    """A key to be made."""

    name: Annotated[str, Field(min_length=1, description="What it is for.", examples=["ci"])]
    who: Annotated[str, Field(min_length=1, description="Who signs in with it, as it is recorded.", examples=["ci"])]
    tenant: Annotated[str, Field(min_length=1)] = "default"
    roles: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    workflows: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)] = ("*",)
    expires_in: Annotated[
        float | None, Field(gt=0, le=1e10, description="Seconds for which it is in force; null is until it is revoked.")
    ] = None


class RotateGiven(ApiInput):
    """How a key gets another secret."""

    grace: Annotated[float, Field(ge=0, le=1e10, description="Seconds for which the old one is taken too.")] = 86_400.0


class SessionBody(ApiBody):
    """A browser in which somebody is signed in."""

    session: Annotated[str, Field(description="Its id.")]
    who: str
    tenant: str
    roles: list[str]
    workflows: list[str]
    began_at: Moment
    expires: Annotated[Moment, Field(description="When they have to sign in again.")]

    @classmethod
    def of(cls, session: BrowserSession) -> Self:
        """Return a session as others see it."""
        return cls(
            session=session.id, who=session.who, tenant=session.tenant, roles=sorted(session.roles),
            workflows=list(session.workflows), began_at=moment(session.began_at), expires=moment(session.expires),
        )  # fmt: skip


class SessionsEnd(ApiInput):
    """Who is to be signed out of all browsers."""

    who: Annotated[str, Field(min_length=1)]
    tenant: Annotated[str, Field(min_length=1)] = "default"


class EndedBody(ApiBody):
    """How many sessions were ended."""

    ended: int


class ActionBody(ApiBody):
    """Somebody asked for a change."""

    id: str
    at: Moment
    by: str
    tenant: str
    what: str
    about: str
    said: dict[str, Json]

    @classmethod
    def of(cls, action: UserAction) -> Self:
        """Return an action as others see it."""
        return cls(
            id=action.id, at=moment(action.at), by=action.by, tenant=action.tenant, what=action.what,
            about=action.about, said=dict(action.said),
        )  # fmt: skip


class DelegatedStart(ApiInput):
    """A run to be started for whoever granted a delegation."""

    workflow: Annotated[str, Field(min_length=1)]
    input: Json = None
