"""What tells who a person is, and what only looks like it."""

import time

import pytest

from podium.guards.finding.kinds import find
from podium.guards.finding.money import is_luhn
from podium.guards.pii import ALL, without_pii


def kinds_in(text: str) -> list[str]:
    return [kind for _, _, kind in find(text, ALL)]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("email", "bob@example.com"),
        ("email", "o'neill.bob+news@mail.example.co.uk"),
        ("email", "jürgen@müller.de"),
        ("phone", "+49 (0)30 1234567"),
        ("phone", "+14155552671"),
        ("phone", "+1-415-555-2671"),
        ("phone", "(415) 555-2671"),
        ("phone", "415-555-2671"),
        ("phone", "030 12345678"),
        ("phone", "0171/1234567"),
        ("phone", "020 7946 0958"),
        ("phone", "01 23 45 67 89"),
        ("iban", "DE89370400440532013000"),
        ("iban", "DE89 3704 0044 0532 0130 00"),
        ("iban", "gb82 west 1234 5698 7654 32"),
        ("iban", "FR1420041010050500013M02606"),
        ("card", "4111111111111111"),
        ("card", "4111 1111 1111 1111"),
        ("card", "5500-0000-0000-0004"),
        ("card", "378282246310005"),
        ("card", "3782 822463 10005"),
        ("card", "6011000990139424"),
        ("ip", "192.168.1.10"),
        ("ip", "8.8.8.8"),
        ("ip", "2001:db8::ff00:42:8329"),
        ("id", "123-45-6789"),
        ("id", "AB 12 34 56 C"),
        ("id", "86095742719"),
        ("id", "86 095 742 719"),
        ("id", "269054958815780"),
        ("id", "2 69 05 49 588 157 80"),
        ("id", "12345678Z"),
        ("id", "X1234567L"),
        ("id", "RSSMRA85T10A562S"),
        ("id", "529.982.247-25"),
        ("id", "PESEL 44051401359"),
    ],
)
def test_it_is_found(kind: str, text: str) -> None:
    assert kinds_in(text) == [kind]
    assert kinds_in(f"It is {text}, as I said.") == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-26 10:05:52",
        "at 12:30:45 and 12:30",
        "1700000000000",  # milliseconds
        "1700000000000000000",  # nanoseconds
        "4111111111111112",  # Luhn says no
        "0000000000000000",
        "1234567890123452",  # Luhn says yes, but nobody issues 1…
        "DE89370400440532013001",  # its checksum is wrong
        "XX89370400440532013000",  # no such country
        "version 1.2.3.4",
        "v1.2.3.4 and release 10.0.0.1",
        "127.0.0.1",
        "1.2.3",
        "1.2.3.4.5",
        "999.1.1.1",
        "aa:bb:cc:dd:ee:ff",
        "std::vector and a::b",
        "550e8400-e29b-41d4-a716-446655440000",
        "978-3-16-148410-0",
        "3.14159265358979",
        "bob@localhost",
        "@podium/agents",
        "a @ b.com",
        "000-12-3456",
        "666-12-3456",
        "12345678A",  # the letter is wrong
        "529.982.247-26",
        "44051401359",  # nothing says that it is a PESEL
        "12345678901",
        "RSSMRA85T10A562X",
        "order 100-200-3000",
        "<EMAIL_1>",
        "$1,234,567.89",
        "0123456789",  # no separator: could be anything
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert kinds_in(text) == []
    assert kinds_in(f"It is {text} as I said.") == []


def test_a_card_after_another_number_is_found() -> None:
    assert without_pii("order 12 4111111111111111") == "order 12 <CARD_1>"


def test_an_account_before_a_word_in_capitals_is_found() -> None:
    assert without_pii("DE89 3704 0044 0532 0130 00 BITTE ZAHLEN") == "<IBAN_1> BITTE ZAHLEN"


def test_the_same_has_the_same_mask_and_something_else_another() -> None:
    assert without_pii("a@b.co, c@d.co, a@b.co") == "<EMAIL_1>, <EMAIL_2>, <EMAIL_1>"


def test_a_mask_that_is_there_already_is_not_given_twice() -> None:
    assert without_pii("<EMAIL_1> a@b.co") == "<EMAIL_1> <EMAIL_2>"


def test_luhn_knows_its_own_example() -> None:
    assert is_luhn([7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 3])
    assert not is_luhn([7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 0])


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a@",
        "a.",
        "a@a.",
        "a-",
        "a%",
        "+1",
        "+1 ",
        "1",
        "1-",
        "1 ",
        ":",
        "1:",
        "0123 ",
        "DE89 ",
        "1.1.",
        "A",
        "x@a-",
    ],
)
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        began = time.process_time()
        without_pii(text)
        return time.process_time() - began

    small = min(seconds(20_000) for _ in range(3))
    assert seconds(200_000) < 10 * small * 4 + 0.05  # of a quadratic one it would be 100 times as long
