"""The responder: decides which page answers, and quotes from it what the customer asked for."""

from collections import Counter

from staff.handbook import HandbookPage, handbook
from staff.papers import Case, Draft, Page
from staff.reading import is_german, without_orders
from staff.search import Field, Index, weigh
from staff.words import words

_NO_PAGE = ("complaint", "other")
_TRUST = 0.1
"""What a page keeps of its score if the classifier rules its category out."""
_DOUBT = 0.85
_THIN = 0.14
"""Where confidence and coverage are both below these, several pages fit a little, and most likely none answers."""
_SECTIONS = 2


def respond(case: Case) -> Draft:
    """Draft an answer out of the handbook."""
    page, confidence = _chosen(case)
    if isinstance(page, str):
        return Draft(category=page, page=None, text="", confidence=confidence)
    quoted = _quotes(handbook()[page.slug], f"{case.ticket.subject}\n{without_orders(case.ticket.body)}")
    text = _letter(page, quoted, german=is_german(case.ticket.body))
    return Draft(category=page.category, page=page.slug, text=text, confidence=confidence)


def _chosen(case: Case) -> tuple[Page | str, float]:
    """Return the page that fits both what was found and how it was sorted, or the category of what no page answers."""
    odds, finding = case.sorting.odds, case.finding
    if case.sorting.category in _NO_PAGE and odds.get(case.sorting.category, 0.0) == 1:
        return case.sorting.category, 1.0
    weights = {page.slug: page.score * (_TRUST + odds.get(page.category, 0.0)) for page in finding.pages}
    weights |= {category: score * (_TRUST + odds.get(category, 0.0)) for category, score in finding.beyond.items()}
    if not weights:
        return case.sorting.category, odds.get(case.sorting.category, 0.0)
    best = max(weights, key=lambda label: weights[label])
    confidence = weights[best] / sum(weights.values())
    page = next((page for page in finding.pages if page.slug == best), None)
    if page is None:
        return best, confidence
    if confidence < _DOUBT and finding.coverage < _THIN:
        return page.category, 1 - confidence
    return page, confidence


def _quotes(page: HandbookPage, message: str) -> list[str]:
    """Return the sections of a page that know most of the message's words, in the order of the page."""
    index = Index(
        weigh({each.heading: [Field(words(f"{each.heading}\n{each.text}"))] for each in page.sections if each.heading})
    )
    scores = Counter(index.search(dict.fromkeys(words(message), 1.0)))
    best = [heading for heading, score in scores.most_common(_SECTIONS) if score > 0]
    sections = [each for each in page.sections if each.heading in best] or page.sections[:1]
    return [f"{each.heading}\n{each.text}" if each.heading else each.text for each in sections]


def _letter(page: Page, quoted: list[str], *, german: bool) -> str:
    source = f"{page.title} (handbook/{page.slug}.md)"
    opening, closing = (
        (f"Guten Tag,\n\nunser Handbuch (auf Englisch) sagt dazu unter „{source}“:", "Freundliche Grüße\nPlover")
        if german
        else (f"Hello,\n\nour handbook says about this, under “{source}”:", "Kind regards\nPlover")
    )
    body = "\n\n".join("\n".join(f"> {line}" for line in part.splitlines()) for part in quoted)
    return f"{opening}\n\n{body}\n\n{closing}"
