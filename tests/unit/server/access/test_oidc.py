"""Tokens of a provider are taken where they are genuine, for us and in time; a browser goes there and comes back."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey, RSAKey

from podium.errors import ProviderAway, TokenRefused
from podium.model.clock import Clock
from podium.model.server import OidcSettings
from podium.server.access.oidc.browser import BrowserFlow
from podium.server.access.oidc.provider import Provider
from podium.server.access.oidc.tokens import TokenReader
from podium.testing import DrivenClock

ISSUER = "https://login.example.org"


@dataclass
class Fake:
    """A provider whose every answer a test can change."""

    clock: Clock
    keys: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    issuer: str = ISSUER
    asked: list[str] = field(default_factory=list[str])
    given: dict[str, Any] = field(default_factory=dict[str, Any])
    forms: list[dict[str, list[str]]] = field(default_factory=list[dict[str, list[str]]])
    away: bool = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.away:
            raise httpx.ConnectError("away")
        if request.url.path == "/.well-known/openid-configuration":
            return httpx.Response(200, json={
                "issuer": self.issuer, "jwks_uri": f"{ISSUER}/jwks", "authorization_endpoint": f"{ISSUER}/auth",
                "token_endpoint": f"{ISSUER}/token",
            })  # fmt: skip
        if request.url.path == "/jwks":
            return httpx.Response(200, json={"keys": self.keys})
        self.forms.append(parse_qs(request.content.decode()))
        return httpx.Response(200 if self.given else 400, json=self.given or {"error": "invalid_grant"})

    def reader(self, **settings: Any) -> TokenReader:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self))
        settings = {"issuer": ISSUER, "audience": "podium", **settings}
        return TokenReader(
            settings=OidcSettings(**settings), provider=Provider(ISSUER, self.clock, client), clock=self.clock
        )

    def publish(self, *keys: Key) -> None:
        self.keys = [dict(key.as_dict(private=False)) for key in keys]


RSA, EC = RSAKey.generate_key(2048, {"kid": "rsa"}), ECKey.generate_key("P-256", {"kid": "ec"})
OTHER = RSAKey.generate_key(2048, {"kid": "rsa"})


def claims(clock: Clock, **more: Any) -> dict[str, Any]:
    now = int(clock.now())
    said = {"iss": ISSUER, "aud": "podium", "sub": "ann", "iat": now, "exp": now + 300, **more}
    return {name: value for name, value in said.items() if value is not None}


def token(key: Key, said: Mapping[str, Any], algorithm: str = "RS256", **header: Any) -> str:
    return jwt.encode({"alg": algorithm, "kid": key.kid, **header}, dict(said), key, algorithms=[algorithm])


def unsigned(said: Mapping[str, Any], algorithm: str) -> str:
    parts = [json.dumps(each).encode() for each in ({"alg": algorithm, "typ": "JWT"}, said)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


def by_hand(secret: bytes, said: Mapping[str, Any]) -> str:
    """Return a token that is signed with a public key as if it were a secret: libraries refuse to do that."""
    signed = unsigned(said, "HS256").rpartition(".")[0]
    signature = hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.fixture
def fake() -> Fake:
    found = Fake(DrivenClock())
    found.publish(RSA, EC)
    return found


async def refused(reader: TokenReader, sent: str) -> str:
    with pytest.raises(TokenRefused) as error:
        await reader.principal(sent)
    return str(error.value)


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256")])
async def test_a_token_of_the_provider_says_who_it_is(fake: Fake, key: Key, algorithm: str) -> None:
    ann = await fake.reader().principal(token(key, claims(fake.clock, roles=["editors"]), algorithm))
    assert (ann.who, ann.tenant, ann.roles) == ("ann", "default", {"editors"})


WRONG: dict[str, tuple[Callable[[Clock], str], str]] = {
    "another audience": (lambda clock: token(RSA, claims(clock, aud="other")), "not for this server.*aud"),
    "none": (lambda clock: token(RSA, claims(clock, aud=None)), "not for this server.*aud"),
    "another issuer": (lambda clock: token(RSA, claims(clock, iss="https://evil.example")), "not for this server.*iss"),
    "expired": (lambda clock: token(RSA, claims(clock, exp=int(clock.now()) - 61)), "has expired"),
    "no end": (lambda clock: token(RSA, claims(clock, exp=None)), "exp"),
    "not yet": (lambda clock: token(RSA, claims(clock, nbf=int(clock.now()) + 61)), "not yet valid"),
    "another key": (lambda clock: token(OTHER, claims(clock)), "forged"),
    "a key not known": (lambda clock: token(OTHER, claims(clock), kid="new"), "does not know"),
    "alg none": (lambda clock: unsigned(claims(clock), "none"), "signed with 'none'"),
    "alg None": (lambda clock: unsigned(claims(clock), "NONE"), "signed with 'NONE'"),
    "symmetric, with the public key": (
        lambda clock: by_hand(RSA.as_pem(private=False), claims(clock)),
        "signed with 'HS256'",
    ),
    "a signature cut off": (lambda clock: token(RSA, claims(clock)).rpartition(".")[0] + ".", "forged"),
    "said otherwise": (lambda clock: unsigned(claims(clock, sub="root"), "RS256"), "forged|does not know"),
    "nobody": (lambda clock: token(RSA, claims(clock, sub=None)), "sub"),
    "an empty name": (lambda clock: token(RSA, claims(clock, sub=" ")), "does not say `sub`"),
    "the app itself": (lambda clock: token(RSA, claims(clock, sub="local")), "call the user otherwise"),
    "nonsense": (lambda _: "a.b.c", "neither a key"),
    "too long": (lambda _: "a" * 20_000, "neither a key"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
async def test_a_token_that_is_not_what_it_is_to_be_is_refused(fake: Fake, what: str) -> None:
    make, says = WRONG[what]
    with pytest.raises(TokenRefused, match=says):
        await fake.reader().principal(make(fake.clock))


async def test_clocks_may_differ_by_the_leeway(fake: Fake) -> None:
    now = int(fake.clock.now())
    late = token(RSA, claims(fake.clock, exp=now - 59))
    assert (await fake.reader().principal(late)).who == "ann"
    assert "has expired" in await refused(fake.reader(leeway=1), late)
    assert (await fake.reader().principal(token(RSA, claims(fake.clock, nbf=now + 59)))).who == "ann"


async def test_a_symmetric_key_that_a_provider_publishes_proves_nothing(fake: Fake) -> None:
    shared = OctKey.import_key(b"k" * 32, {"kid": "shared"})
    fake.keys.append(dict(shared.as_dict(private=True)))
    assert "HS256" in await refused(fake.reader(), token(shared, claims(fake.clock), "HS256"))
    assert "does not know" in await refused(fake.reader(), token(RSA, claims(fake.clock), kid="shared"))


async def test_a_key_for_encryption_signs_nothing(fake: Fake) -> None:
    fake.keys = [{**each, "use": "enc"} for each in fake.keys]
    assert "does not know" in await refused(fake.reader(), token(RSA, claims(fake.clock)))


async def test_a_new_key_is_asked_for_when_it_is_seen_and_forged_ones_do_not_make_us_ask(fake: Fake) -> None:
    clock, reader = fake.clock, fake.reader()
    assert isinstance(clock, DrivenClock)
    old, new = token(RSA, claims(clock, exp=int(clock.now()) + 9_000)), RSAKey.generate_key(2048, {"kid": "new"})
    assert (await reader.principal(old)).who == "ann"
    fake.publish(new)
    fresh = token(new, claims(clock, exp=int(clock.now()) + 9_000))
    assert "does not know" in await refused(reader, fresh)  # it was asked just now
    await clock.advance(10)
    assert (await reader.principal(fresh)).who == "ann"
    assert fake.asked.count("/jwks") == 2
    for number in range(20):
        await refused(reader, token(OTHER, claims(clock), kid=f"forged {number}"))
    assert fake.asked.count("/jwks") == 2
    await clock.advance(10)
    assert "does not know" in await refused(reader, old)  # it was taken back


async def test_keys_are_asked_for_anew_from_time_to_time(fake: Fake) -> None:
    clock, reader = fake.clock, fake.reader()
    assert isinstance(clock, DrivenClock)
    await reader.principal(token(RSA, claims(clock)))
    await clock.advance(601)
    fake.publish(OTHER)
    assert "forged" in await refused(reader, token(RSA, claims(clock)))


async def test_a_provider_that_is_away_is_not_asked_for_each_forged_token(fake: Fake) -> None:
    clock, reader = fake.clock, fake.reader()
    assert isinstance(clock, DrivenClock)
    genuine = token(RSA, claims(clock, exp=int(clock.now()) + 9_000))
    assert (await reader.principal(genuine)).who == "ann"
    fake.away = True
    await clock.advance(20)
    before = len(fake.asked)
    for number in range(20):
        with pytest.raises(ProviderAway):
            await reader.principal(token(OTHER, claims(clock), kid=f"forged {number}"))
        assert (await reader.principal(genuine)).who == "ann"
    assert len(fake.asked) == before + 1
    fake.away = False
    await clock.advance(10)
    assert "does not know" in await refused(reader, token(OTHER, claims(clock), kid="forged"))


async def test_a_provider_that_is_away_or_another_one_is_said_to_be_so(fake: Fake) -> None:
    fake.away = True
    with pytest.raises(ProviderAway, match="cannot be asked"):
        await fake.reader().principal(token(RSA, claims(fake.clock)))
    fake.away, fake.issuer = False, "https://evil.example"
    with pytest.raises(ProviderAway, match=r"says that it is 'https://evil.example'"):
        await fake.reader().principal(token(RSA, claims(fake.clock)))


async def test_roles_and_tenant_come_from_claims_and_no_group_is_a_role_by_its_name(fake: Fake) -> None:
    reader = fake.reader(
        who="email", tenant_claim="https://example.org/tenant", roles_claim="realm_access.roles",
        roles={"podium-ops": ("operator",), "boss": ("admin", "leads")},
    )  # fmt: skip
    said = {"email": "ann@example.org", "https://example.org/tenant": "acme"}
    for given, wanted in {
        ("admin", "operator", "editors"): {"editors"}, ("podium-ops",): {"operator"},
        ("boss", "x"): {"admin", "leads", "x"},
        (): set[str](), (1, None, " "): set[str](),
    }.items():  # fmt: skip
        sent = token(RSA, claims(fake.clock, **said, realm_access={"roles": list(given)}))
        ann = await reader.principal(sent)
        assert (ann.who, ann.tenant, ann.roles) == ("ann@example.org", "acme", wanted)
    without = token(RSA, claims(fake.clock, email="ann@example.org"))
    assert "does not say `https://example.org/tenant`" in await refused(reader, without)
    outside = token(RSA, claims(fake.clock, sub="delegation:x"))
    assert "says what cannot be" in await refused(fake.reader(), outside)


def flow_of(fake: Fake) -> BrowserFlow:
    return BrowserFlow(reader=fake.reader(), client_id="web", client_secret=None)


async def begun(flow: BrowserFlow) -> tuple[dict[str, str], dict[str, Any]]:
    where, kept = await flow.begin("https://podium.example.org/sign-in/callback")
    return {name: values[0] for name, values in parse_qs(urlsplit(where).query).items()}, kept


async def test_a_browser_comes_back_as_who_it_is(fake: Fake) -> None:
    flow = flow_of(fake)
    asked, kept = await begun(flow)
    challenge = base64.urlsafe_b64encode(sha256(kept["verifier"].encode()).digest()).rstrip(b"=").decode()
    assert (asked["code_challenge"], asked["code_challenge_method"], asked["response_type"]) == (
        challenge,
        "S256",
        "code",
    )
    fake.given = {"id_token": token(RSA, claims(fake.clock, aud="web", nonce=asked["nonce"]))}
    ann = await flow.end({"code": "c", "state": asked["state"]}, kept)
    assert ann.who == "ann"
    assert fake.forms[-1]["code_verifier"] == [kept["verifier"]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"state": "other"}, "for another browser"),
        ({"state": None}, "for another browser"),
        ({"error": "access_denied"}, "did not sign you in: access_denied"),
        ({"nonce": "other"}, "not for this server.*nonce"),
        ({"nonce": None}, "not for this server.*nonce|nonce"),
        ({"aud": "podium"}, "not for this server.*aud"),
        ({"given": {}}, "took no sign-in for this: invalid_grant"),
        ({"given": {"access_token": "x"}}, "gave no token"),
        ({"kept": None}, "did not ask to sign in"),
    ],
)
async def test_an_answer_to_another_question_signs_nobody_in(fake: Fake, change: dict[str, Any], says: str) -> None:
    flow = flow_of(fake)
    asked, kept = await begun(flow)
    nonce, audience = change.get("nonce", asked["nonce"]), change.get("aud", "web")
    fake.given = change.get("given", {"id_token": token(RSA, claims(fake.clock, aud=audience, nonce=nonce))})
    answer = {"code": "c", "state": change.get("state", asked["state"]), "error": change.get("error")}
    with pytest.raises(TokenRefused, match=says):
        await flow.end({name: each for name, each in answer.items() if each}, change.get("kept", kept))
