"""A translation office: a cheap translator first, and a dear one where a reader does not trust what came out.

A proof-reader lets nothing pass that leaves a word out: what it sends back goes to the editor, with the reasons.

python examples/teams/translation_office.py
"""

from played import model, play
from podium.patterns import Check, cascade, gate, sequence
from podium.testing import Give

apprentice = model("apprentice", "Translate quickly.", "The worm is in the apple tree.")
master = model("master", "Translate with care.", "Now the worm is in it.")
reader = model("reader", "Say whether this is what the text means.", Give(value=False), output=bool)

translated = cascade(apprentice, master, confident=reader)

editor = model("editor", "Make it read well.", "The worm is in it.", "Now the worm is in it: something is wrong.")
proof = model(
    "proof",
    "Say whether anything is left out.",
    Give(Check(passed=False, reasons="'Now' is left out.")),
    Give(Check(passed=True)),
    output=Check,
)

translation_office = sequence(
    translated, lambda found: found.value, gate(proof, worker=editor, fails="back"), name="translation_office"
)

if __name__ == "__main__":
    play(translation_office, "Da ist jetzt der Wurm drin.")
