"""The text: written, checked against its sources, edited."""

import math
import re

from podium import agent
from podium.patterns import Check
from staff.papers import Brief, Draft, Passage
from staff.words import NUMBER, content_words, sentences_of

_SHARED = 0.6
"""Share of a sentence's words that have to stand in its source."""
_LONGEST = 22
_FILLERS = re.compile(r"\b(?:very|really|quite|simply|basically) ", re.IGNORECASE)
_WORDY = {"in order to": "to", "a large number of": "many", "due to the fact that": "because", "at the moment": "now"}


@agent
def write(task: Brief, output: Draft | None = None, reasons: str = "") -> Draft:
    """Retell the passages, numbers rounded so that they read well; what was sent back is told as the source has it."""
    refused = {int(number) for number in re.findall(r"^sentence (\d+)", reasons, re.MULTILINE)}
    before = task.passages if output is None else output.sentences
    told = [
        passage if n in refused or (output is not None and said == passage) else _readable(passage)
        for n, (passage, said) in enumerate(zip(task.passages, before, strict=True), 1)
    ]
    return Draft(brief=task, sentences=told)


def _readable(passage: Passage) -> Passage:
    return Passage(source=passage.source, text=NUMBER.sub(_rounded, passage.text))


def _rounded(number: re.Match[str]) -> str:
    value = float(number[0])
    digits = 10 ** max(0, math.floor(math.log10(value))) if value else 1
    return f"{round(value / digits) * digits:g}"


@agent
def check_facts(output: Draft) -> Check:
    """Hold each sentence against the page it names: its numbers have to stand there, and most of its words."""
    wrong: list[str] = []
    for n, said in enumerate(output.sentences, 1):
        source = " ".join(each.text for each in output.brief.passages if each.source == said.source)
        invented = sorted(set(NUMBER.findall(said.text)) - set(NUMBER.findall(source)))
        words = content_words(said.text)
        known = sum(word in set(content_words(source)) for word in words)
        if invented:
            wrong.append(f"sentence {n}: {said.source} does not say {', '.join(invented)}")
        elif known < _SHARED * len(words):
            wrong.append(f"sentence {n}: is not what {said.source} says")
    return Check(passed=not wrong, reasons="\n".join(wrong))


@agent
def edit(draft: Draft) -> Draft:
    """Take out fillers and wordy phrases, and break sentences that are too long at a semicolon."""
    edited: list[Passage] = []
    for said in draft.sentences:
        text = _FILLERS.sub("", said.text)
        for wordy, short in _WORDY.items():
            text = re.sub(rf"\b{wordy}\b", short, text, flags=re.IGNORECASE)
        parts = text.split("; ") if len(text.split()) > _LONGEST else [text]
        ended = [f"{part[0].upper()}{part[1:]}" + ("" if part[-1] in ".!?" else ".") for part in parts]
        edited.extend(Passage(source=said.source, text=each) for part in ended for each in sentences_of(part))
    return Draft(brief=draft.brief, sentences=edited)
