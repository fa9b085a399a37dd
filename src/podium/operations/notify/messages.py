"""The messages that people are sent."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from podium.formats.printable import in_line, printable
from podium.formats.spans import ahead, moment_in_words
from podium.model.question import Question
from podium.operations.notify.memory import NoticeReason
from podium.secrets.masking import MASKING

MOST = 20
"""Questions that one message tells of one by one."""
_LONGEST = 600
_TITLE = 80
_CALL = re.compile(r"@(?=(?:everyone|here|channel|all)\b|[&!]?\d)", re.IGNORECASE)
"""How chats call everybody, or somebody or a role by number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionNotice:
    """That a question waits, why that is told now, and the link with which it is answered, where there is one."""

    question: Question
    why: NoticeReason
    link: str | None
    by: str = ""
    """Who gave it to whoever has it now, or said something of it, where that is why."""


@dataclass(frozen=True, slots=True)
class NoticeText:
    """What is sent."""

    title: str
    body: str


def message(notices: Sequence[QuestionNotice], more: int, now: float, zone: tzinfo) -> NoticeText:
    """Return one message about questions, and about so many more, with the times of a time zone."""
    blocks = [_block(each, now, zone) for each in notices]
    if more:
        blocks.append(f"{more} more wait: `podium inbox list` shows them.")
    if len(notices) == 1 and not more:
        return NoticeText(_title(notices[0]), f"{blocks[0]}\n")
    return NoticeText(f"{len(notices) + more} questions wait for you", "\n\n---\n\n".join(blocks) + "\n")


def _calling_nobody(text: str) -> str:
    """Return a text as it reads, which calls nobody in a chat: what a question says must not wake a whole channel."""
    return _CALL.sub("@\u2060", text)


def _title(notice: QuestionNotice) -> str:
    text = _calling_nobody(in_line(MASKING.text(notice.question.ask.text.strip().split("\n")[0])))
    short = text if len(text) <= _TITLE else f"{text[: _TITLE - 1]}…"
    return f"{_before(notice)}{short}"


def _before(notice: QuestionNotice) -> str:
    """Return why it is told, as what stands before the text of the question."""
    match notice.why:
        case NoticeReason.ASSIGNED:
            return f"Given to {in_line(notice.question.assignee or notice.question.ask.to)}: "
        case NoticeReason.COMMENTED:
            return f"{in_line(notice.by) or 'Somebody'} commented on: "
        case _:
            return _BEFORE[notice.why]


_BEFORE = {
    NoticeReason.OPENED: "",
    NoticeReason.ESCALATED: "Passed on to you: ",
    NoticeReason.REMINDED: "Still open: ",
    NoticeReason.EXPIRES: "Ends soon: ",
}


def _block(notice: QuestionNotice, now: float, zone: tzinfo) -> str:
    question = notice.question
    text = _calling_nobody(printable(MASKING.text(question.ask.text.strip())))
    lines = [f"{_before(notice)}{text if len(text) <= _LONGEST else f'{text[:_LONGEST]}…'}", ""]
    lines.append(f"Asked of {in_line(question.ask.to)}, by run {question.run}.")
    if notice.why is NoticeReason.ASSIGNED and notice.by:
        lines.append(f"{in_line(notice.by)} gave it to {in_line(question.assignee or question.ask.to)}.")
    if question.deadline is not None:
        lines.append(f"Answer by {moment_in_words(question.deadline, zone)}, {ahead(question.deadline, now)}.")
    if notice.link is None:
        lines.append(f"Answer with: podium inbox show {question.id}")
        return "\n".join(lines)
    lines += ["", notice.link, "The link is for you alone: whoever has it answers in your name."]
    return "\n".join(lines)
