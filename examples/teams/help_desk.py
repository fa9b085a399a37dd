"""A help desk: a classifier opens the door, then whoever has the customer either answers or hands over.

Which of the two it is, a model says by the type of its answer. Billing needs the number of the order in the note: the
front desk forgets it once, is told, and asked again. Who comes later reads a summary, not the whole talk.

python examples/teams/help_desk.py
"""

from typing import Literal

from played import model, play
from podium.patterns import Answer, HandOff, handoff, route
from podium.testing import Give, Use

EITHER = HandOff | Answer

front = model(
    "front",
    "Greet customers; hand over what is about money.",
    Give(HandOff(to="billing", reason="charged twice")),
    Give(HandOff(to="billing", reason="charged twice", context={"order": "4711"})),
    output=EITHER,
)
accounts = model("accounts", "Know what was charged for an order.", "Order 4711 was charged on 2 and on 3 May.")
billing = model(
    "billing",
    "Correct bills. Ask accounts what was charged.",
    Use("accounts", {"input": "order 4711"}),
    Give(HandOff(to="retention", reason="they want to leave", context={"refund": "EUR 18"})),
    tools=[accounts],
    output=EITHER,
)
retention = model(
    "retention",
    "Win customers back who want to leave.",
    Give(Answer(answer="We return EUR 18, and the next month is on us.")),
    output=EITHER,
)
summarizer = model("summarizer", "Sum up what happened.", "Charged twice.", "Charged twice for 4711; EUR 18 go back.")

talk = handoff(
    front, billing, retention,
    allowed={"front": ["billing"], "billing": ["retention"]}, needs={"billing": ["order"]},
    history="summary", summarizer=summarizer, gives=str, description="Talks with customers.",
)  # fmt: skip

doorman = model(
    "doorman",
    "Say where a message belongs.",
    Give("complaint"),
    output=Literal["complaint", "praise"],
)
thanks = model("thanks", "Thank for praise.", "Thank you!")

help_desk = route({"complaint": talk, "praise": thanks}, doorman, name="help_desk")

if __name__ == "__main__":
    play(help_desk, "You charged me twice for #4711, and I have had enough of you.")
