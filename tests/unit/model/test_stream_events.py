"""An event becomes JSON and comes back, whoever wrote it; what facts tell is the same whenever it is read."""

import pytest

from podium.errors import InvalidValue
from podium.model import streams
from podium.model.fact import Fact
from podium.model.facts.answers import AnsweredDone, AnsweredRefused
from podium.model.facts.calls import StepDone
from podium.model.facts.runs import Started
from podium.model.json import Json, encode
from podium.model.outcome import Usage
from podium.model.streams import (
    CallEnded,
    Durable,
    Emitted,
    Gone,
    Noticed,
    RequestFinished,
    RunStarted,
    StepFinished,
    StreamContent,
    StreamEvent,
    ToolCalled,
    ToolReturned,
    Transient,
)
from podium.model.streams.event import event_of
from podium.model.streams.told import events_of

EVENTS: list[type[StreamContent]] = [
    each
    for each in (getattr(streams, name) for name in streams.__all__)
    if issubclass(each, StreamContent) and "type" in vars(each)
]
KINDS = (Transient, Durable, Noticed)


def event(content: StreamContent) -> StreamEvent:
    return StreamEvent(
        run="run_1", number=7, key="0", attempt=1, step="1/model/0", at=1.5, epoch=2, content=content
    )  # fmt: skip


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_comes_back_from_its_json(kind: type[StreamContent]) -> None:
    said = event(kind.read({name: [name, 1] for name in kind.names()}))
    assert StreamEvent.from_json(said.json()) == said
    assert event_of(encode(said.json())) == said
    assert said.json()["type"] == said.type == kind.type
    assert issubclass(kind, KINDS)


def test_what_a_newer_version_adds_to_an_event_is_passed_over() -> None:
    said = event(Emitted(1)).json()
    said["content"]["more"] = 2
    assert StreamEvent.from_json(said) == event(Emitted(1))


@pytest.mark.parametrize("wrong", [None, [], {}, {"type": "no such event"}])
def test_what_is_no_event_is_refused(wrong: Json) -> None:
    with pytest.raises(InvalidValue, match="expected an event of a stream"):
        StreamEvent.from_json(wrong)


def step(name: str, value: Json, *, key: str = "1/x", from_step: str | None = None) -> list[StreamContent]:
    said = StepDone(
        name=name, attempt=1, digest="", usage=Usage(model="m", input_tokens=3, output_tokens=4, usd=0.5),
        from_step=from_step,
    )  # fmt: skip
    payload = None if from_step else encode(value)
    fact = Fact.saying(said, seq=4, key=f"0/{key}", at=1.0, epoch=1, payload=payload)
    return [each.content for each in events_of("run_1", [fact])]


def test_a_step_tells_what_it_was() -> None:
    parts = [
        {"part_kind": "thinking", "content": "hm"},
        {"part_kind": "text", "content": "I "},
        {"part_kind": "text", "content": "look"},
        {"part_kind": "tool-call", "tool_name": "find", "args": '{"a": 1}', "tool_call_id": "c1"},
        {"part_kind": "tool-call", "tool_name": "bad", "args": "{", "tool_call_id": "c2"},
        {"part_kind": "tool-call", "tool_name": "none", "args": None, "tool_call_id": "c3"},
    ]
    assert step("model", {"parts": parts, "model_name": "gpt"}) == [
        RequestFinished("m", "I look", 3, 4, 0.5), ToolCalled("c1", "find", {"a": 1}), ToolCalled("c2", "bad", "{"),
        ToolCalled("c3", "none", {}),
    ]  # fmt: skip
    returned = {"kind": "tool_return", "result": {"found": 1}}
    assert step("tool/find", returned, key="1/tool/find/c1") == [ToolReturned("c1", "find", {"found": 1}, "")]
    inner = step("tool/inner/deep", returned, key="1/tool/ask/c0/tool/inner/deep/inner#0/c1")
    assert inner == [ToolReturned("inner#0/c1", "inner/deep", {"found": 1}, "")]
    retried = {"kind": "model_retry", "message": "once more"}
    assert step("tool/find", retried, key="1/tool/find/c1") == [ToolReturned("c1", "find", None, "once more")]
    assert step("tool/find", 5, key="1/tool/find/c1") == [ToolReturned("c1", "find", 5, "")]
    assert step("save", [1]) == [StepFinished("save", [1])]


def test_what_was_told_before_or_is_a_rules_own_is_not_told() -> None:
    assert step("model", None, from_step="1/model/0") == []
    assert step("guard/pii", {"allowed": True}) == []
    assert step("tool/find", {"kind": "tool_return"}, key="1/tool/find/c1/check") == []


def test_the_facts_of_a_run_tell_of_it_with_growing_numbers() -> None:
    started = Started(workflow="w", version="1", seed=1, principal="local")
    facts = [
        Fact.saying(started, seq=0, at=1.0, epoch=1, payload=b"5"),
        Fact.saying(AnsweredDone(), seq=1, key="0", at=2.0, epoch=1, payload=b"6"),
        Fact.saying(AnsweredRefused(rule="policy", reason="no"), seq=2, key="1", at=3.0, epoch=2),
    ]
    events = list(events_of("run_1", facts))
    assert [each.content for each in events] == [
        RunStarted("w", "1", 5), CallEnded("done", 6, ""), CallEnded("refused", None, "policy: no"),
    ]  # fmt: skip
    assert [(each.key, each.at, each.epoch) for each in events] == [("", 1.0, 1), ("0", 2.0, 1), ("1", 3.0, 2)]
    assert [each.number for each in events] == sorted({each.number for each in events})
    assert events[1:] == list(events_of("run_1", facts[1:]))
    assert not any(isinstance(each.content, Gone) for each in events)
