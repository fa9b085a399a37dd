"""What is masked, however it is written."""

import base64
import html
import json
import logging
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.secrets import MaskingFilter
from podium.secrets.masking import MASKING, Masking
from podium.store.codec import decode, encode, input_digest

SECRET = 'p@ss/"wörd"\\ +&=?\n1'


def masking(*secrets: str) -> Masking:
    made = Masking()
    for each in secrets:
        made.learn(each, "env:X")
    return made


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        orjson.dumps(SECRET).decode(),
        json.dumps(json.dumps({"key": SECRET})),
        repr(SECRET),
        html.escape(SECRET),
        html.escape(SECRET, quote=False),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote(SECRET, safe="").lower(),
        SECRET.encode().hex(),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"user:{SECRET}".encode()).decode(),
        base64.b64encode(f"ab{SECRET}cd".encode()).decode(),
    ],
)
def test_a_secret_is_found_however_it_is_written(written: str) -> None:
    assert masked_in(written) != written
    assert "wörd" not in masked_in(written)
    assert base64.b64encode(SECRET.encode()).decode()[4:16] not in masked_in(written)


def masked_in(text: str) -> str:
    return masking(SECRET).text(text)


@given(st.text(min_size=8, max_size=30), st.binary(max_size=5), st.binary(max_size=5))
def test_base64_of_a_text_with_the_secret_in_it_does_not_give_it_away(secret: str, before: bytes, after: bytes) -> None:
    try:
        raw = secret.encode()
    except UnicodeEncodeError:
        return
    text = base64.b64encode(before + raw + after).decode()
    assert "***" in masking(secret).text(text)


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("written", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("kept", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("shown", [str, json.dumps, in_base64])
def test_a_secret_of_several_lines_is_found_whatever_they_end_with(
    kept: str, written: str, shown: Callable[[str], str]
) -> None:
    lines = ["-----BEGIN KEY-----", "c2VjcmV0", "-----END KEY-----"]
    text = masking(kept.join([*lines, ""])).text(shown(written.join(lines)))
    assert "c2VjcmV0" not in text
    assert len(text) < 12
    assert "***" in text


def test_nothing_is_changed_while_nothing_is_secret() -> None:
    value = {"a": [SECRET]}
    assert Masking().json(value) is value
    assert not Masking().active


def test_texts_and_keys_at_any_depth_are_masked_and_numbers_are_left() -> None:
    made = masking("12345678")
    assert made.json({"12345678": [{"a": "x12345678y"}], "n": 12345678}) == {"***": [{"a": "x***y"}], "n": 12345678}


def test_what_is_written_down_stays_json() -> None:
    MASKING.learn("12345678", "env:X")
    assert decode(encode({"n": 12345678, "t": "12345678"})) == {"n": 12345678, "t": "***"}


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert masking("abcdefgh", "abcdefghijkl").text("abcdefghijkl") == "***"


@pytest.mark.parametrize("text", ["first-9f8e7d-yy-zz88", "zz first-9f8e7d-yy-zz88first-9f8e7d-yy", "first-9f8e7d-yy"])
def test_secrets_that_overlap_leave_nothing_of_each_other(text: str) -> None:
    made = masking("first-9f8e7d-yy", "9f8e7d-yy-zz88", "yy-zz88first")
    assert set(made.text(text).split()) <= {"zz", "***"}


@given(st.text("abc", max_size=60), st.lists(st.text("abc", min_size=8, max_size=12), max_size=3))
def test_no_character_of_a_secret_is_left(text: str, secrets: list[str]) -> None:
    covered = set[int]()
    for each in secrets:
        for start in range(len(text)):
            if text.startswith(each, start):
                covered |= set(range(start, start + len(each)))
    left = [letter for place, letter in enumerate(text) if place not in covered]
    assert list(masking(*secrets).text(text).replace("***", "")) == left


def test_a_short_secret_is_not_masked_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert masking("short").text("a short text") == "a short text"
    assert "env:X has fewer than 8 characters" in caplog.text


def test_what_tells_inputs_apart_does_not_depend_on_what_is_known_to_be_secret() -> None:
    before = input_digest({"key": SECRET})
    MASKING.learn(SECRET, "env:X")
    assert input_digest({"key": SECRET}) == before


def test_logs_are_masked_with_their_tracebacks(caplog: pytest.LogCaptureFixture) -> None:
    MASKING.learn(SECRET, "env:X")
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "key %s", (SECRET,), None)
    assert MaskingFilter().filter(record)
    assert record.getMessage() == "key ***"
    try:
        int(SECRET)
    except ValueError:
        logging.getLogger("podium").exception("it failed")
    assert "ValueError: invalid literal for int() with base 10: '***'" in caplog.text
    assert SECRET not in caplog.text
