"""The quality check: decides whether a draft may go out, or a person has to see it."""

import re

from staff.handbook import handbook
from staff.papers import Review, Verdict

_SURE = 0.95
_COVERED = 0.15
_QUOTE = re.compile(r"^> ?(.*)$", re.MULTILINE)


def check(review: Review) -> Verdict:
    """Send what is safe to send: sure of its page, true to it, and for nobody who needs a person."""
    draft, case = review.draft, review.case
    reasons = list(case.sorting.signs)
    if draft.page is None:
        reasons.append("no page of the handbook answers this")
        return Verdict(send=False, reasons=reasons)
    if draft.confidence < _SURE:
        reasons.append(f"not sure of the page ({draft.confidence:.0%})")
    if case.finding.coverage < _COVERED:
        reasons.append(f"most of the message is not about the page ({case.finding.coverage:.0%} is)")
    if not _is_true_to(draft.page, draft.text):
        reasons.append("the draft quotes what the handbook does not say")
    return Verdict(send=not reasons, reasons=reasons)


def _is_true_to(slug: str, text: str) -> bool:
    """Whether every quoted line stands on the page."""
    page = handbook().get(slug)
    quoted = [line.strip() for line in _QUOTE.findall(text) if line.strip()]
    return page is not None and bool(quoted) and all(line in page.text for line in quoted)
