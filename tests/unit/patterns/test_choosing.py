"""Who does a kind of tasks: pure choice by records, simulated over many streams."""

import statistics
from collections import Counter
from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.model.track_record import TrackRecord
from podium.patterns.parts.choosing import KindRecord, LearnedChoice, interval, kept, proven, tried
from podium.patterns.parts.topology import Fit

TRIES = 10
ADVISED: Mapping[str, str] = {"errand": "single", "report": "centralised"}
RATES: Mapping[str, Mapping[str, float]] = {
    "errand": {"single": 0.95, "centralised": 0.3, "decentralised": 0.3},
    "report": {"single": 0.35, "centralised": 0.63, "decentralised": 0.6},
}
"""The share of tasks that are solved: errands in a strict order, and reports that can be divided."""


def record(done: int, failed: int) -> KindRecord:
    return KindRecord(done=done, failed=failed, calls=done + failed)


def test_a_record_is_not_good_enough_before_there_are_calls_to_show_it() -> None:
    assert [kept(record(done, 0), 0.45) is not None for done in range(6)] == [False, False, False, False, True, True]
    assert kept(KindRecord(), 0.0) is None


def test_the_share_that_is_proven_is_wilsons() -> None:
    assert (round(proven(4, 0), 3), round(proven(8, 2), 3)) == (0.51, 0.49)


@pytest.mark.parametrize("failed", [0, 5, 197])
def test_nothing_is_proven_of_whoever_never_did_it(failed: int) -> None:
    assert proven(0, failed) == 0.0


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.floats(0, 1))
def test_a_record_is_kept_just_where_more_than_enough_is_proven_and_never_beyond_what_worked(
    done: int, failed: int, enough: float
) -> None:
    sure = proven(done, failed)
    assert 0 <= sure < 1
    assert sure <= done / (done + failed) if done + failed else sure == 0
    assert (kept(record(done, failed), enough) is not None) == (sure > enough)
    assert proven(done + 1, failed) >= sure >= proven(done, failed + 1)


def test_records_of_several_versions_count_together() -> None:
    one = TrackRecord(agent="a", version="1", calls=4, done=2, failed=1)
    assert tried([one, one]) == KindRecord(done=4, failed=2, calls=8)
    assert tried([]) == KindRecord()


@given(st.integers(0, 1_000), st.integers(0, 1_000))
def test_the_share_that_worked_is_within_the_interval(done: int, failed: int) -> None:
    low, high = interval(done, failed)
    assert 0 <= low <= high <= 1
    if done + failed:
        assert low <= done / (done + failed) <= high


class Office:
    """A simulated stream of tasks of one kind: who is chosen for each, and whether it is solved."""

    def __init__(
        self, rates: Mapping[str, float], advised: str, *, seed: int, enough: float = 0.45, tries: int = TRIES
    ) -> None:
        self._rates, self._advised = rates, Fit(advised, "the rule says so.")
        self._choice, self._chance = LearnedChoice(enough=enough, tries=tries), Random(seed)
        self.crew = dict.fromkeys(rates, KindRecord())
        self.went = Counter[str]()
        self.attempts = Counter[str]()
        self.expected: list[float] = []

    def take(self) -> None:
        fit = self._choice.choose(self.crew, self._advised)
        who, record = fit.chosen, self.crew[fit.chosen]
        self.went[who] += 1
        self.attempts[who] += fit.why.startswith("it is tried")
        self.expected.append(self._rates[who])
        solved = self._chance.random() < self._rates[who]
        self.crew[who] = KindRecord(
            done=record.done + solved, failed=record.failed + (not solved), calls=record.calls + 1
        )


def stream(
    rates: Mapping[str, float], advised: str, count: int, *, enough: float = 0.45, tries: int = TRIES
) -> list[Office]:
    offices = [Office(rates, advised, seed=seed, enough=enough, tries=tries) for seed in range(40)]
    for office in offices:
        for _ in range(count):
            office.take()
    return offices


@pytest.mark.parametrize("enough", [0.45, 1.0])
@pytest.mark.parametrize("kind", RATES)
def test_where_the_rule_is_right_trying_costs_little(kind: str, enough: float) -> None:
    offices = stream(RATES[kind], ADVISED[kind], 300, enough=enough)
    solved = statistics.fmean(share for each in offices for share in each.expected)
    assert solved >= max(RATES[kind].values()) * 0.97
    if kind == "report":
        assert statistics.fmean(each.went["single"] for each in offices) <= 20


@pytest.mark.parametrize(
    ("rates", "advised"),
    [
        ({"single": 0.8, "centralised": 0.4, "decentralised": 0.5}, "centralised"),
        ({"single": 0.3, "centralised": 0.4, "decentralised": 0.8}, "centralised"),
        ({"single": 0.3, "centralised": 0.4, "decentralised": 0.9}, "single"),
    ],
)
def test_where_the_rule_is_wrong_the_records_show_who_does_better(rates: dict[str, float], advised: str) -> None:
    offices = stream(rates, advised, 300)
    assert statistics.fmean(statistics.fmean(each.expected[150:]) for each in offices) >= max(rates.values()) * 0.95


@given(
    st.fixed_dictionaries({each: st.floats(0, 1) for each in RATES["report"]}),
    st.sampled_from(["single", "centralised"]), st.integers(0, 12), st.integers(0, 1_000),
)  # fmt: skip
def test_nobody_is_tried_more_often_than_is_said_nor_more_than_at_every_fifth_task(
    rates: dict[str, float], advised: str, tries: int, seed: int
) -> None:
    office = Office(rates, advised, seed=seed, tries=tries)
    for count in range(1, 120):
        office.take()
        assert office.attempts.total() * 5 <= count
    assert all(times <= tries for times in office.attempts.values())


def test_a_single_agent_that_is_good_enough_is_called_and_nobody_is_tried() -> None:
    crew = {"single": record(9, 1), "centralised": KindRecord(), "decentralised": KindRecord()}
    advised = Fit("centralised", "it can be divided.")
    choice = LearnedChoice(enough=0.45, tries=10)
    assert choice.choose(crew, advised).chosen == "single"
    assert choice.without_advice(crew) == choice.choose(crew, advised)
    crew |= {"single": record(30, 10), "centralised": record(299, 1)}
    assert choice.choose(crew, advised).chosen != "single"


def test_without_advice_somebody_is_chosen_only_where_all_were_tried() -> None:
    crew = {"single": record(2, 8), "centralised": record(6, 4), "decentralised": record(3, 6)}
    choice = LearnedChoice(enough=0.45, tries=10)
    assert choice.without_advice(crew) is None
    crew["decentralised"] = record(3, 7)
    assert choice.without_advice(crew) == Fit(
        "centralised", "6 of 10 of its calls worked, the best record at this kind."
    )


def test_with_no_tries_whoever_is_advised_does_it() -> None:
    assert all(each.went == {"centralised": 50} for each in stream(RATES["report"], "centralised", 50, tries=0))


def test_who_is_shown_to_do_worse_is_not_tried_again() -> None:
    crew = {"single": record(0, 4), "centralised": record(40, 0), "decentralised": record(0, 10)}
    advised = Fit("centralised", "it can be divided.")
    assert LearnedChoice(enough=0.45, tries=10).choose(crew, advised) == advised
