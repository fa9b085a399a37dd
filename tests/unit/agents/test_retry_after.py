"""For how long the other side wants to be left alone is read in all the ways in which services say it."""

import pytest

from podium.formats.retry_after import TOO_MUCH, retry_after

NOW = {"Date": "Fri, 02 Jan 2026 00:00:00 GMT"}
THEN = 1_767_312_000
"""The same moment, in seconds since 1970."""


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "1"}, 1.0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "1e400"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "1_0"}, None),
        ({"Retry-After": "٢٠"}, None),
        ({"Retry-After": "20s"}, 20.0),
        ({"Retry-After": "Fri, 02 Jan 2026 00:00:30 GMT"}, None),
        ({"Retry-After": "Fri, 02 Jan 2026 00:00:30 GMT", **NOW}, 30.0),
        ({"Retry-After": "Friday, 02-Jan-26 00:00:30 GMT", **NOW}, 30.0),
        ({"Retry-After": "Fri Jan  2 00:00:30 2026", **NOW}, 30.0),
        ({"Retry-After": "Thu, 01 Jan 2026 00:00:30 GMT", **NOW}, None),
        ({"Retry-After": "2026-01-02T00:00:30+00:00", **NOW}, 30.0),
        ({"Retry-After": "2026-01-02T00:00:30", **NOW}, None),
    ],
)  # fmt: skip
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == retry_after(headers, status=429) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"x-ratelimit-reset-requests": "1s"}, 1.0),
        ({"x-ratelimit-reset-tokens": "6m0s"}, 360.0),
        ({"x-ratelimit-reset-tokens": "17ms"}, 0.017),
        ({"x-ratelimit-reset-tokens-minute": "12.5"}, 12.5),
        ({"X-RateLimit-Reset": "30"}, 30.0),
        ({"RateLimit-Reset": "30"}, 30.0),
        ({"X-RateLimit-Reset": str(THEN + 60), **NOW}, 60.0),
        ({"X-RateLimit-Reset": str((THEN + 60) * 1_000), **NOW}, 60.0),
        ({"X-RateLimit-Reset": str(THEN - 60), **NOW}, None),
        ({"X-RateLimit-Reset": str(THEN + 60)}, None),
        ({"X-RateLimit-Reset": "-5"}, None),
        ({"anthropic-ratelimit-input-tokens-reset": "2026-01-02T00:00:09Z", **NOW}, 9.0),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "9s"}, 1.0),
        (
            {
                "x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "9s",
                "x-ratelimit-remaining-requests": "7", "x-ratelimit-remaining-tokens": "0",
            },
            9.0,
        ),
        (
            {
                "anthropic-ratelimit-requests-reset": "2026-01-02T00:00:09Z",
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-tokens-reset": "2026-01-02T00:00:20Z",
                "anthropic-ratelimit-tokens-remaining": "5",
                **NOW,
            },
            9.0,
        ),
        ({"x-ratelimit-reset-requests": "soon", "x-ratelimit-reset-tokens": "9s"}, 9.0),
        ({"Retry-After": "2", "x-ratelimit-reset-tokens": "9s"}, 2.0),
        ({"Retry-After": "-2", "x-ratelimit-reset-tokens": "9s"}, 9.0),
        ({"x-preset-ratelimit": "9s"}, None),
    ],
)  # fmt: skip
def test_the_moment_at_which_a_limit_begins_anew_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, status=429) == seconds


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        ("", None),
        ("Rate limit reached for gpt-4o. Please try again in 28ms. Visit https://x.", 0.028),
        ("Rate limit reached. Please try again in 1h12m7.2s.", 4_327.2),
        ("Please retry after 20 seconds.", 20.0),
        ("Please retry after 20.", 20.0),
        ("try again in 5 mins", 300.0),
        ("Please retry your request in 37.5s.", 37.5),
        ("wait for 1 hour and 5 minutes", 3_900.0),
        ("wait at least 2 days", 172_800.0),
        ('{"details": [{"@type": "google.rpc.RetryInfo", "retryDelay": "37s"}]}', 37.0),
        ("{'retryDelay': '1.5s'}", 1.5),
        ("Please try again later.", None),
        ("try again in 1.5.2s", None),
        ("try again in -5s", None),
        ("retry after 5 apples", None),
        ("You are on retry 3 of 5.", None),
        ("x" * 20_000 + " try again in 3s", None),
    ],
)
def test_what_a_body_says_in_words_is_read(body: str, seconds: float | None) -> None:
    assert retry_after({}, body, status=429) == (None if seconds is None else pytest.approx(seconds))


def test_headers_go_before_words() -> None:
    said = {"x-ratelimit-reset": "9"}
    assert retry_after(said, "try again in 3s", status=429) == 9.0
    assert retry_after({**said, "Retry-After": "1"}, "try again in 3s", status=429) == 1.0


@pytest.mark.parametrize("status", [0, 200, 400, 500, 502])
def test_what_an_answer_says_of_limits_that_it_did_not_hit_is_not_a_wait(status: int) -> None:
    assert retry_after({"x-ratelimit-reset": "9"}, "try again in 3s", status=status) is None
    assert {retry_after({"x-ratelimit-reset": "9"}, status=status) for status in TOO_MUCH} == {9.0}
