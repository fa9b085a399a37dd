"""What a member of each shape is handed in every role, as the reference says it."""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import pytest

from podium import App, agent
from podium.model.facts.calls import Asked, UndoRegistered
from podium.model.json import Json, is_object
from podium.patterns import sequence, vote
from podium.patterns.building.inputs import as_text, reads
from podium.patterns.building.members import Member
from podium.testing import DrivenClock
from tests.catalogue.roles import ROLES
from tests.catalogue.roles.role import PROBE, RoleEntry, Shape, member

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/reference/patterns.md"
HEAD = "| Pattern | Role | Parts | A model or a person | A function of one text | A function of one thing |"
ALL = "all"
SHOWN: Sequence[Shape] = ("anything", "text", "reader", "person")


async def test_the_reference_says_what_each_member_is_handed_in_each_role() -> None:
    clock = DrivenClock()
    async with App.open(":memory:", clock=clock) as app:
        rows = [await row(app, clock, entry) for entry in ROLES if entry.parts]
    told = PAGE.read_text().partition(HEAD)[2].partition("\n\n")[0].splitlines()[2:]
    assert told == rows, "\n".join(rows)


async def row(app: App, clock: DrivenClock, entry: RoleEntry) -> str:
    """Return what the reference has to say of a role."""
    given = {shape: await handed(app, clock, entry, shape) for shape in (*SHOWN, "parameters")}
    named = given["parameters"] if len(entry.parts) > 1 else [{entry.parts[0]: each} for each in given["parameters"]]
    if len(entry.parts) > 1:
        by_workflow = await handed(app, clock, entry, "workflow")
        assert list(map(list, by_workflow)) == list(map(list, named)), f"{entry.id}: a workflow is told less"
    cells = {
        shape: [described(each, parts, entry.whole) for each, parts in zip(given[shape], named, strict=True)]
        for shape in SHOWN
    }
    assert cells["reader"] == cells["person"], f"{entry.id}: a model is told other things than a person"
    plain = [
        isinstance(each, str) or cell == ALL for each, cell in zip(given["anything"], cells["anything"], strict=True)
    ]
    if any(plain):  # what is no text is told in words, as the reference says of all roles
        cells["text"] = [cell for cell, each in zip(cells["text"], plain, strict=True) if each]
    parts = ", ".join(f"`{each}`" for each in entry.parts)
    shown = (", then ".join(dict.fromkeys(cells[shape])) for shape in ("reader", "text", "anything"))
    return f"| `{entry.pattern}` | {entry.role} | {parts} | {' | '.join(shown)} |"


async def handed(app: App, clock: DrivenClock, entry: RoleEntry, shape: Shape | Literal["workflow"]) -> list[Json]:
    """Return the inputs of the member that fills the role, call by call."""
    handle = await entry.played(app, clock, shape, f"{entry.id}_{shape}")
    asked = [fact for fact in await handle.facts() if isinstance(said := fact.content, Asked) and said.agent == PROBE]
    undo = [fact for fact in await handle.facts() if isinstance(fact.content, UndoRegistered)]
    return [fact.value() for fact in undo or asked]


def described(given: Json, named: dict[str, Json], whole: str) -> str:
    """Return which of the parts a member was handed that does not take them by name."""
    saying = [name for name, value in named.items() if value not in ({}, [])]
    names = list(given) if is_object(given) else re.findall(r"(?:^|\n\n)(\w+):\n", str(given))
    if len(names) > 1 and names in (saying, list(named)):
        return ALL
    found = [
        name
        for name, value in named.items()
        if alike(given, value) or given in (as_text(value), f"{name}:\n{as_text(value)}")
    ]
    assert found or whole, f"{given!r} is none of {named}"
    return f"`{found[0]}`" if found else whole


def alike(one: Json, other: Json) -> bool:
    """Whether two values are the same, but for ids and times in them."""
    return one == other or (is_object(one) and is_object(other) and one.keys() == other.keys() and "id" in one)


def test_every_role_of_every_pattern_is_in_the_catalogue() -> None:
    filled = {(entry.pattern, entry.role) for entry in ROLES}
    made = set(roles_in_code())
    assert {
        (pattern, title)
        for pattern, title in made
        if not any(pattern == of and role.startswith(title) for of, role in filled)
    } == set()
    assert len(made) > 30, "the calls of Role are not found any more"


def roles_in_code() -> Iterator[tuple[str, str]]:
    """Give pattern and title of each role that the code makes; of a title that is worded when it runs how it begins."""
    for path in (ROOT / "src/podium/patterns").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).partition("[")[0] == "Role":
                match node.args[:2]:
                    case [ast.Constant(str(pattern)), ast.Constant(str(title))]:
                        yield pattern, title
                    case [ast.Constant(str(pattern)), ast.JoinedStr([ast.Constant(str(title)), *_])]:
                        yield pattern, title.strip()
                    case _:  # `adaptive` calls whom it chooses by the names in its rule, `magentic` those it finds
                        pass


@agent
async def clean(text: str) -> str:
    return text.strip()


@pytest.mark.parametrize("team", [False, True])
def test_a_model_is_told_all_and_so_is_a_team_that_begins_with_one(*, team: bool) -> None:
    model = member("reader", [], [])
    assert reads(vote(sequence(model, clean), clean) if team else model)


@pytest.mark.parametrize("other", [clean, "model", sequence(clean, member("reader", [], []))])
def test_others_are_handed_one_thing(other: Member) -> None:
    assert not reads(other)
