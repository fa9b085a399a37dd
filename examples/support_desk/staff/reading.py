"""Reads a message: its sentences, without orders to the software, and the signs that a person should see it."""

import re

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_ORDER = re.compile(
    r"(ignore|disregard|forget|override|bypass)\b.{0,40}\b(instruction|rule|prompt|polic|guideline|earlier|previous|above)"
    r"|system (prompt|notice|message|override)|\[/?(system|inst|admin)|<\|?/?(system|im_start|assistant)|you are (now|no longer) "
    r"|(print|reveal|output|show|repeat) .{0,40}(prompt|instructions|e-?mail addresses|other (customers|tickets|users))"
    r"|note to (the )?(assistant|ai|bot|model)|(as|dear) (an )?(ai|assistant|chatbot|language model)\b|developer mode|jailbreak|no restrictions"
    r"|(reply|respond|answer|confirm) (only )?with\b|override key|do not (forward|mention|escalate|tell)|pre-?approved"
    r"|(mark|classify|label|tag|close) this (ticket|message|mail)|you (must|are authori[sz]ed)"
    r"|(vergiss|ignorier|missacht).{0,40}(anweisung|regel|vorgabe)|systemanweisung|ab (jetzt|sofort) (antwort|bist) ?(est)? du|du bist (jetzt|nun)"
    r"|antworte (nur|ausschließlich|in|mit)|an (den|die) (ki|assistenten|bot)\b|interne notiz",
    re.IGNORECASE,
)
_COMPLAINT = re.compile(
    r"compensat|damages|goodwill|\bsue\b|\bsuing\b|lawyer|solicitor|attorney|legal (action|steps|proceedings)|\bcourt\b|proceedings|ombudsman"
    r"|liab(le|ility)|(speak|talk|speaking|talking|call|phone).{0,25}(manager|supervisor|human|real person|somebody|someone in charge)"
    r"|(real|actual|living) (person|human)|(person|someone|somebody|manager|whoever is) in charge|your (boss|manager|ceo|superior)|formal complaint|apolog(y|ise|ize)\b"
    r"|say sorry|special (offer|price|deal)|make (me )?an offer|better offer|match (the|their|that) (price|offer)|consumer (protection|agency|advice)"
    r"|schadens?ersatz|entschädig|anwalt|anwält|rechtlich|klage\b|gericht|vorgesetzt|beschwer|entschuldig(ung|en sie)|wiedergutmach|geschäftsführ(er|ung) sprechen"
    r"|verbraucher(zentrale|schutz)|(menschen?|jemand(en)?) (mit|sprechen|anruf)|echten? mensch|kulanz|sonderpreis|sonderangebot|verantwortlich(e|en)\b|fristsetzung|unverschämt",
    re.IGNORECASE,
)
_GERMAN = frozenset("der die das und ist nicht ich wir ein eine mit für auf habe haben wie kann bitte von den dem zu".split())
_CLOSE = re.compile(
    r"^(kind|best|warm|many)?\s*(regards|wishes|thanks|thank you|cheers|thx|yours|sincerely|mit freundlichen|viele gr|gr(u|ü)ß|danke|besten dank|lg|mfg)",
    re.IGNORECASE,
)


def sentences(text: str) -> list[str]:
    """Return the sentences of a message in order."""
    return [each.strip() for each in _SENTENCE.split(text) if each and each.strip()]


def orders(text: str) -> list[str]:
    """Return the sentences that try to give orders to the software; they are never followed."""
    return [each for each in sentences(text) if _ORDER.search(each)]


def without_orders(text: str) -> str:
    """Return the message without sentences that order the software about, and without greeting and signature."""
    kept: list[str] = []
    for each in sentences(text):
        if _ORDER.search(each):
            continue
        if _CLOSE.match(each) and len(each.split()) < 6 and len(kept) > 1:  # noqa: PLR2004 - a closing line is short
            break
        kept.append(each)
    return "\n".join(kept)


def complaints(text: str) -> list[str]:
    """Return the words by which the sender asks for a person in charge, an apology or compensation, or threatens."""
    return [match.group(0).lower() for match in _COMPLAINT.finditer(text)]


def is_german(text: str) -> bool:
    """Whether a message is written in German rather than English."""
    found = text.lower().split()
    return sum(word.strip(".,!?") in _GERMAN for word in found) > 0.06 * len(found)
