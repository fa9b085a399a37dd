"""Who is to answer a question: whoever can and has the least to do, else who stands in, else who is back first."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from podium.errors import UsageError
from podium.model.people import People, PeopleNow
from podium.model.person import Person
from podium.model.working_hours import working_hours

NAMES = ("ada", "bob", "cyd", "dan")
GROUPS = ("editors", "lawyers")
HOURS = ("", "mon-fri 09:00-17:00", "sat-sun 10:00-14:00", "mon-sun 22:00-06:00", "wed 08:00-12:00,13:00-18:00")
ZONES = ("UTC", "Europe/Zurich", "America/New_York", "Asia/Kolkata")
WEEKS = some.floats(1.7e9, 1.8e9)

people = some.builds(
    People,
    some.fixed_dictionaries({
        name: some.builds(
            Person, groups=some.sets(some.sampled_from(GROUPS)).map(sorted), hours=some.sampled_from(HOURS),
            zone=some.sampled_from(ZONES), capacity=some.none() | some.integers(1, 3),
            substitutes=some.lists(some.sampled_from(NAMES), unique=True, max_size=2),
        )
        for name in NAMES
    }),
)  # fmt: skip
moments = some.builds(
    PeopleNow, at=WEEKS, open=some.dictionaries(some.sampled_from(NAMES), some.integers(0, 4)),
    away=some.dictionaries(some.sampled_from(NAMES), WEEKS),
)  # fmt: skip
asked = some.sampled_from((*NAMES, *GROUPS))


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@given(people, moments, asked)
def test_who_can_answer_is_asked_before_all_who_cannot(known: People, now: PeopleNow, to: str) -> None:
    """Those asked who can; else who stands in for them and can; else one of those asked."""
    those = known.asked(to, "default")
    given_to = known.assign(to, "default", now)
    if not those:
        assert given_to is None
        return
    assert given_to is not None
    able = [name for name in NAMES if known.hindrance(name, now) is None]
    covering = [name for name in NAMES if known.covers(to, name, "default")]
    if any(name in those for name in able):
        assert given_to.name in those
        assert given_to.name in able
    elif any(name in covering for name in able):
        assert given_to.name in covering
        assert given_to.name in able
    else:
        assert given_to.name in those
    assert given_to.name in given_to.why


@given(people, moments, asked)
def test_of_those_who_can_whoever_has_least_to_do_is_chosen(known: People, now: PeopleNow, to: str) -> None:
    able = [name for name in known.asked(to, "default") if known.hindrance(name, now) is None]
    given_to = known.assign(to, "default", now)
    if able and given_to is not None:
        assert now.open.get(given_to.name, 0) == min(now.open.get(name, 0) for name in able)


@given(people, WEEKS, some.sampled_from(GROUPS))
def test_nobody_gets_more_than_they_take_as_long_as_anybody_asked_has_room(
    known: People, start: float, to: str
) -> None:
    load: dict[str, int] = {}
    for _ in range(12):
        now = PeopleNow(at=start, open=dict(load))
        able = [name for name in known.asked(to, "default") if known.hindrance(name, now) is None]
        given_to = known.assign(to, "default", now)
        if given_to is None or not able:
            return
        load[given_to.name] = load.get(given_to.name, 0) + 1
        capacity = known.known[given_to.name].capacity
        assert capacity is None or load[given_to.name] <= capacity


@example("mon-fri 09:00-17:00", "UTC", 1799999999.9999998)
@given(some.sampled_from(HOURS), some.sampled_from(ZONES), WEEKS)
def test_the_next_time_at_work_is_one_and_none_is_passed_over(hours: str, zone: str, when: float) -> None:
    """Looked at every minute of the wait, as clocks that are set forward and back make this hard to get right."""
    working = working_hours(hours, zone)
    found = working.next_at(when)
    assert found >= when
    assert working.covers(found)
    looked = when
    while looked < min(found, when + 36 * 3600):
        assert not working.covers(looked)
        looked += 60


@pytest.mark.parametrize(
    ("hours", "zone", "when", "expected"),
    [
        ("mon-fri 09:00-17:00", "Europe/Zurich", at("2026-11-27T16:59", "Europe/Zurich"), True),
        ("mon-fri 09:00-17:00", "Europe/Zurich", at("2026-11-27T17:00", "Europe/Zurich"), False),
        ("mon-fri 09:00-17:00", "Europe/Zurich", at("2026-11-28T10:00", "Europe/Zurich"), False),
        ("mon-fri 09:00-17:00", "Europe/Zurich", at("2026-07-01T07:30"), True),  # 9:30 there, in summer
        ("mon-fri 09:00-17:00", "Europe/Zurich", at("2026-12-01T07:30"), False),  # 8:30 there, in winter
        ("fri 22:00-06:00", "UTC", at("2026-11-28T05:59"), True),  # Saturday morning
        ("fri 22:00-06:00", "UTC", at("2026-11-27T05:59"), False),
        ("mon,wed 08:00-12:00,13:00-17:00", "UTC", at("2026-11-25T12:30"), False),
        ("sat-mon 00:00-24:00", "UTC", at("2026-11-29T23:59"), True),
        ("MON 9:00-10:00", "UTC", at("2026-11-30T09:30"), True),
    ],
)
def test_hours_are_those_of_the_clocks_of_their_place(hours: str, zone: str, when: float, *, expected: bool) -> None:
    assert working_hours(hours, zone).covers(when) is expected


@pytest.mark.parametrize(
    "hours", ["9-5", "mon", "mon-fri", "mon 25:00-26:00", "mon 09:60-10:00", "day 09:00-10:00", "mon 09:00-09:00", ";"]
)
def test_hours_that_are_none_are_told(hours: str) -> None:
    with pytest.raises(UsageError, match="expected days and times of a week, such as"):
        Person(hours=hours)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"zone": "Mars"}, "zone is 'Mars'; expected a time zone, such as 'Europe/Zurich'"),
        ({"zone": "../x"}, "zone is '../x'; expected a time zone"),
        ({"groups": "editors"}, "Person(groups=…) is 'editors'; expected names"),
        ({"skills": [""]}, "expected names, such as"),
        ({"capacity": 0}, "Person(capacity=…) is 0; expected a whole number, 1 or more, or None"),
        ({"tenant": ""}, "expected a name"),
    ],
)
def test_what_a_person_cannot_be_is_told(options: Mapping[str, object], told: str) -> None:
    person: type = Person
    with pytest.raises(UsageError) as caught:
        person(**options)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({"ada": Person(), "Ada": Person()}, "'Ada' and 'ada' are one name of a person"),
        ({"ada": Person(substitutes=["eve"])}, "'eve' is to stand in for 'ada', and is nobody of people of tenant"),
        (
            {"ada": Person(substitutes=["bob"]), "bob": Person(tenant="other")},
            "'bob' is to stand in for 'ada', and is nobody of people of tenant 'default'",
        ),
        ({"": Person()}, "the name of a person is ''; expected a name"),
    ],
)
def test_people_who_cannot_be_together_are_told(known: Mapping[str, Person], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        People(known)
    assert told in str(caught.value)


KNOWN = People({
    "ada": Person(groups=["editors"], hours="mon-fri 09:00-17:00", zone="Europe/Zurich", substitutes=["cyd"]),
    "bob": Person(groups=["editors"], skills=["contracts"], capacity=2),
    "cyd": Person(),
})  # fmt: skip
MONDAY, SUNDAY = at("2026-11-30T09:00"), at("2026-11-29T09:00")


@pytest.mark.parametrize(
    ("to", "now", "assignee", "why"),
    [
        (
            "editors",
            PeopleNow(at=MONDAY, open={"ada": 1}),
            "bob",
            "bob has the fewest open questions, 0, of the 2 asked as editors who can answer now",
        ),
        (
            "Editors",
            PeopleNow(at=MONDAY, open={"bob": 2}),
            "ada",
            "ada is the only one asked as Editors who can answer now; bob has 2 of 2 questions open",
        ),
        (
            "editors",
            PeopleNow(at=SUNDAY, open={"bob": 2}),
            "cyd",
            (
                "cyd stands in for those asked as editors; ada does not work before 2026-11-30 09:00 Europe/Zurich; "
                "bob has 2 of 2 questions open"
            ),
        ),
        (
            "ada",
            PeopleNow(at=MONDAY, away={"ada": MONDAY + 3600, "cyd": MONDAY + 60}),
            "ada",
            "nobody asked as ada can answer now, and ada can first; ada is away until 2026-11-30 11:00 Europe/Zurich",
        ),
        ("ADA", PeopleNow(at=MONDAY), "ada", "it is put to ada"),
        ("contracts", PeopleNow(at=SUNDAY), "bob", "bob is the only one asked as contracts who can answer now"),
    ],
)
def test_a_decision_says_why(to: str, now: PeopleNow, assignee: str, why: str) -> None:
    found = KNOWN.assign(to, "default", now)
    assert found is not None
    assert (found.name, found.why) == (assignee, why)


def test_a_question_for_nobody_known_or_of_another_tenant_is_given_to_nobody() -> None:
    assert KNOWN.assign("operators", "default", PeopleNow(at=MONDAY)) is None
    assert KNOWN.assign("anyone", "default", PeopleNow(at=MONDAY)) is None
    assert KNOWN.assign("editors", "acme", PeopleNow(at=MONDAY)) is None
