"""A newsroom: the editor in chief delegates, reads what comes back, and prints; the copy desk is a team of its own.

The editor first gives work to somebody who is not there, is told, and asked again.

python examples/teams/newsroom.py
"""

from dataclasses import dataclass

from played import model, play
from podium.patterns import Assignment, Delegate, Finish, cel, refine, supervisor
from podium.testing import Give, Use


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the critic thinks of a draft."""

    score: float
    why: str


def archive(word: str) -> str:
    """Look a word up in the archive."""
    return {"bridge": "The old bridge was closed on 3 May 2031."}.get(word, "nothing")


reporter = model(
    "reporter",
    "Find facts. Look everything up in the archive.",
    Use("archive", {"word": "bridge"}),
    "The bridge has been closed since 3 May 2031.",
    tools=[archive],
)
writer = model(
    "writer",
    "Write a short piece.",
    "It has come to our attention that a certain bridge may be closed.",
    "Closed since 3 May: the old bridge.",
)
critic = model(
    "critic",
    "Judge a draft: is it short and exact?",
    Give(Verdict(score=0.2, why="It says neither which bridge nor since when.")),
    Give(Verdict(score=0.9, why="Good.")),
    output=Verdict,
)
copy_desk = refine(
    writer,
    critic,
    until=cel("verdict.score >= 0.8"),
    score=cel("verdict.score"),
    name="copy_desk",
    description="Writes a piece of facts, and polishes it.",
)

editor = model(
    "editor",
    "Delegate to your people until there is a piece to print.",
    Give(Delegate(assignments=[Assignment(to="photographer", input="the bridge")])),
    Give(Delegate(assignments=[Assignment(to="reporter", input="What is known of the bridge?")])),
    Give(Delegate(assignments=[Assignment(to="copy_desk", input="The bridge has been closed since 3 May 2031.")])),
    Give(Finish(answer="Closed since 3 May: the old bridge.")),
    output=Delegate | Finish,
)

newsroom = supervisor(editor, [reporter, copy_desk], must_delegate=True, gives=str, name="newsroom")

if __name__ == "__main__":
    play(newsroom, "Is there anything about the bridge?")
