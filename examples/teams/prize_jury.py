"""A prize jury: a judge picks one of three citations, a chair breaks the tie of a vote, a mediator ends a debate.

Judges see letters in an order drawn by lot, so these two read which letter stands for what. The first one names no
letter at first, is told, and asked again.

python examples/teams/prize_jury.py
"""

import re
from collections.abc import Callable
from typing import Literal

from played import model, play
from podium.patterns import Ruling, debate, ensemble, parallel, vote
from podium.testing import Give

BOOKS = Literal["The Well", "Salt"]


def picks(work: str, reasons: str) -> Callable[[str], Give]:
    """Return a judge's ruling for the work that begins so, by the letter under which it stands."""

    def ruling(asked: str) -> Give:
        found = re.search(rf'"?([A-Z])"?: "?{work}', asked)
        return Give(Ruling(winner=found[1] if found else "", reasons=reasons))

    return ruling


citation = ensemble(
    model("plain", "Write a plain citation.", "For a book that is exact about water."),
    model("grand", "Write a grand citation.", "For a monument of world literature."),
    model("short", "Write a short citation.", "For clarity."),
    judge=model(
        "reviser",
        "Pick the citation that says most in the fewest words.",
        Give(Ruling(winner="The first one", reasons="It is exact.")),
        picks("For a book", "It is exact."),
        output=Ruling,
    ),
    name="citation",
)  # fmt: skip

winner = vote(
    model("ann", "Vote for the better book.", Give("The Well"), output=BOOKS),
    model("ben", "Vote for the better book.", Give("Salt"), output=BOOKS),
    decide="plurality",
    tie=model("chair", "Break the tie.", Give("The Well"), output=BOOKS),
    options=["The Well", "Salt"],
    name="winner",
)

prize = debate(
    model("thrifty", "Speak for the treasury.", "EUR 1000", "Too dear.", "EUR 2000"),
    model("generous", "Speak for the authors.", "EUR 5000", "Too mean.", "EUR 4000"),
    rounds=1,
    judge=model("mediator", "Pick the sum that you find fair.", picks("EUR 4000", "It is fair."), output=Ruling),
    name="prize",
)  # fmt: skip

prize_jury = parallel(citation, winner, prize, name="prize_jury")

if __name__ == "__main__":
    play(prize_jury, "The Well, or Salt?")
