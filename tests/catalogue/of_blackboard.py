"""`blackboard`."""

from typing import Any

from podium import agent
from podium.model.json import Json
from podium.patterns.blackboard import blackboard
from podium.patterns.parts.board import Board, watch
from podium.patterns.sequence import sequence
from tests.catalogue.entry import Entry


def blackboard_first(task: str) -> dict[str, Json]:
    return {"task": task, "found": [], "said": []}


def both(old: list[str], new: list[str]) -> list[str]:
    return sorted({*old, *new})


@agent
async def blackboard_left(board: dict[str, Any]) -> dict[str, Any]:
    return {"found": [*board["found"], "left"], "said": both(board["said"], ["left"])}


@agent
async def blackboard_right(board: dict[str, Any]) -> dict[str, Any]:
    return {"found": [*board["found"], "right"], "said": both(board["said"], ["right"])}


def blackboard_task(board: dict[str, Any]) -> str:
    return board["task"]


def blackboard_echoed(text: str) -> dict[str, Json]:
    return {"echoed": bool(text)}


@agent
async def blackboard_judge(board: dict[str, Any]) -> dict[str, Any]:
    return {"verdict": len(board["found"]), "task": None}


def no_left(board: dict[str, Any]) -> bool:
    return "left" not in board["found"]


def no_right(board: dict[str, Any]) -> bool:
    return "right" not in board["found"]


def not_echoed(board: dict[str, Any]) -> bool:
    return "echoed" not in board


def all_there(board: dict[str, Any]) -> bool:
    return len(board["found"]) == 2 and "echoed" in board


def decided(board: dict[str, Any]) -> bool:
    return "verdict" in board


def blackboard_summary(board: Board) -> Json:
    return [{**board.entries, "found": sorted(board.entries["found"])}, board.ended, board.acts]


ENTRY = Entry(
    build=lambda slot: sequence(
        blackboard_first,
        blackboard(
            watch(blackboard_left, when=no_left),
            watch(blackboard_right, when=no_right),
            watch(sequence(blackboard_task, slot, blackboard_echoed), when=not_echoed, once=True),
            watch(blackboard_judge, when=all_there),
            until=decided,
            merge={"said": both},
        ),
        blackboard_summary,
    ),
    gives=[{"echoed": True, "found": ["left", "right"], "said": ["left", "right"], "verdict": 2}, "decision", 5],
)
