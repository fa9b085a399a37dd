"""`[podium.server]`: how whoever asks the server is known, and how much one may send."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from urllib.parse import urlsplit

from podium.errors import UsageError
from podium.model.duration import SECONDS, Seconds, hold_seconds
from podium.model.expected import COUNT, NAME, NAMES, TEXT, Expected, are_names, check_fields, each, instance, or_none

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""With which tokens of a provider may be signed: with a key that only the provider has, and never with none."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""The names of this machine, from itself."""

_ROLES = each(
    Expected("names of roles", are_names), 'roles by what the claim says, such as {"podium-ops": ("operator",)}'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """`[podium.server.oidc]`: the provider whose tokens are taken, and by which people sign in."""

    issuer: str
    """Where the provider is, as its tokens say it: `https://login.example.org`."""
    audience: str
    """For whom tokens that programs send have to be: the name of this server at the provider."""
    client_id: str | None = None
    """The name of this server where people sign in by it in a browser; without one they cannot."""
    client_secret: str | None = None
    """A reference to its secret (`env:NAME`); without one the code is bound by PKCE alone, as it is with one too."""
    algorithms: tuple[str, ...] = ("RS256", "ES256", "PS256", "EdDSA")
    """With which tokens may be signed."""
    leeway: Seconds = Seconds(60.0)
    """Seconds that clocks may differ."""
    scopes: tuple[str, ...] = ("openid", "profile")
    """What is asked for when people sign in."""
    who: str = "sub"
    """The claim that says who it is."""
    tenant_claim: str | None = None
    """The claim that says of which tenant; without one everybody is of `tenant`."""
    tenant: str = "default"
    roles_claim: str = "roles"
    """The claim with the roles or groups; dots lead inside: `realm_access.roles`."""
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """What roles stand for what the claim says. What is not named is a group; no group is ever a role of Podium."""

    def __post_init__(self) -> None:
        fields = dict.fromkeys(("issuer", "audience", "who", "tenant", "roles_claim"), NAME)
        optional = dict.fromkeys(("client_id", "client_secret", "tenant_claim"), or_none(TEXT))
        check_fields(self, {**fields, **optional, "algorithms": NAMES, "scopes": NAMES, "roles": _ROLES})
        hold_seconds(self, SECONDS, "leeway")
        where = urlsplit(self.issuer)
        if where.scheme != "https" and not (where.scheme == "http" and where.hostname in LOOPBACK):
            raise UsageError(f"issuer is {self.issuer!r}; expected an address that begins with https://.")
        if wrong := [name for name in self.algorithms if name not in ALGORITHMS]:
            raise UsageError(f"algorithms has {wrong[0]!r}; expected some of {', '.join(ALGORITHMS)}.")
        if not self.algorithms:
            raise UsageError(f"algorithms is empty; expected some of {', '.join(ALGORITHMS)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSettings:
    """`[podium.server.requests]`: how much one may send, and how long it may take."""

    per_second: int = 500
    """Requests of each key or user in a second, in each process; twice as many at once after a pause."""
    failures_per_minute: int = 60
    """Requests that could not be signed in, from one address, in a minute."""
    body_bytes: int = 4 * 1024 * 1024
    header_bytes: int = 16 * 1024
    """All headers of a request together."""
    seconds: Seconds = Seconds(90.0)
    """Until an answer begins; a stream may then go on for as long as it likes."""

    def __post_init__(self) -> None:
        counted = ("per_second", "failures_per_minute", "body_bytes", "header_bytes")
        check_fields(self, dict.fromkeys(counted, COUNT))
        hold_seconds(self, SECONDS, "seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """`[podium.server]`."""

    oidc: OidcSettings | None = None
    """A provider of sign-ins: `[podium.server.oidc]`."""
    requests: RequestSettings = field(default_factory=RequestSettings)
    """How much one may send: `[podium.server.requests]`."""
    hosts: tuple[str, ...] = ()
    """The names by which the server is reached: requests to others are refused. Those of loopback are known."""
    url: str | None = None
    """Where people reach it, such as `https://podium.example.org`; else what their browser says."""
    origins: tuple[str, ...] = ()
    """Web pages of others that may ask from a browser (CORS), such as `https://console.example.org`."""
    certificate: str | None = None
    """A file with the TLS certificate and those that lead to it; without one it speaks plain HTTP."""
    private_key: str | None = None
    """The file with the key of the certificate."""
    proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies in front of it, which are believed who asks (`X-Forwarded-For`) and how."""
    session_key: str | None = None
    """A reference to the secret that signs sessions of browsers; needed where several servers stand behind one name."""
    session: Seconds = Seconds(8 * 3_600.0)
    """Seconds after which people sign in again."""

    def __post_init__(self) -> None:
        lists = dict.fromkeys(("hosts", "origins", "proxies"), NAMES)
        texts = dict.fromkeys(("url", "certificate", "private_key", "session_key"), or_none(TEXT))
        inner = {
            "oidc": or_none(instance(OidcSettings, "OidcSettings(…)")),
            "requests": instance(RequestSettings, "RequestSettings()"),
        }
        check_fields(self, {**lists, **texts, **inner})
        hold_seconds(self, SECONDS, "session")
        if (self.certificate is None) is not (self.private_key is None):
            raise UsageError("certificate and private_key go together: expected both, or none.")
        if wrong := [proxy for proxy in self.proxies if not _is_network(proxy)]:
            raise UsageError(f"proxies has {wrong[0]!r}; expected an address or a network: '10.0.1.0/24'.")
        if wrong := [origin for origin in self.origins if not _is_origin(origin)]:
            raise UsageError(f"origins has {wrong[0]!r}; expected such as 'https://console.example.org'.")


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _is_origin(text: str) -> bool:
    where = urlsplit(text)
    return where.scheme in ("http", "https") and bool(where.hostname) and text == f"{where.scheme}://{where.netloc}"
