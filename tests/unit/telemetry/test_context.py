"""Places in traces: as text, and as they follow from what is recorded."""

import pytest

from podium.model.facts.runs import Started
from podium.telemetry.context import SpanIds, TraceContext, origin_of

HEADER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def started(**told: str) -> Started:
    return Started(
        workflow="w", version="1", seed=7, principal="p", trace=told.get("trace"), forked_from=told.get("forked_from")
    )


def test_a_place_is_read_as_it_is_written() -> None:
    place = TraceContext.read(HEADER)
    assert place is not None
    assert place == TraceContext(0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7, sampled=True)
    assert place.traceparent == HEADER
    dropped = TraceContext.read(HEADER[:-2] + "00")
    assert dropped is not None
    assert not dropped.sampled


@pytest.mark.parametrize(
    "text", ["", "nonsense", "00-1-2", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{'4' * 32}-{'0' * 16}-01", "00-x-y-z"]
)
def test_what_is_no_place_is_none(text: str) -> None:
    assert TraceContext.read(text) is None


def test_a_version_to_come_may_say_more() -> None:
    assert TraceContext.read(f"01{HEADER[2:]}-more") == TraceContext.read(HEADER)


def test_a_run_is_in_the_trace_of_what_started_it_and_else_in_one_of_its_own() -> None:
    place = TraceContext.read(HEADER)
    assert place is not None
    joined, forked = origin_of("r", started(trace=HEADER)), origin_of("r", started(trace=HEADER, forked_from="q"))
    assert (joined.trace_id, joined.parent, joined.link) == (place.trace_id, place, None)
    assert (forked.parent, forked.link) == (None, place)
    assert forked.trace_id == origin_of("r", started()).trace_id != origin_of("s", started()).trace_id


def test_the_ids_of_spans_are_the_same_for_ever() -> None:
    ids = SpanIds("run_1")
    assert f"{ids.of_run(0):016x}" == "8718aad892fab690"
    assert f"{ids.id('attempt 0 1 2.0.3'):016x}" == "4b71c7616d671cc9"
    assert f"{origin_of('run_1', started()).trace_id:032x}" == "974844894585a189bb1d6bbdb25d8d88"
