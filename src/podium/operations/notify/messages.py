"""The messages that people are sent."""

from collections.abc import Sequence
from dataclasses import dataclass

from podium.formats.printable import in_line, printable
from podium.formats.spans import ahead, moment_in_words
from podium.model.question import Question
from podium.operations.notify.memory import NoticeReason
from podium.secrets.masking import MASKING

MOST = 20
"""Questions that one message tells of one by one."""
_LONGEST = 600
_TITLE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionNotice:
    """That a question waits, why that is told now, and the link with which it is answered, where there is one."""

    question: Question
    why: NoticeReason
    link: str | None


@dataclass(frozen=True, slots=True)
class NoticeText:
    """What is sent."""

    title: str
    body: str


def message(notices: Sequence[QuestionNotice], more: int, now: float) -> NoticeText:
    """Return one message about questions, and about so many more."""
    blocks = [_block(each, now) for each in notices]
    if more:
        blocks.append(f"{more} more wait: `podium inbox list` shows them.")
    if len(notices) == 1 and not more:
        return NoticeText(_title(notices[0]), f"{blocks[0]}\n")
    return NoticeText(f"{len(notices) + more} questions wait for you", "\n\n---\n\n".join(blocks) + "\n")


def _title(notice: QuestionNotice) -> str:
    text = in_line(MASKING.text(notice.question.ask.text.strip().split("\n")[0]))
    short = text if len(text) <= _TITLE else f"{text[: _TITLE - 1]}…"
    return f"{_BEFORE[notice.why]}{short}"


_BEFORE = {
    NoticeReason.OPENED: "",
    NoticeReason.ESCALATED: "Passed on to you: ",
    NoticeReason.REMINDED: "Still open: ",
    NoticeReason.EXPIRES: "Ends soon: ",
}


def _block(notice: QuestionNotice, now: float) -> str:
    question = notice.question
    text = printable(MASKING.text(question.ask.text.strip()))
    lines = [f"{_BEFORE[notice.why]}{text if len(text) <= _LONGEST else f'{text[:_LONGEST]}…'}", ""]
    lines.append(f"Asked of {in_line(question.ask.to)}, by run {question.run}.")
    if question.deadline is not None:
        lines.append(f"Answer by {moment_in_words(question.deadline)}, {ahead(question.deadline, now)}.")
    if notice.link is None:
        lines.append(f"Answer with: podium inbox show {question.id}")
        return "\n".join(lines)
    lines += ["", notice.link, "The link is for you alone: whoever has it answers in your name."]
    return "\n".join(lines)
