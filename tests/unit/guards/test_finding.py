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
        ("email", "ann [at] example [dot] com"),
        ("phone", "+49\u00a030\u00a01234567"),
        ("phone", "+49\u201130\u20111234567"),
        ("phone", "+49\u201330\u20131234567"),
        ("phone", "+49\u221230\u22121234567"),
        ("phone", "+\uff14\uff19\u3000\uff13\uff10\u3000\uff11\uff12\uff13\uff14\uff15\uff16\uff17"),
        ("phone", "+49\u200b30\u2060123\u00ad4567"),
        ("phone", "\u0660\u0663\u0660 \u0661\u0662\u0663\u0664\u0665\u0666\u0667"),
        ("phone", "0049 30 1234567"),
        ("phone", "0033123456789"),
        ("phone", "011 49 30 1234567"),
        ("phone", "0 30 / 1 23 45 67"),
        ("phone", "030.1234567"),
        ("phone", "06-12-34-56-78"),
        ("phone", "612 345 678"),
        ("phone", "347 1234567"),
        ("phone", "(11) 91234-5678"),
        ("phone", "8 (495) 123-45-67"),
        ("phone", "1-800-555-0199"),
        ("phone", "Tel. 5551234"),
        ("phone", "Telefonnummer: 0123456789"),
        ("phone", "my mobile number is 07700900123"),
        ("phone", "numéro de téléphone : 0123456789"),
        ("phone", "mój numer telefonu to 601234567"),
        ("phone", "\u96fb\u8a71\u756a\u53f7\u306f0312345678"),
        ("card", "4111\u00a01111\u00a01111\u00a01111"),
        ("card", "4111\u20131111\u20131111\u20131111"),
        ("card", "4111\u200b1111\u200b1111\u200b1111"),
        ("card", "card number 4111111111111112"),
        ("iban", "DE89\u202f3704\u202f0044\u202f0532\u202f0130\u202f00"),
        ("iban", "DE89-3704-0044-0532-0130-00"),
        ("iban", "account number 12345678"),
        ("id", "123\u201145\u20116789"),
        ("id", "123 45 6789"),
        ("id", "SSN: 123456789"),
        ("id", "NHS number 943 476 5919"),
        ("id", "Passport No. C01X00T47"),
        ("id", "12.345.678-Z"),
        ("id", "85.07.30-033.28"),
        ("id", "112-233-445 95"),
        ("phone", "phone_number=5551234"),
        ("phone", "+49 (0) 30 / 123 45 67 - 89"),
        ("phone", "0081 463 55 5046"),
        ("id", "ID number: 123456789"),
        ("id", "SV-Nummer 12 345678 A 123"),
        ("card", "CC 4111 1111 1111 1111"),
        ("phone", "the phone of the shop is 5551234"),
        ("phone", "075(555)0143"),
        ("phone", "8 (8552) 55-01-47"),
        ("ip", "ssh root@8.8.8.8"),
        ("ip", "https://8.8.8.8/"),
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
        "git@github.com:podium/podium.git",
        "git@host.example.org",
        "ssh://deploy@host.example.org/srv",
        "deploy@host.example.org:/srv/app",
        "logo@2x.png",
        "numpy==1.2.3.4",
        "Chrome/120.0.0.99",
        "pkg@1.2.3.4",
        "wersja 1.2.3.4",
        "the agent was upgraded from 10.0.0.1",
        "1.2.3.4-beta",
        "1.2.3.4+build5",
        "the agent was upgraded from 10.0.0.1 to 10.0.0.2",
        "order id number 123456789",
        "section 1.2.3.4",
        "612 345 678 €",
        "Bestellung 0171 1234567",
        "order number 0049301234567",
        "01-02-2024 10:30",
        "01/02/2024 12",
        "we heard of the phone, 123456",
        "2024-01-02T10:11:12.123456Z",
        "1 234 567 890",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert kinds_in(text) == []
    assert kinds_in(f"It is {text} as I said.") == []


def test_a_card_after_another_number_is_found() -> None:
    assert without_pii("order 12 4111111111111111") == "order 12 <CARD_1>"


def test_an_account_before_a_word_in_capitals_is_found() -> None:
    assert without_pii("DE89 3704 0044 0532 0130 00 BITTE ZAHLEN") == "<IBAN_1> BITTE ZAHLEN"


def test_of_two_numbers_side_by_side_each_has_a_mask_of_its_own() -> None:
    for between in (", ", " / ", " or ", "; "):
        assert without_pii(f"030 1234567{between}0171 7654321") == f"<PHONE_1>{between}<PHONE_2>"
        assert without_pii(f"Tel. +49 30 1234567{between}+49 171 7654321") == f"Tel. <PHONE_1>{between}<PHONE_2>"


def test_what_does_not_show_is_masked_with_what_it_is_in_and_all_else_stays() -> None:
    text = "a\u200bb \u00e9 +49\u00a030\u200b1234567\u200b \u2013 x@\u200by.co\u00a0!"
    assert without_pii(text) == "a\u200bb \u00e9 <PHONE_1>\u200b \u2013 <EMAIL_1>\u00a0!"


@pytest.mark.parametrize("filler", ["x ", "é ", "\u200b1 ", "1 "])
def test_what_stands_across_two_parts_of_a_long_text_is_found(filler: str) -> None:
    for shift in range(0, 40, 3):
        text = filler * (8_180 // len(filler)) + " " * shift + "x, +49 30 1234567 ann@example.com"
        assert without_pii(text).endswith("x, <PHONE_1> <EMAIL_1>"), shift


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
        "Tel. ",
        "tel 12345 ",
        "\u200b",
        "\u200b1",
        "\uff11\uff12 ",
        "00 49 ",
        "is is is ",
        "a [at] ",
        "passport A1",
    ],
)
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        began = time.process_time()
        without_pii(text)
        return time.process_time() - began

    small = min(seconds(8_000) for _ in range(3))
    large = min(seconds(64_000) for _ in range(2))
    assert large < 8 * small * 1.5 + 0.02  # of a quadratic one it would be 64 times as long
