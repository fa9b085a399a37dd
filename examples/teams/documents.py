"""Documents are read, sorted and summed up, in that order; the texts in `data/documents` are made up.

podium run examples/teams/documents.py --input '"lease"'
"""

import re
from dataclasses import dataclass
from pathlib import Path

from podium import agent
from podium.patterns import sequence

FOLDER = Path(__file__).parent / "data" / "documents"
SIGNS = {
    "invoice": ("invoice", "total due", "pay within", "delivery"),
    "contract": ("agreement", "shall", "party", "notice", "tenant"),
    "complaint": ("disappointed", "return my money", "take", "dear", "does not fit"),
}
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DATE = re.compile(rf"\b\d{{1,2}} (?:{MONTHS}) \d{{4}}")
SENTENCE = re.compile(r"(?<=[a-z0-9][.?!]) +")
AMOUNT = re.compile(r"EUR\s+([\d,]+\.\d\d)")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What stands in a document."""

    text: str
    dates: list[str]
    amounts: list[float]


@dataclass(frozen=True, kw_only=True)
class Sorted:
    """A document, and which kind it is; `sure` is the share of signs that speak for that kind."""

    facts: Facts
    kind: str
    sure: float


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What somebody needs to know before they open it."""

    kind: str
    gist: str
    dates: list[str]
    largest: float


@agent
def extract(name: str) -> Facts:
    """Read a document and find its dates and amounts."""
    path = FOLDER / f"{name}.txt"
    if not path.is_file():
        raise FileNotFoundError(
            f"no document {name!r}: there is {', '.join(sorted(each.stem for each in FOLDER.iterdir()))}"
        )
    text = path.read_text(encoding="utf-8")
    amounts = [float(amount.replace(",", "")) for amount in AMOUNT.findall(text)]
    return Facts(text=text, dates=list(dict.fromkeys(DATE.findall(text))), amounts=amounts)


@agent
def classify(facts: Facts) -> Sorted:
    """Say which kind of document it is, by the signs it shows."""
    text = facts.text.lower()
    found = {kind: sum(text.count(sign) > 0 for sign in signs) for kind, signs in SIGNS.items()}
    kind = max(found, key=lambda each: found[each])
    return Sorted(facts=facts, kind=kind, sure=found[kind] / max(1, sum(found.values())))


@agent
def summarise(document: Sorted) -> Summary:
    """Take the sentence that shows most signs of the kind; of several, the first one."""
    paragraphs = [" ".join(each.split()) for each in document.facts.text.split("\n\n") if "  " not in each.strip()]
    sentences = [each for paragraph in paragraphs for each in SENTENCE.split(paragraph) if len(each.split()) > 4]
    gist = max(sentences, key=lambda each: sum(sign in each.lower() for sign in SIGNS[document.kind]))
    amounts = document.facts.amounts
    return Summary(kind=document.kind, gist=gist, dates=document.facts.dates, largest=max(amounts, default=0.0))


documents = sequence(extract, classify, summarise, name="documents")
