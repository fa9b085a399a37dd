"""An observatory: an analyst looks at the task, and says which team does it; here those who watch one board.

Two models read the board side by side and post what they find; a third concludes once both have. A task of one part
would have gone to one astronomer, one that cannot be divided to those who write letters to each other.

python examples/teams/observatory.py
"""

from typing import Any

from played import model, play
from podium.patterns import (
    Outgoing,
    PeerReply,
    Scaling,
    ShapedTask,
    TaskShape,
    adaptive,
    blackboard,
    cel,
    mesh,
    sequence,
    watch,
)
from podium.testing import Give

POST = dict[str, Any] | None

analyst = model(
    "analyst",
    "Say of which parts a task is made, and what they need of each other.",
    Give(TaskShape(tasks=[ShapedTask(id="light", after=["verdict"]), ShapedTask(id="verdict", after=["light"])])),
    Give(TaskShape(tasks=[ShapedTask(id="light", coupling=0.1), ShapedTask(id="orbit", coupling=0.1)], kind="object")),
    output=TaskShape,
)
astronomer = model("astronomer", "Do what one can do alone.", "A star.")

board = blackboard(
    watch(
        model("photometer", "Measure the light.", Give({"light": "dims every 3 days"}), output=POST),
        when=cel("!has(board.light)"), once=True,
    ),
    watch(
        model("orbits", "Work out the orbit.", Give({"orbit": "of 3 days, close in"}), output=POST),
        when=cel("!has(board.orbit)"), once=True,
    ),
    watch(
        model("concluder", "Conclude from light and orbit.", Give({"verdict": "a planet"}), output=POST),
        when=cel("has(board.light) && has(board.orbit)"), once=True,
    ),
    until=cel("has(board.verdict)"),
)  # fmt: skip


def pinned(task: str) -> dict[str, str]:
    """Put the task on the board."""
    return {"task": task}


north = Give(PeerReply(messages=[Outgoing(to="south", type="seen?")]))
letters = mesh(
    model("north", "Watch the northern sky.", north, output=PeerReply),
    model("south", "Watch the southern sky.", Give(PeerReply(answer="Nothing here.")), output=PeerReply),
    name="letters",
)
at_the_board = sequence(pinned, board, lambda seen: seen.entries["verdict"], name="at_the_board")

observatory = adaptive(
    astronomer,
    analyst=analyst,
    rule=Scaling(centralised=at_the_board, decentralised=letters),
    name="observatory",
)

if __name__ == "__main__":
    play(observatory, "What is the object at 41 degrees?")
