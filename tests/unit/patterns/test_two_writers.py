"""Two writers at once, in one conversation, over teams that talk: nothing is lost, and nothing swapped."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium import Steps, agent
from podium.model.conversation_state import ConversationMessage
from podium.patterns import Answer, HandOff, group_chat, handoff, parallel, route, sequence, supervisor
from podium.patterns.building.pattern import Pattern
from podium.patterns.supervisor import Assignment, Delegate, Finish
from tests.examples import examples
from tests.unit.engine.bench import Bench


async def heard(steps: Steps) -> int:
    assert steps.conversation is not None
    return len(await steps.conversation.messages())


@agent
async def front(task: str, steps: Steps, remark: str | None = None) -> HandOff | Answer:
    return HandOff(to="back", reason=f"{task} {await heard(steps)}")


@agent
async def back(task: str, note: HandOff, steps: Steps) -> HandOff | Answer:
    said, goes_on = f"{task} {await heard(steps)}", note.reason.startswith("The")
    return HandOff(to="front", reason=said) if task.endswith("!") and goes_on else Answer(answer=said)


@agent
async def one(task: str, steps: Steps) -> str:
    return f"one {await heard(steps)}"


@agent
async def two(task: str, steps: Steps) -> str:
    return f"two {await heard(steps)}"


@agent
async def boss(task: str, reports: list[Any], remark: str | None = None) -> Delegate | Finish:
    if not reports:
        return Delegate(assignments=[Assignment(to=who, input=task) for who in ("one", "two")])
    return Finish(answer=[each["output"] for each in reports])


def team(kind: str) -> Pattern[Any, Any]:
    """Return a team under the name of its kind; each of these talks in a way of its own."""
    match kind:
        case "handoff":
            return handoff(front, back, name=kind)
        case "group_chat":
            return group_chat(one, two, turns=3, name=kind)
        case "supervisor":
            return supervisor(boss, [one, two], name=kind)
        case "sequence":
            return sequence(one, two, name=kind)
        case "route":
            return route({"chat": group_chat(one, two, turns=2)}, by=lambda task: "chat", name=kind)
        case _:
            return parallel(one, two, name=kind)


KINDS = ["handoff", "group_chat", "supervisor", "sequence", "route", "parallel"]
Writing = list[tuple[str, str]]
writings: st.SearchStrategy[Writing] = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(["a", "b!"])), min_size=1, max_size=4
)


async def written(folder: Path, plans: Sequence[Writing]) -> list[list[ConversationMessage]]:
    """Have two apps take these turns at once; returns what was said, run by run, in the order of the conversation."""
    bench = Bench(folder)
    teams = {kind: team(kind) for kind in KINDS}
    members = (*teams.values(), front, back, one, two, boss)
    async with bench.app(*members) as first, bench.app(*members) as second:
        runs = [
            await app.start(teams[kind], text, id=f"{who} {n} {kind} {text}", conversation="u")
            for app, who, plan in zip((first, second), "xy", plans, strict=True)
            for n, (kind, text) in enumerate(plan)
        ]
        for _ in range(400):
            await bench.clock.advance(1)
            if all([(await run.status()).ended_at is not None for run in runs]):
                break
        for run in runs:
            await run.result()
        said = await first.store.messages("default", "u")
        state = await first.conversations.get("u")
    assert (state.holder, state.waiting, state.revision) == (None, 0, len(said))
    groups: list[list[ConversationMessage]] = []
    for each in said:
        if not groups or groups[-1][0].run != each.run:
            groups.append([])
        groups[-1].append(each)
    assert sorted(group[0].run for group in groups) == sorted(run.id for run in runs)
    return groups


def check(group: Sequence[ConversationMessage]) -> None:
    """Check what one run said: its question, then each who speaks, having heard all that was said before them."""
    start = group[0].place
    _, _, kind, text = group[0].run.split(" ")
    assert (group[0].author, group[0].text) == ("local", text)
    authors = [each.author for each in group[1:]]
    counts = [[int(n) for n in re.findall(r"\d+", each.text)] for each in group[1:]]
    places = [[start if n == 1 else start + n] for n in range(1, len(group))]
    match kind:
        case "handoff":
            assert authors in (["front", "back"], ["back"], ["back", "front", "back"], ["back", "front"])
            assert counts == places
        case "group_chat":
            assert authors == ["one", "two", "one"]
            assert counts == places
        case "route":
            assert authors == ["one", "two"]
            assert counts == places
        case "sequence":
            assert (authors, counts) == (["two"], [[start]])
        case _:
            assert (authors, counts) == (["boss" if kind == "supervisor" else kind], [[start, start]])


@settings(deadline=None, max_examples=examples(8))
@given(writings, writings)
def test_what_two_writers_say_at_once_stays_together_and_whole(first: Writing, second: Writing) -> None:
    with TemporaryDirectory() as folder:
        groups = asyncio.run(written(Path(folder), [first, second]))
    for group in groups:
        check(group)


@pytest.mark.kill
async def test_two_writers_with_many_turns(tmp_path: Path) -> None:
    plan = [(kind, text) for _ in range(4) for kind in KINDS for text in ("a", "b!")]
    groups = await written(tmp_path, [plan, plan[::-1]])
    assert len(groups) == 2 * len(plan)
    for group in groups:
        check(group)
