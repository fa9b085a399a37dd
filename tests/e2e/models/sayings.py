"""How providers misbehave in what they say: answers, uses of tools, streams."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from podium.model.json import Json
from tests.e2e.models.answers import (
    EVENTS,
    JSON,
    TEXT,
    USAGE,
    WORDS,
    Behaviour,
    always,
    answer,
    chunks,
    completion,
    error_body,
    events,
    good,
    saying,
    telling,
    use,
    using,
)
from tests.e2e.models.behaviours import both
from tests.e2e.models.rude import Answer, Piece

CUT = 'a part of an answer is none: `unfinished="accept"` takes it'


def _text(name: str, spoil: Callable[[str], bytes | str], *, text: str = TEXT) -> Behaviour:
    """Send a whole answer whose JSON text is spoilt; streams are not tried."""
    return Behaviour(
        name=name, whole=lambda asked: [answer(spoil(json.dumps(completion(asked["model"]))))], streamed=None, text=text
    )


def _page(name: str, body: bytes | str) -> Behaviour:
    """Send something that is no answer, with status 200."""
    return Behaviour(name=name, whole=always(answer(body, kind=JSON)), streamed=always(answer(body, kind=EVENTS)))


def _changed(name: str, reason: str = "", **changes: Json) -> Behaviour:
    """Send an answer with other fields at its top."""
    return Behaviour(
        name=name, reason=reason, whole=saying(lambda whole: {**whole, **changes}),
        streamed=telling(lambda told: [{**each, **changes} for each in told]),
    )  # fmt: skip


def _message(name: str, message: Json, finish: str | None = "stop", text: str = TEXT, reason: str = "") -> Behaviour:
    """Send another message."""
    return Behaviour(
        name=name, text=text, reason=reason,
        whole=lambda asked: [answer(json.dumps(completion(asked["model"], message, finish)))],
        streamed=lambda asked: [answer(events(chunks(asked["model"], [message], finish)), kind=EVENTS)],
    )  # fmt: skip


def _usage(name: str, usage: Json) -> Behaviour:
    """Tell another usage."""
    return Behaviour(
        name=name, whole=saying(lambda whole: {**whole, "usage": usage}),
        streamed=lambda asked: [answer(events(chunks(asked["model"], WORDS, usage=usage)), kind=EVENTS)],
    )  # fmt: skip


def _finish(name: str, finish: str | None, reason: str = "") -> Behaviour:
    return Behaviour(
        name=name, reason=reason,
        whole=lambda asked: [answer(json.dumps(completion(asked["model"], None, finish)))],
        streamed=lambda asked: [answer(events(chunks(asked["model"], WORDS, finish)), kind=EVENTS)],
    )  # fmt: skip


def _with_choices(name: str, choices: Json) -> Behaviour:
    return Behaviour(
        name=name, whole=saying(lambda whole: {**whole, "choices": choices}),
        streamed=telling(lambda told: [{**told[0], "choices": choices}]),
    )  # fmt: skip


def _two_choices(whole: Json) -> Json:
    [first] = whole["choices"]
    other = {**first, "index": 1, "message": {"role": "assistant", "content": "Or not."}}
    return {**whole, "choices": [first, other]}


def _big_usage(number: str) -> Callable[[str], str]:
    return lambda text: text.replace('"prompt_tokens": 100', f'"prompt_tokens": {number}')


ANSWERS = (
    _page("a page with status 200", "<html><body>Sign in</body></html>"),
    _page("nothing, with status 200", ""),
    _page("`null`", "null"),
    _page("a list", "[]"),
    _page("a number", "42"),
    _page("an error, with status 200", json.dumps(error_body("it broke", kind="server_error"))),
    _text("JSON that is cut", lambda text: text[: len(text) // 2]),
    _text("something after the JSON", lambda text: text + "}}"),
    _text("spaces before and after the JSON", lambda text: f"\n\n {text} \n"),
    _text("a byte order mark before the JSON", lambda text: "\ufeff" + text),
    _text("JSON in UTF-16", lambda text: text.encode("utf-16")),
    _text("bytes that are no text", lambda text: text.encode().replace(b"sunny", b"su\xff\xfeny")),
    _text("half a character", lambda text: text.replace("sunny", "su\\ud83dny"), text="Berlin is su\ufffdny."),
    _text("NaN as a number", _big_usage("NaN")),
    _text("a number of 30 digits", _big_usage("9" * 30)),
    _text("a field that comes twice", lambda text: text.replace('"id": "x"', '"id": "y", "id": "x"')),
    _with_choices("no choices", []),
    _with_choices("choices that are null", None),
    _with_choices("a choice that is null", [None]),
    _with_choices("a choice without a message", [{"index": 0, "finish_reason": "stop"}]),
    Behaviour(name="two choices", whole=saying(_two_choices), streamed=None),
    _message("content that is null", {"role": "assistant", "content": None}),
    _message("content that is empty", {"role": "assistant", "content": ""}),
    _message("content that is a number", {"role": "assistant", "content": 42}),
    _message("content that is a list of parts", {"role": "assistant", "content": [{"type": "text", "text": TEXT}]}),
    _message("a role that nobody knows", {"role": "butler", "content": TEXT}),
    _message("thoughts beside the content", {"role": "assistant", "content": TEXT, "reasoning_content": "Hm."}),
    _changed("an id that is null", id=None),
    _changed("a time that is a text", created="yesterday"),
    _changed("no name of the model", model=None),
    _changed("the name of another model", model="somebody-else"),
    _changed("fields that nobody knows", banana={"a": [1, 2]}, service_tier="gold"),
    _usage("no usage", None),
    _usage("usage of zero", {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}),
    _usage("usage that is negative", {"prompt_tokens": -5, "completion_tokens": -5, "total_tokens": -10}),
    _usage("usage that is huge", {"prompt_tokens": 10**15, "completion_tokens": 10**15, "total_tokens": 2 * 10**15}),
    _usage("usage that is a text", {"prompt_tokens": "many", "completion_tokens": "few", "total_tokens": "?"}),
    _usage("usage with details that are null", {**USAGE, "prompt_tokens_details": None}),
    _finish("cut at the most tokens (`length`)", "length", CUT),
    _finish("`content_filter`", "content_filter", "what was filtered is no whole answer"),
    _finish("no reason why it ends", None, 'a stream that just ends may have been cut: `unfinished="accept"` takes it'),
    _finish("a reason that nobody knows", "banana"),
    _finish("`tool_calls` without tools", "tool_calls"),
    _message("a refusal", {"role": "assistant", "content": None, "refusal": "I cannot help with that."}),
    _message("an answer that was filtered and is empty", {"role": "assistant", "content": ""}, "content_filter"),
)  # fmt: skip


def _named(name: str, behaviour: Behaviour, reason: str = "") -> Behaviour:
    return replace(behaviour, name=name, reason=reason)


TOOLS = (
    _named("a tool is used", using(use())),
    _named("a tool is used, with text beside it", using(use(), text="Let me look.")),
    _named("a tool is used, and `stop` is the reason", using(use(), finish="stop")),
    _named("a tool that there is not", using(use(tool="teleport"))),
    _named("a tool without a name", using(use(tool=""))),
    _named("arguments that are no JSON", using(use('{"town": '))),
    _named("arguments that are empty", using(use(""))),
    _named("arguments that do not fit", using(use('{"village": 1}'))),
    _named("arguments that are an object", using(use({"town": "Berlin"}))),
    _named("arguments with a number of 30 digits", using(use('{"town": "Berlin", "days": ' + "9" * 30 + "}"))),
    _named("arguments with half a character", using(use('{"town": "Ber\\ud83dlin"}'))),
    _named("arguments with NaN", using(use('{"town": "Berlin", "days": NaN}'))),
    _named("two uses with one id", using(use(), use('{"town": "Ulm"}'))),
    _named("a use without an id", using(use(id=None))),
    _named("a use with an empty id", using(use(id=""))),
    _named("a use of a type that nobody knows", using(use(type="banana"))),
    _named("the same tool forty times at once", using(*(use(id=f"c{n}") for n in range(40)))),
)


def _stream(name: str, change: Callable[[str], str | bytes], reason: str = "") -> Behaviour:
    """Stream a good answer whose text is changed."""

    def streamed(asked: Json) -> Sequence[Piece]:
        return [answer(change(events(chunks(asked["model"], WORDS))), kind=EVENTS)]

    return Behaviour(name=name, whole=None, streamed=streamed, reason=reason)


def _told(name: str, change: Callable[[list[Json]], Sequence[Json]], reason: str = "") -> Behaviour:
    return Behaviour(name=name, whole=None, streamed=telling(change), reason=reason)


def _before(part: str, inserted: str) -> Callable[[str], str]:
    """Insert something before the event that has this part."""

    def change(text: str) -> str:
        at = text.rindex("data:", 0, text.index(part))
        return text[:at] + inserted + text[at:]

    return change


def _tool_stream(*deltas: Json) -> Answer:
    def first(asked: Json) -> Sequence[Piece]:
        told = chunks(
            asked["model"], [{"role": "assistant"}, *({"tool_calls": [each]} for each in deltas)], "tool_calls"
        )
        return [answer(events(told), kind=EVENTS)]

    return lambda asked: (good if any(each["role"] == "tool" for each in asked["messages"]) else first)(asked)


def _tools(name: str, *deltas: Json, reason: str = "") -> Behaviour:
    return Behaviour(name=name, whole=None, streamed=_tool_stream(*deltas), reason=reason)


def _piece(arguments: str, **more: Json) -> Json:
    return {"index": 0, "function": {"arguments": arguments}, **more}


_BROKEN = f"data: {json.dumps(error_body('it broke', kind='server_error'))}\n\n"
_OPEN: Json = {"index": 0, "id": "c1", "type": "function", "function": {"name": "weather", "arguments": ""}}

STREAMS = (
    _stream("no `[DONE]`", lambda text: text.replace("data: [DONE]\n\n", "")),
    _stream("`[DONE]` in the middle", _before("is ", "data: [DONE]\n\n")),
    _stream("comments between the events", lambda text: text.replace("data:", ": still there\n\ndata:")),
    _stream("lines that end with CR LF", lambda text: text.replace("\n", "\r\n")),
    _stream("no space after `data:`", lambda text: text.replace("data: ", "data:")),
    _stream("names and ids of events", lambda text: text.replace("data:", "event: message\nid: 7\nretry: 10\ndata:")),
    _stream("events without data", _before("is ", "event: ping\n\n")),
    _stream("empty data", _before("is ", "data:\n\n")),
    _stream("an event that is no JSON", _before("is ", "data: {oops\n\n")),
    _stream("an event that is `null`", _before("is ", "data: null\n\n")),
    _stream("an error as the first event", lambda text: _BROKEN + text),
    _stream("an error in the middle", _before("is ", _BROKEN)),
    _stream("`event: error` in the middle", _before("is ", "event: error\n" + _BROKEN)),
    _stream("a byte that is no text", lambda text: text.encode().replace(b"sunny", b"su\xffny")),
    both("a whole answer where a stream was asked for", lambda asked: good({**asked, "stream": False})),
    both("a stream where a whole answer was asked for", lambda asked: good({**asked, "stream": True})),
    _told("it ends in the middle", lambda told: told[:2]),
    _told("an event without choices in the middle", lambda told: [told[0], {**told[0], "choices": []}, *told[1:]]),
    _told("an event with choices that are null", lambda told: [told[0], {**told[0], "choices": None}, *told[1:]]),
    _told("a delta that is null", lambda told: [told[0], _delta(told[0], None), *told[1:]]),
    _told("a delta without a role", lambda told: told[1:]),
    _told("two ends", lambda told: [*told[:-1], told[-2], told[-1]]),
    _told("usage in each event", lambda told: [{**each, "usage": USAGE} for each in told]),
    _told("usage before the end", lambda told: [told[-1], *told[:-1]]),
    _told("text after the end", lambda told: [*told, told[1]]),
    _tools("the arguments of a tool in pieces", _OPEN, _piece('{"town": '), _piece('"Berlin"}')),
    _tools("a use of a tool without an index", {**_OPEN, "index": None}, _piece('{"town": "Berlin"}', index=None)),
    _tools("an id in each piece", _OPEN, _piece('{"town": ', id="c1"), _piece('"Berlin"}', id="c1")),
    _tools("a second tool before the first", {**_OPEN, "index": 1}, _piece('{"town": "Berlin"}', index=1)),
    _tools("arguments before the name", _piece('{"town": "Ber'), _OPEN, _piece('lin"}')),
    _tools("arguments that are cut", _OPEN, _piece('{"town": "Ber')),
)  # fmt: skip


def _delta(event: Json, delta: Json) -> Json:
    [choice] = event["choices"]
    return {**event, "choices": [{**choice, "delta": delta}]}
