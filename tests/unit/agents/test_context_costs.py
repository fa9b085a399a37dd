"""What rules do to a request takes time as it has messages, not as the square of them."""

import time
from collections.abc import Callable, Sequence

import pytest

from podium import agent
from podium.agents.context import LastMessages, PinMessages, Summarize, TokenWindow, TrimToolResults
from podium.agents.context.applying import ContextOfCall
from podium.agents.context.piece import Piece, SaidPart, WholeRequest
from podium.agents.context.rule import ContextRule
from podium.testing import PlainSteps
from tests.unit.agents.calls import call_with

SHORT, TIMES = 250, 8
ROUNDS = 3
LARGE = 10**9


@agent
async def shortener(text: str) -> str:
    return text[:10]


def talk(n: int) -> list[Piece]:
    """Return questions with their answers."""
    messages: list[tuple[str, SaidPart]] = []
    for each in range(n // 2):
        messages.append(("request", {"part_kind": "user-prompt", "content": f"q{each}"}))
        messages.append(("response", {"part_kind": "text", "content": "fine"}))
    return pieces(messages)


def loop(n: int) -> list[Piece]:
    """Return one question with many uses of tools."""
    messages: list[tuple[str, SaidPart]] = [("request", {"part_kind": "user-prompt", "content": "q"})]
    for each in range(n // 2):
        used = {"tool_name": "look", "tool_call_id": f"c{each}"}
        messages.append(("response", {**used, "part_kind": "tool-call", "args": {}}))
        messages.append(("request", {**used, "part_kind": "tool-return", "content": "a long result " * 20}))
    return pieces(messages)


def greeted(n: int) -> list[Piece]:
    """Return answers that nobody asked for, and a question."""
    said = {"part_kind": "text", "content": "hello"}
    noted = {"part_kind": "retry-prompt", "content": "again"}
    messages = [("response", said) if each % 2 else ("request", noted) for each in range(n)]
    return pieces([*messages, ("request", {"part_kind": "user-prompt", "content": "q"})])


def pieces(messages: Sequence[tuple[str, SaidPart]]) -> list[Piece]:
    return [Piece(at=at, kind=kind, parts=[part]) for at, (kind, part) in enumerate(messages)]


RULES: dict[str, Callable[[int], list[ContextRule]]] = {
    "last half": lambda n: [LastMessages(n // 2)],
    "all": lambda n: [LastMessages(LARGE)],
    "window": lambda n: [TokenWindow(LARGE)],
    "half a window": lambda n: [TokenWindow(n * 20)],
    "trimmed": lambda n: [TrimToolResults(keep_last=n // 4)],
    "summarized": lambda n: [Summarize(shortener, above=n * 3, keep=n // 2)],
    "pinned by place": lambda n: [PinMessages(places=list(range(n))), LastMessages(2)],
    "pinned": lambda n: [PinMessages(when=lambda _: True), TokenWindow(LARGE)],
}


async def seconds(said: list[Piece], rules: list[ContextRule]) -> float:
    """Return the processor time that rules take, of the quickest of some rounds."""
    taken: list[float] = []
    for _ in range(ROUNDS):
        context = ContextOfCall(rules, call_with("q"), PlainSteps())
        began = time.process_time()
        await context.fit(WholeRequest(pieces=said, model="gpt"))
        taken.append(time.process_time() - began)
    return min(taken)


@pytest.mark.parametrize("make", [talk, loop, greeted])
@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
async def test_a_rule_takes_time_as_there_are_messages(
    make: Callable[[int], list[Piece]], rules: Callable[[int], list[ContextRule]]
) -> None:
    few = await seconds(make(SHORT), rules(SHORT))
    many = await seconds(make(TIMES * SHORT), rules(TIMES * SHORT))
    assert many < 3 * TIMES * few
