"""What was sent to models, for people and for programs."""

import dataclasses
import json
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from shutil import get_terminal_size

from podium.cli.console import CONSOLE
from podium.cli.output import count, duration, iso, moment, money
from podium.formats.printable import printable
from podium.model.context_change import ContextChange
from podium.model.json import Json
from podium.reports.calls.messages import MessagePart, OfferedTool
from podium.reports.calls.requests import SentRequest
from podium.secrets.masking import MASKING

_LINES = 12
"""Lines of one text that are printed, unless all of it is asked for."""
_INDENT = "  "
_NARROWEST = 40
_SHORT = 80
"""Characters of JSON that stand on one line."""


def print_requests(requests: Sequence[SentRequest], *, whole: bool) -> None:
    """Print each request with what is new in it, and its answer; with `whole` all messages, and texts to their end."""
    page = _Page(whole=whole)
    shown: dict[str, SentRequest] = {}
    for request in requests:
        page.request(request, None if whole else shown.get(request.after or ""))
        if not request.not_kept:
            shown[request.key] = request
    if page.cut:
        print("\nWhat is left out is printed with --whole, or as JSON with --json.")


def requests_json(requests: Iterable[SentRequest]) -> Json:
    """Return requests for programs."""
    told = [dataclasses.asdict(each) for each in requests]
    for each in told:
        each["began"], each["ended"] = iso(each["began"]), iso(each["ended"])
    return told


class _Page:
    """Prints for a terminal, or for a file: there lines are as long as they are."""

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole
        self._width = max(_NARROWEST, get_terminal_size().columns) if CONSOLE.terminal(sys.stdout) else None
        self.cut = False
        """Whether something was left out."""
        self._first = True

    def request(self, request: SentRequest, before: SentRequest | None) -> None:
        """Print a request: of what was printed with the one before, only what changed."""
        print(("" if self._first else "\n") + _safe(_heading(request)))
        self._first = False
        if request.not_kept:
            self._text("what was sent is not kept", request.not_kept)
        self._besides(request, before)
        for change in request.context:
            self._title(_changed(change))
        messages = request.messages
        if before is not None and request.same:
            self.cut = True
            self._title(f"{count(request.same, 'message')} as in {before.key} and its answer")
            messages = messages[request.same :]
        for part in messages:
            self._part(part)
        for each in request.passed_over:
            self._text("passed over", each)
        if request.error:
            self._text("failed", request.error)
        for part in request.answer or ():
            self._part(part, "answer" if not request.error else "answer, given by code of the agent")

    def _besides(self, request: SentRequest, before: SentRequest | None) -> None:
        """Print what is there or has changed; of what is there no more, that it is not."""
        now = _besides(request)
        known: Mapping[str, tuple[object, Json]] = {} if before is None else _besides(before)
        for title, (compared, content) in now.items():
            if title not in known or known[title][0] != compared:
                self._text(title, content)
        for title in [each for each in known if each not in now]:
            self._text(title, "none any more")

    def _part(self, part: MessagePart, by: str = "") -> None:
        tool = f" {part.tool}" if part.tool else ""
        kind = "" if part.kind in ("text", "tool_result") else f" {part.kind.replace('_', ' ')}"
        self._text(f"{by or part.role}{kind}{tool}{f' ({part.call})' if part.call else ''}", part.content)

    def _title(self, title: str) -> None:
        print(f"\n{_INDENT}{_safe(title)}")

    def _text(self, title: str, content: Json) -> None:
        text = content if isinstance(content, str) else _as_text(content)
        self._title(title)
        lines = list(self._folded(_safe(text)))
        left = 0 if self._whole else max(0, len(lines) - _LINES)
        for line in lines[: len(lines) - left]:
            print(f"{_INDENT * 2}{line}")
        if left:
            self.cut = True
            print(f"{_INDENT * 2}… {count(left, 'line')} more")

    def _folded(self, text: str) -> Iterator[str]:
        for line in text.splitlines() or [""]:
            if self._width is None:
                yield line
            else:
                yield from textwrap.wrap(line, self._width - 2 * len(_INDENT), replace_whitespace=False) or [""]


def _besides(request: SentRequest) -> Mapping[str, tuple[object, Json]]:
    """Return what there was besides messages, by its title: what is compared, and what is printed."""
    offered = (request.tools, request.native_tools)
    told = {
        "settings": (request.settings, request.settings),
        "tools": (offered, ", ".join([*_names(request.tools), *request.native_tools])),
        "output": (request.output, request.output), "instructions": (request.instructions, request.instructions),
    }  # fmt: skip
    return {title: each for title, each in told.items() if each[1]}


def _heading(request: SentRequest) -> str:
    told = [request.key, request.agent, *([request.model] if request.model else []), moment(request.began)]
    if request.ended is None:
        return "  ".join([*told, "no answer is recorded"])
    told.append(duration(max(0.0, request.ended - request.began)))
    if request.answered_by not in ("", request.model):
        told.append(f"answered by {request.answered_by}")
    if request.attempt > 1:
        told.append(f"attempt {request.attempt}")
    if request.error:
        told.append("failed")
    if request.finish_reason:
        told.append(request.finish_reason)
    if (used := request.usage) is not None:
        told.append(f"{used.input_tokens:,} in, {used.output_tokens:,} out")
        if used.usd is not None:
            told.append(money(used.usd))
    return "  ".join(told)


def _changed(change: ContextChange) -> str:
    """Return what a rule did: `12 messages left out by LastMessages(20)`."""
    kind = change.kind.replace("_", " ")
    return f"{count(change.messages, 'message')} {kind} by {change.rule} ({change.tokens:,} tokens)"


def _as_text(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHORT else json.dumps(value, ensure_ascii=False, indent=2)


def _names(tools: Iterable[OfferedTool]) -> list[str]:
    return [f"{each.name} (output)" if each.output else each.name for each in tools]


def _safe(text: str) -> str:
    return printable(MASKING.text(text))
