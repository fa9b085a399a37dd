"""Rules for the context of a model: whatever they leave out, what is left is a request that models take."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium import Retry, agent
from podium.agents.context import (
    LastMessages,
    PinMessages,
    Summarize,
    TokenWindow,
    TrimToolResults,
    estimated_tokens,
)
from podium.agents.context.applying import ContextOfCall, check_context
from podium.agents.context.counting import tokens_of
from podium.agents.context.draft import FittedRequest
from podium.agents.context.piece import Piece, SaidPart, WholeRequest
from podium.agents.context.rule import ContextRule
from podium.errors import ConfigError, ContextTooLong, PodiumError, Refusal, UsageError
from podium.model.conversation import in_request
from podium.model.conversation_state import ConversationMessage
from podium.model.heard import heard_each
from podium.testing.steps import PlainSteps
from tests.unit.agents.calls import call_with

SYSTEM = Piece(at=0, kind="request", parts=[{"part_kind": "system-prompt", "content": "Be short."}])


def words(text: str) -> int:
    return len(text.split())


def asked(text: str) -> SaidPart:
    return {"part_kind": "user-prompt", "content": text}


def said(text: str) -> SaidPart:
    return {"part_kind": "text", "content": text}


def use(name: str) -> SaidPart:
    return {"part_kind": "tool-call", "tool_name": "look", "args": {"at": name}, "tool_call_id": name}


def result(name: str, text: str = "found") -> SaidPart:
    return {"part_kind": "tool-return", "tool_name": "look", "content": text, "tool_call_id": name}


def pieces(messages: Sequence[tuple[str, Sequence[SaidPart]]], *, items: bool) -> list[Piece]:
    """Return messages as a framework has them: with one piece for each thing said, or for each answer."""
    found: list[Piece] = []
    for at, (kind, parts) in enumerate(messages):
        whole = kind == "response" and not items
        mixed = not items and {each["part_kind"] for each in parts} >= {"tool-return", "user-prompt"}
        beside = [each for each in parts if each["part_kind"] != "system-prompt"] if mixed else []
        apart = [parts] if whole else [[part] for part in parts]
        found += [Piece(at=at, kind=kind, parts=each, beside_results=each[0] in beside) for each in apart]
    return found


@st.composite
def talks(draw: st.DrawFn) -> list[Piece]:
    """Draw a conversation: questions, uses of tools side by side with results in any order, answers; it ends open."""
    count_again = draw(st.booleans())
    messages: list[tuple[str, list[SaidPart]]] = []
    n = 0
    turns = draw(st.integers(1, 5))
    for turn in range(turns):
        question: list[SaidPart] = [asked(f"q{turn} " + "word " * draw(st.integers(0, 6)))]
        merges = messages and messages[-1][0] == "request" and draw(st.booleans())
        if merges:
            messages[-1][1].extend(question)
        else:
            messages.append(("request", [SYSTEM.parts[0], *question] if not turn and draw(st.booleans()) else question))
        for _ in range(draw(st.integers(0, 3))):
            names = [f"c{0 if count_again else n}-{k}" for k in range(draw(st.integers(1, 3)))]
            n += 1
            thought = [said("let me see")] if draw(st.booleans()) else []
            results = [result(each, "found " * draw(st.integers(0, 80))) for each in draw(st.permutations(names))]
            messages.append(("response", [*thought, *map(use, names)]))
            if not draw(st.integers(0, 5)):
                messages.append(("request", [asked("hurry up")]))
            messages.append(("request", results))
        last = turn == turns - 1
        if not last and draw(st.integers(0, 3)):
            messages.append(("response", [said("answer " * draw(st.integers(1, 9)))]))
    return pieces(messages, items=draw(st.booleans()))


RULES = st.lists(
    st.one_of(
        st.builds(LastMessages, st.integers(1, 12)),
        st.builds(TrimToolResults, keep_last=st.integers(0, 3), characters=st.integers(0, 60)),
        st.builds(PinMessages, first=st.integers(1, 2)),
        st.builds(PinMessages, places=st.lists(st.integers(0, 15), min_size=1, max_size=3)),
    ),
    max_size=3,
)


def fit(request: WholeRequest, *rules: ContextRule, before: Sequence[ConversationMessage] = ()) -> FittedRequest:
    return asyncio.run(ContextOfCall(rules, call_with(), PlainSteps(), before).fit(request))


def sent(whole: Sequence[Piece], fitted: FittedRequest) -> list[Piece]:
    return [
        Piece(at=piece.at, kind=piece.kind, parts=fitted.parts[at], beside_results=piece.beside_results)
        for at, piece in enumerate(whole)
        if at in fitted.parts
    ]


def pairs(talk: Sequence[Piece]) -> list[tuple[int, int]]:
    """Return the pieces of each use and of its result."""
    open_uses: dict[str, int] = {}
    found: list[tuple[int, int]] = []
    for at, piece in enumerate(talk):
        for part in piece.parts:
            if part["part_kind"] == "tool-call":
                open_uses[part["tool_call_id"]] = at
            elif part["part_kind"] == "tool-return":
                found.append((open_uses.pop(part["tool_call_id"]), at))
    return found


def check(whole: Sequence[Piece], fitted: FittedRequest) -> None:
    """Check what holds for all that is sent, whatever the rules are."""
    kept = fitted.parts
    assert list(kept) == sorted(kept)
    assert all((one in kept) == (other in kept) for one, other in pairs(whole))
    answers = [at for at in range(1, len(whole)) if whole[at].kind == "response" and whole[at].at == whole[at - 1].at]
    assert all((at in kept) == (at - 1 in kept) for at in answers)
    questions = [at for at, each in enumerate(whole) if each.by_the_user and not each.beside_results]
    assert questions[-1] in kept
    assert len(whole) - 1 in kept
    assert all(at in kept for at, each in enumerate(whole) if each.stays)
    first = next(at for at in kept if not whole[at].stays)
    assert whole[first].by_the_user
    out = {piece.at for at, piece in enumerate(whole) if at not in kept}
    told = [place for each in fitted.changes if each.kind == "left_out" for place in covered(each.places)]
    assert sorted(told) == sorted(set(told))
    assert set(told) == out
    for at, parts in kept.items():
        for now, before in zip(parts, whole[at].parts, strict=True):
            assert now == before or (now["part_kind"] == "tool-return" and len(now["content"]) < len(before["content"]))


def covered(places: Sequence[tuple[int, int]]) -> list[int]:
    return [place for first, count in places for place in range(first, first + count)]


def test_what_is_said_between_a_use_and_its_result_is_a_question_though_more_comes_beside_results() -> None:
    talk = pieces(
        [
            ("request", [asked("q0")]),
            ("response", [use("a")]),
            ("request", [asked("hurry up")]),
            ("request", [result("a")]),
            ("response", [use("b")]),
            ("request", [result("b"), asked("q1")]),
        ],
        items=False,
    )
    fitted = fit(WholeRequest(pieces=talk), LastMessages(1))
    check(talk, fitted)
    assert list(fitted.parts) == [*range(len(talk))]
    whole = [*talk, *pieces([("response", [said("done")]), ("request", [asked("q2")])], items=False)]
    assert list(fit(WholeRequest(pieces=whole), LastMessages(1)).parts) == [len(whole) - 1]


@given(talks(), RULES)
def test_whatever_rules_leave_out_what_is_left_is_a_request(talk: list[Piece], rules: list[ContextRule]) -> None:
    check(talk, fit(WholeRequest(pieces=talk), *rules))


@given(talks(), RULES, st.integers(0, 60), st.lists(st.sampled_from(["be brief", "a tool", "a b c d"]), max_size=2))
def test_a_token_window_holds_exactly_or_says_that_it_cannot(
    talk: list[Piece], rules: list[ContextRule], window: int, besides: list[str]
) -> None:
    request, rule = WholeRequest(pieces=talk, besides=besides), TokenWindow(window + 1, count=words)
    least = fit(request, *rules, LastMessages(1))
    tokens = sum(map(words, besides)) + tokens_of(sent(talk, least), words)
    if tokens > window + 1:
        with pytest.raises(ContextTooLong) as told:
            fit(request, *rules, rule)
        assert (told.value.tokens, told.value.window, told.value.not_done) == (tokens, window + 1, True)
        return
    fitted = fit(request, *rules, rule)
    check(talk, fitted)
    assert sum(map(words, besides)) + tokens_of(sent(talk, fitted), words) <= window + 1
    roomy = fit(request, *rules, TokenWindow(100_000, count=words))
    assert roomy.parts == fit(request, *rules).parts


def test_a_message_that_two_rules_leave_out_in_parts_is_told_of_once() -> None:
    said = [
        ("request", [asked("q0")]), ("response", [use("a")]), ("request", [asked("hurry up")]),
        ("request", [result("a"), asked("q1")]), ("request", [asked("q2")]), ("response", [use("b")]),
        ("request", [asked("hurry up")]), ("request", [result("b"), asked("q3")]),
    ]  # fmt: skip
    talk = pieces(said, items=True)
    fitted = fit(WholeRequest(pieces=talk), LastMessages(5), TokenWindow(1, count=words))
    check(talk, fitted)
    assert [each.places for each in fitted.changes] == [((0, 4),), ((4, 4),)]


@given(talks(), st.integers(1, 12))
def test_no_more_than_the_last_messages_are_sent(talk: list[Piece], n: int) -> None:
    fitted = fit(WholeRequest(pieces=talk), LastMessages(n))
    least = fit(WholeRequest(pieces=talk), LastMessages(1))
    messages = {talk[at].at for at in fitted.parts if not talk[at].stays}
    assert len(messages) <= n or fitted.parts == least.parts


@given(talks(), st.integers(1, 12), st.integers(0, 15))
def test_what_is_pinned_is_sent_with_its_question(talk: list[Piece], n: int, place: int) -> None:
    fitted = fit(WholeRequest(pieces=talk), PinMessages(places=[place]), LastMessages(n))
    pinned = {at for at, each in enumerate(talk) if each.at == place}
    assert pinned <= fitted.parts.keys()
    if pinned:
        during = {at for use, result in pairs(talk) for at in range(use, result)}
        asked_at = [at for at in range(max(pinned) + 1) if talk[at].by_the_user and at not in during]
        assert [at for at in asked_at if not talk[at].beside_results][-1] in fitted.parts


@st.composite
def talks_of_many(draw: st.DrawFn) -> tuple[list[ConversationMessage], list[Piece], list[Piece]]:
    """Draw what many said before a question to the agent `it`: as it is kept, as it is sent, and message by message."""
    kept: list[tuple[str, str, list[SaidPart]]] = []
    for n in range(draw(st.integers(0, 8))):
        length = "word " * draw(st.integers(0, 4))
        who = draw(st.sampled_from(["it", "ann", "bot"]))
        match draw(st.sampled_from(["asks", "answers", "uses"])):
            case "asks":
                kept.append(("local", "request", [asked(f"q{n} {length}")]))
            case "answers" if who != "it":
                kept.append((who, "response", [said(f"a{n} {length}")]))
            case _:
                kept.append(("local", "request", [asked(f"q{n} {length}")]))
                kept.append((who, "response", [said("let me see"), use(f"c{n}")]))
                kept.append((who, "request", [result(f"c{n}", "found " * draw(st.integers(0, 80)))]))
                kept.append((who, "response", [use(f"d{n}")]))
                kept.append((who, "request", [result(f"d{n}")]))
                kept.append(("it", "response", [said(f"a{n} {length}")]))
    before = [
        ConversationMessage(place=n, message={"kind": kind, "parts": parts}, author=who, run="r", key="0", at=0.0)
        for n, (who, kind, parts) in enumerate(kept)
    ]
    question = [asked("what now")] * draw(st.integers(1, 2))
    heard = [(each["kind"], each["parts"]) for each in heard_each("it", before)] + [("request", question)]
    items = draw(st.booleans())
    whole = pieces(heard, items=items)
    places = accumulate(int(a.kind != b.kind or b.kind == "response") for a, b in pairwise(whole)) if not items else ()
    ats = [0, *places] if not items else [each.at for each in whole]
    return before, [replace(each, at=at) for each, at in zip(whole, ats, strict=True)], whole


@given(talks_of_many(), RULES, st.integers(1, 12), st.integers(3, 60))
def test_words_of_others_are_messages_that_rules_may_leave_out(
    drawn: tuple[list[ConversationMessage], list[Piece], list[Piece]], rules: list[ContextRule], n: int, window: int
) -> None:
    before, sent_so, whole = drawn
    request = WholeRequest(pieces=sent_so)
    check(whole, fit(request, *rules, before=before))
    last = fit(request, LastMessages(n), before=before)
    check(whole, last)
    assert len({whole[at].at for at in last.parts}) <= n
    question = {at for at, each in enumerate(whole) if each.at == whole[-1].at}
    assert fit(request, LastMessages(1), before=before).parts.keys() == question
    least = tokens_of([whole[at] for at in question], words)
    fitted = fit(request, TokenWindow(max(least, window), count=words), before=before)
    check(whole, fitted)
    assert tokens_of(sent(whole, fitted), words) <= max(least, window)
    if len(before) > 1 and whole[-1 - len(question)].by_the_user:
        others = tokens_of([whole[-1 - len(question)]], words)
        assert len(fit(request, TokenWindow(least + others, count=words), before=before).parts) > len(question)


def test_words_of_others_after_an_answer_that_a_tool_gave_are_not_about_it() -> None:
    said_by = [("local", in_request("ann: one")), ("local", in_request("ann: two"))]
    before = [
        ConversationMessage(place=n, message=message, author=who, run="r", key="0", at=0.0)
        for n, (who, message) in enumerate(said_by)
    ]
    talk = talk_of(
        ("request", [asked("q")]), ("response", [use("out")]),
        ("request", [result("out"), asked("ann: one"), asked("ann: two"), asked("what now")]),
    )  # fmt: skip
    assert list(fit(WholeRequest(pieces=talk), LastMessages(1), before=before).parts) == [5]


@pytest.mark.parametrize("items", [True, False])
def test_at_every_size_of_the_window_what_is_left_is_a_request(*, items: bool) -> None:
    talk = pieces(
        [
            ("request", [asked("one")]), ("response", [said("let me see"), use("a"), use("b")]),
            ("request", [result("b"), result("a")]), ("response", [said("well"), use("c")]),
            ("request", [result("c")]), ("response", [use("d")]), ("response", [said("so")]),
            ("request", [result("d")]),
            ("response", [said("so"), use("e")]), ("request", [result("e")]),
        ],
        items=items,
    )  # fmt: skip
    whole = tokens_of(talk, words)
    sizes: set[int] = set()
    for window in range(10, whole + 1):
        fitted = fit(WholeRequest(pieces=talk), TokenWindow(window, count=words))
        check(talk, fitted)
        sizes.add(len(fitted.parts))
    assert len(sizes) > 2


def talk_of(*messages: tuple[str, Sequence[SaidPart]]) -> list[Piece]:
    return pieces(messages, items=False)


LOOP = talk_of(
    ("request", [asked("old")]), ("response", [said("answer")]),
    ("request", [SYSTEM.parts[0], asked("look at all")]),
    *(each for n in range(5) for each in (("response", [use(f"c{n}")]), ("request", [result(f"c{n}", "x" * 500)]))),
)  # fmt: skip


def places(fitted: FittedRequest, talk: Sequence[Piece]) -> list[int]:
    return sorted({talk[at].at for at in fitted.parts})


def test_in_a_long_loop_of_tools_the_question_stays_and_the_last_uses_do() -> None:
    fitted = fit(WholeRequest(pieces=LOOP), LastMessages(5))
    assert places(fitted, LOOP) == [2, 9, 10, 11, 12]
    [change] = fitted.changes
    assert (change.rule, change.kind, change.places, change.messages) == (
        "LastMessages(5)", "left_out", ((0, 2), (3, 6)), 8,
    )  # fmt: skip


def test_results_are_trimmed_but_for_the_last_and_those_not_seen_yet() -> None:
    fitted = fit(WholeRequest(pieces=LOOP), TrimToolResults(keep_last=2, characters=10))
    given_back = [parts[0]["content"] for parts in fitted.parts.values() if parts[0]["part_kind"] == "tool-return"]
    assert given_back == ["xxxxxxxxxx… [500 characters, trimmed]"] * 3 + ["x" * 500] * 2
    [change] = fitted.changes
    assert (change.kind, change.messages, change.places) == ("trimmed", 3, ((4, 5),))
    beside = talk_of(("request", [asked("q")]), ("response", [use("a"), use("b")]),
                     ("request", [result("a", "x" * 500), result("b", "x" * 500)]))  # fmt: skip
    assert not fit(WholeRequest(pieces=beside), TrimToolResults(keep_last=0)).changes


def test_rules_combine_in_their_order() -> None:
    window = TokenWindow(900, count=len)
    assert places(fit(WholeRequest(pieces=LOOP), window), LOOP) == [2, 11, 12]
    trimmed = fit(WholeRequest(pieces=LOOP), TrimToolResults(keep_last=1, characters=10), window)
    assert places(trimmed, LOOP) == list(range(13))
    assert places(fit(WholeRequest(pieces=LOOP), PinMessages(first=1), LastMessages(3), window), LOOP) == [0, 2, 11, 12]


def test_messages_are_pinned_by_what_they_say() -> None:
    def important(message: object) -> bool:
        return "c1" in str(message)

    rule = PinMessages(when=important)
    fitted = fit(WholeRequest(pieces=LOOP), rule, LastMessages(1))
    assert places(fitted, LOOP) == [2, 5, 6, 11, 12]
    assert str(rule) == "PinMessages(when=important)"


def test_the_window_of_the_model_is_taken_unless_one_is_given() -> None:
    with pytest.raises(ContextTooLong, match=r"gpt would be sent has .* more than the 90 of TokenWindow\(reserve=10\)"):
        fit(WholeRequest(pieces=LOOP, window=100, model="gpt"), TokenWindow(reserve=10, count=len))
    with pytest.raises(Refusal, match=r"genai-prices does not know how many gpt can hold. Say TokenWindow\(8_000\)"):
        fit(WholeRequest(pieces=LOOP, model="gpt"), TokenWindow())


def test_files_and_whatever_else_is_said_are_counted() -> None:
    said_by_both = talk_of(
        ("request", [{"part_kind": "user-prompt", "content": ["two words", {"kind": "binary", "data": "aGk="}]}]),
        ("response", [{"part_kind": "thinking", "content": "three more words"}, use("c")]),
        ("request", [{**result("c"), "content": {"a": 1, "b": [{"kind": "image-url", "url": "http://x"}]}}]),
    )
    assert tokens_of(said_by_both, words) == 2 + 1_500 + 3 + 3 + 5 + 1_500
    assert [estimated_tokens(text) for text in ("", "abc", "abcd", "äöü")] == [4, 5, 6, 6]


@agent
async def shortener(text: str) -> str:
    return text[:10]


@agent
async def counter(text: str) -> int:
    return len(text)


@agent(retry=Retry(attempts=3), undo="counter")
async def hasty(text: str) -> str:
    return text


UNTYPED: Any = "12"
COUNTER: Any = counter
MISTAKES = [
    (lambda: LastMessages(0), "a whole number, 1 or more"),
    (lambda: TokenWindow(0), "a whole number, 1 or more"),
    (lambda: TokenWindow(10, reserve=10), "leaves nothing to send"),
    (lambda: TrimToolResults(keep_last=-1), "a whole number, 0 or more"),
    (PinMessages, "pins nothing"),
    (lambda: PinMessages(places=UNTYPED), "places, such as"),
    (lambda: Summarize(COUNTER), "take a text and give a text"),
    (lambda: Summarize(hasty), "hasty has retry, undo on its card"),
    (lambda: Summarize(shortener, above=0), "a whole number, 1 or more"),
    (lambda: check_context("it", [TokenWindow(9), LastMessages(2)]), "TokenWindow goes last"),
    (lambda: check_context("it", [Summarize(shortener), Summarize(shortener)]), "summarizes twice"),
]


@pytest.mark.parametrize(("wrong", "told"), MISTAKES)
def test_what_cannot_be_meant_is_told_at_once(wrong: object, told: str) -> None:
    assert callable(wrong)
    with pytest.raises((ConfigError, UsageError, PodiumError), match=told):
        wrong()
