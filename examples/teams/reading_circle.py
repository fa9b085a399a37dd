"""A reading circle: everybody hears everything, a host says who speaks next.

It is over once the reader has said that they agree and three have spoken, or a person sends the signal `stop`, or it
has cost a cent: ends combine.

python examples/teams/reading_circle.py
"""

from typing import Literal

from played import model, play
from podium.patterns import after, group_chat, mentions, signalled, spent
from podium.testing import Give

historian = model("historian", "Know the time of the book.", "In 1911 nobody took a lighthouse for a symbol.")
poet = model(
    "poet",
    "Hear how it sounds.",
    "The lighthouse stands for what he cannot say.",
    "Then let us say: a lighthouse, and what he cannot say.",
)
reader = model("reader", "Say what an ordinary reader feels. Say AGREED once you do.", "AGREED, that is how I read it.")
host = model(
    "host",
    "Say who speaks next.",
    Give("poet"),
    Give("historian"),
    Give("poet"),
    Give("reader"),
    output=Literal["historian", "poet", "reader"] | None,
)

reading_circle = group_chat(
    historian, poet, reader,
    next_speaker=host, until=mentions("AGREED", by="reader") & after(3) | signalled("stop") | spent(usd=0.01),
    turns=8, name="reading_circle",
)  # fmt: skip

if __name__ == "__main__":
    play(reading_circle, "What does the lighthouse mean?")
