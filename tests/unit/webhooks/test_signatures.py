"""Webhooks are signed and checked as the reference library of Standard Webhooks does."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook as ReferenceWebhook
from standardwebhooks.webhooks import WebhookVerificationError

from podium.errors import ConfigError, NotVerified
from podium.webhooks import secret_bytes, secret_of, signed_headers, verify

SECRET = secret_of(bytes(range(32)))
OTHER = secret_of(b"x" * 24)
NOW = 1_700_000_000.0
SAID: dict[str, Any] = {"type": "run_ended", "timestamp": "2023-11-14T22:13:20.000+00:00", "data": {"run": "run_1"}}
BODY = json.dumps(SAID).encode()
ids = st.from_regex(r"[a-z0-9_-]{1,40}", fullmatch=True)
keys = st.binary(min_size=24, max_size=64)


@given(key=keys, id=ids, text=st.text(max_size=200))
def test_the_reference_library_takes_what_is_signed_here_and_signs_alike(key: bytes, id: str, text: str) -> None:
    body, now = (
        json.dumps({**SAID, "data": {"text": text}}, ensure_ascii=False).encode("utf-8", "replace"),
        datetime.now(UTC),
    )
    headers = signed_headers(id, now.timestamp(), body, [secret_of(key)])
    reference = ReferenceWebhook(secret_of(key))
    assert reference.verify(body, headers) == json.loads(body)
    theirs = {**headers, "webhook-signature": reference.sign(id, now.replace(microsecond=0), body.decode())}
    assert theirs == headers
    assert verify(body, theirs, secret_of(key)).id == id


@given(place=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
def test_no_bit_of_a_body_can_be_changed(place: int, bit: int) -> None:
    forged = BODY[:place] + bytes([BODY[place] ^ (1 << bit)]) + BODY[place + 1 :]
    with pytest.raises(NotVerified, match="no signature"):
        verify(forged, signed_headers("m", NOW, BODY, [SECRET]), SECRET, now=NOW)


def test_what_is_verified_is_given_with_its_id() -> None:
    headers = {name.title(): value for name, value in signed_headers("m", NOW, BODY, [SECRET]).items()}
    found = verify(BODY, headers, SECRET, now=NOW)
    assert (found.id, found.type, found.timestamp, found.data) == (
        "m",
        "run_ended",
        SAID["timestamp"],
        {"run": "run_1"},
    )


@pytest.mark.parametrize(("late", "taken"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_what_is_too_old_or_ahead_of_its_time_is_refused(late: float, *, taken: bool) -> None:
    headers = signed_headers("m", NOW, BODY, [SECRET])
    if taken:
        verify(BODY, headers, SECRET, now=NOW + late)
        return
    with pytest.raises(NotVerified, match="too old" if late > 0 else "too far ahead"):
        verify(BODY, headers, SECRET, now=NOW + late)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"webhook-id": "n"}, "no signature"),
        ({"webhook-id": ""}, "no header webhook-id"),
        ({"webhook-timestamp": str(int(NOW) + 1)}, "no signature"),
        ({"webhook-timestamp": "soon"}, "expected seconds"),
        ({"webhook-timestamp": "-1"}, "expected seconds"),
        ({"webhook-timestamp": "1" * 5_000}, "expected seconds"),
        ({"webhook-timestamp": "\u0661\u0667"}, "expected seconds"),
        ({"webhook-signature": "v1,"}, "no signature"),
        ({"webhook-signature": "v1,äöü"}, "no signature"),
        ({"webhook-signature": "v1,\udcff"}, "no signature"),
        ({"webhook-id": "\udcff\ud800"}, "no signature"),
        ({"webhook-timestamp": "\udcff"}, "expected seconds"),
        ({"webhook-signature": "v1a,abc v2,abc , v1"}, "no signature"),
    ],
)
def test_what_is_not_as_it_was_signed_is_refused(change: dict[str, str], why: str) -> None:
    with pytest.raises(NotVerified, match=why):
        verify(BODY, {**signed_headers("m", NOW, BODY, [SECRET]), **change}, SECRET, now=NOW)


def test_another_secret_is_of_no_use_and_either_one_is_while_one_takes_the_place_of_another() -> None:
    headers = signed_headers("m", NOW, BODY, [OTHER])
    with pytest.raises(NotVerified):
        verify(BODY, headers, SECRET, now=NOW)
    assert verify(BODY, headers, [SECRET, OTHER], now=NOW).id == "m"
    both = signed_headers("m", NOW, BODY, [SECRET, OTHER])
    assert [verify(BODY, both, each, now=NOW).id for each in (SECRET, OTHER)] == ["m", "m"]
    with pytest.raises(WebhookVerificationError):
        ReferenceWebhook(OTHER).verify(BODY, signed_headers("m", datetime.now(UTC).timestamp(), BODY, [SECRET]))


@pytest.mark.parametrize("body", [b"[]", b"{}", b"no json", b'{"type": "x", "timestamp": "y"}', b"\xff"])
def test_what_is_signed_and_no_webhook_is_refused_too(body: bytes) -> None:
    with pytest.raises(NotVerified, match="no JSON with type"):
        verify(body, signed_headers("m", NOW, body, [SECRET]), SECRET, now=NOW)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "abc",
        "whsec_abc!",
        base64.b64encode(b"x" * 32).decode(),
        secret_of(b"x" * 23),
        secret_of(b"x" * 65),
    ],
)
def test_a_secret_that_is_none_is_told(secret: str) -> None:
    with pytest.raises(ConfigError, match="whsec_"):
        secret_bytes(secret)
