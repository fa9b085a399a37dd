"""Answers of a server that speaks OpenAI's protocol, as bytes: whole ones and streams, to be spoilt."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from podium.model.json import Json
from tests.e2e.models.rude import Answer, End, Piece

TEXT = "Berlin is sunny."
USAGE: Json = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
JSON, EVENTS = "application/json", "text/event-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One way in which a provider misbehaves, or is only unusual."""

    name: str
    """As the table in the documentation says it."""
    whole: Answer | None
    """What is sent where no stream is asked for; None where this goes for streams only."""
    streamed: Answer | None
    text: str = TEXT
    """What a whole answer says."""
    reason: str = ""
    """Why Podium ends otherwise than bare Pydantic AI, where that is not plainly better."""
    silence: float = 20.0
    """Seconds for which an answer may be silent."""
    limit: float = 20.0
    """Seconds that it may take in all."""

    @property
    def id(self) -> str:
        """Return its name as a part of the name of a model."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.name)

    def __call__(self, asked: Json) -> Sequence[Piece]:
        """Answer."""
        answer = self.streamed if asked.get("stream") else self.whole
        return (answer or good)(asked)


def always(*pieces: Piece) -> Answer:
    """Answer every request with the same."""
    return lambda asked: pieces


def head(status: int, headers: Mapping[str, str]) -> bytes:
    """Return the start of an answer."""
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def answer(body: bytes | str, status: int = 200, kind: str = JSON, **headers: str) -> bytes:
    """Return an answer with its length; `retry_after="1"` is the header `retry-after`."""
    sent = body.encode() if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return head(status, {"content-type": kind, "content-length": str(len(sent)), **named}) + sent


def error(status: int, message: str = "no", **headers: str) -> Answer:
    """Answer with an error as OpenAI words it."""
    return always(answer(json.dumps(error_body(message)), status, **headers))


def error_body(message: str, code: str | None = None, kind: str = "error") -> Json:
    return {"error": {"message": message, "type": kind, "code": code, "param": None}}


def completion(model: str, message: Json | None = None, finish: str | None = "stop", **changes: Json) -> Json:
    """Return a whole answer."""
    said = {"role": "assistant", "content": TEXT} if message is None else message
    choice = {"index": 0, "finish_reason": finish, "message": said}
    whole = {
        "id": "x", "object": "chat.completion", "created": 1, "model": model, "choices": [choice], "usage": USAGE
    }  # fmt: skip
    return {**whole, **changes}


def chunks(model: str, deltas: Sequence[Json], finish: str | None = "stop", usage: Json = USAGE) -> list[Json]:
    """Return the events of a stream, but for its last."""
    told: Json = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": model}
    choices: list[Json] = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    if finish is not None:
        choices.append({"index": 0, "delta": {}, "finish_reason": finish})
    events: list[Json] = [{**told, "choices": [choice]} for choice in choices]
    return [*events, *([] if usage is None else [{**told, "choices": [], "usage": usage}])]


WORDS: Sequence[Json] = [
    {"role": "assistant", "content": ""},
    *({"content": word} for word in ("Berlin ", "is ", "sunny.")),
]


def events(told: Sequence[Json], last: str = "data: [DONE]\n\n") -> str:
    """Return a stream as text."""
    return "".join(f"data: {json.dumps(each)}\n\n" for each in told) + last


def good(asked: Json) -> Sequence[Piece]:
    """Answer well."""
    model: str = asked["model"]
    if asked.get("stream"):
        return [answer(events(chunks(model, WORDS)), kind=EVENTS)]
    return [answer(json.dumps(completion(model)))]


def saying(change: Callable[[Json], Json]) -> Answer:
    """Answer with a whole answer that is changed so."""
    return lambda asked: [answer(json.dumps(change(completion(asked["model"]))))]


def telling(change: Callable[[list[Json]], Sequence[Json]]) -> Answer:
    """Answer with a stream whose events are changed so."""
    return lambda asked: [answer(events(change(chunks(asked["model"], WORDS))), kind=EVENTS)]


def body_of(asked: Json) -> bytes:
    """Return what is sent of a good answer after its head."""
    return _parts(asked)[1]


def head_of(asked: Json) -> bytes:
    """Return the head of a good answer."""
    return _parts(asked)[0]


def _parts(asked: Json) -> tuple[bytes, bytes]:
    [whole] = good(asked)
    assert isinstance(whole, bytes)
    start, _, body = whole.partition(b"\r\n\r\n")
    return start + b"\r\n\r\n", body


def cut_at(share: float, *, torn: bool = False) -> Answer:
    """Answer well, and end the connection when this share of it is sent."""

    def cut(asked: Json) -> Sequence[Piece]:
        body = body_of(asked)
        return [head_of(asked), body[: int(len(body) * share)], End(torn)]

    return cut


def in_pieces(split: Callable[[bytes], Sequence[bytes]], pause: float) -> Answer:
    """Answer well, with a pause before each piece of the body."""
    return lambda asked: [head_of(asked), *chain.from_iterable((pause, piece) for piece in split(body_of(asked)))]


def using(*uses: Json, text: str | None = None, finish: str | None = "tool_calls") -> Behaviour:
    """Behave as one that uses tools first, and answers well when it is told what they gave; to be renamed."""
    message: Json = {"role": "assistant", "content": text, "tool_calls": list(uses)}
    deltas: list[Json] = [{"role": "assistant", "content": text}]
    deltas += [{"tool_calls": [{"index": n, **use}]} for n, use in enumerate(uses)]
    return Behaviour(
        name="",
        whole=before_tools(lambda asked: [answer(json.dumps(completion(asked["model"], message, finish)))]),
        streamed=before_tools(lambda asked: [answer(events(chunks(asked["model"], deltas, finish)), kind=EVENTS)]),
    )


def before_tools(first: Answer) -> Answer:
    """Answer so until the model is told what a tool gave, or what was wrong with how it used it."""
    return lambda asked: (good if any(each["role"] == "tool" for each in asked["messages"]) else first)(asked)


def use(arguments: Json = '{"town": "Berlin"}', tool: str = "weather", **changes: Json) -> Json:
    """Return the use of a tool."""
    return {"id": "c1", "type": "function", "function": {"name": tool, "arguments": arguments}, **changes}
