"""Events of a run on the terminal: text as it comes, all else on lines of its own; or one JSON object a line."""

import asyncio
import json
import sys
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TextIO

from podium.cli.console import CONSOLE
from podium.cli.output import one_line, print_line
from podium.formats.printable import printable
from podium.in_threads import in_thread
from podium.model.json import Json
from podium.model.streams import (
    CallEnded,
    CallRetried,
    CallStarted,
    ChildStarted,
    Emitted,
    Gone,
    PartialOutput,
    QuestionClosed,
    QuestionOpened,
    RequestFinished,
    RunEnded,
    RunRestarted,
    RunRewound,
    RunStarted,
    StreamBlocked,
    StreamContent,
    StreamEvent,
    StreamReset,
    TextDelta,
    ThinkingDelta,
    ToolCalled,
    ToolReturned,
)
from podium.secrets.masking import MASKING

_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"
_LONGEST = 200
_OWN_LINE = "\n"
_QUIET_SECONDS = 0.5
"""A run that waits for somebody outside is taken to have told everything after so long without an event."""
_END_SECONDS = 10.0
"""So long the last event of a run that has ended or is blocked is waited for after the one before it."""

_GONE = "some events may have been missed: what is in no journal is kept only for a while"


class EventPrinter:
    """Prints the events of one run."""

    def __init__(self, file: TextIO, *, as_json: bool, after: int = 0) -> None:
        """Print to a file: as JSON, or for people, who see all but the text of models dimmed on a terminal."""
        self.number = after
        """The number of the last event that was printed."""
        self.ended = False
        """Whether all was printed, up to how the run ended, or that it is blocked."""
        self._printing = threading.Lock()
        self._as_json = as_json
        terminal = CONSOLE.terminal(file)
        self._dim = terminal is not None
        self._file = terminal or file
        self._writing: tuple[str, str, str] | None = None
        """Whose text stands in a line that is not ended: key, step, and whether it is thinking."""

    async def print(self, events: AsyncIterator[StreamEvent]) -> None:
        """Print events as they come, until there are no more.

        A thread does the printing: the run goes on while the reader of the output is slow.
        """
        try:
            async for event in events:
                await in_thread(self.show, event)
            self.ended = True
            await in_thread(self._end_line)
        finally:
            if not self.busy:
                self._end_line()

    @property
    def busy(self) -> bool:
        """Whether an event is being printed."""
        return self._printing.locked()

    def show(self, event: StreamEvent) -> None:
        """Print one event."""
        with self._printing:
            self._show(event)
            self.number = event.number

    def _show(self, event: StreamEvent) -> None:
        if self._as_json:
            print_line(event.json())
            return
        match event.content:
            case TextDelta(text=str(text)):
                self._write(event, text, thinking=False)
            case ThinkingDelta(text=str(text)):
                self._write(event, text, thinking=True)
            case content:
                if line := described_event(content):
                    self._end_line()
                    place = f"{event.key}  " if event.key else ""
                    self._put(self._dimmed(one_line(MASKING.text(f"{place}{line}"), _LONGEST)) + _OWN_LINE)

    def _write(self, event: StreamEvent, text: str, *, thinking: bool) -> None:
        where = event.key, event.step, "thinking" if thinking else ""
        if self._writing != where:
            self._end_line()
            if thinking:
                self._put(self._dimmed("thinking: "))
        shown = printable(MASKING.text(text))
        self._put(self._dimmed(shown) if thinking else shown)
        self._writing = where

    def _end_line(self) -> None:
        if self._writing is not None:
            self._put(_OWN_LINE)
            self._writing = None

    def _dimmed(self, text: str) -> str:
        return f"{_DIM}{text}{_PLAIN}" if self._dim else text

    def _put(self, text: str) -> None:
        print(text, end="", flush=True, file=self._file)


class Printing:
    """The events of a run while they are printed."""

    def __init__(self, printer: EventPrinter, task: "asyncio.Task[None]") -> None:
        self.printer = printer
        self._task = task

    async def finish(self, *, ended: bool) -> None:
        """Wait until all events are printed: of a run that has ended or is blocked, or of one that waits."""
        seconds = _END_SECONDS if ended else _QUIET_SECONDS
        while not self._task.done():
            number = self.printer.number
            await asyncio.wait([self._task], timeout=seconds)
            if self.printer.number == number and not self.printer.busy:
                return


@asynccontextmanager
async def printed(events: AsyncIterator[StreamEvent], *, as_json: bool, after: int = 0) -> AsyncGenerator[Printing]:
    """Print events after a number while the block lasts: as JSON to standard output, for people beside it."""
    printer = EventPrinter(sys.stdout if as_json else sys.stderr, as_json=as_json, after=after)
    task = asyncio.create_task(printer.print(events))
    try:
        yield Printing(printer, task)
    finally:
        task.cancel()
        await asyncio.wait([task])
        error = None if task.cancelled() else task.exception()
    if error is not None:
        raise error


def described_event(content: StreamContent) -> str:
    """Return what an event says in one line; empty for what need not be shown to people."""
    match content:
        case CallStarted() | CallRetried() | CallEnded():
            return _of_call(content)
        case RequestFinished(model=model, input_tokens=sent, output_tokens=got):
            return f"{model} answered: {sent} tokens in, {got} out"
        case ToolCalled(tool=tool, arguments=arguments):
            return f"tool {tool} {_short(arguments)}"
        case ToolReturned(tool=tool, result=result, error=error):
            return f"tool {tool} failed: {error}" if error else f"tool {tool} gave {_short(result)}"
        case Emitted(data=data):
            return f"emitted {_short(data)}"
        case PartialOutput(output=output):
            return f"so far {_short(output)}"
        case _:
            return _of_run(content) or _of_stream(content)


def _of_call(content: CallStarted | CallRetried | CallEnded) -> str:
    match content:
        case CallStarted(agent=agent):
            return f"{agent} is asked"
        case CallRetried(attempt=attempt, error=error):
            return f"failed: {error}; attempt {attempt} follows"
        case CallEnded(outcome=outcome, value=value, error=error):
            return f"{outcome}: {error or _short(value)}"


def _of_run(content: StreamContent) -> str:
    match content:
        case RunStarted(workflow=workflow, version=version):
            return f"run of {workflow} {version} started"
        case RunRestarted(generation=generation, input=given):
            return f"generation {generation} begins: {_short(given)}"
        case RunRewound():
            return "goes on: what failed is asked again"
        case QuestionOpened(question=question, to=to, text=text):
            return f"{question} to {to}: {text}"
        case QuestionClosed(question=question):
            return f"{question} is answered"
        case ChildStarted(run=run, workflow=workflow):
            return f"child run {run} of {workflow} started"
        case RunEnded(state=state, value=value, reason=reason):
            return f"{state}: {reason or _short(value)}"
        case _:
            return ""


def _of_stream(content: StreamContent) -> str:
    match content:
        case StreamReset():
            return "made again: what was streamed of it is void"
        case Gone(lost=lost):
            return _GONE if lost is None else f"{lost} events were missed: they are not kept any more"
        case StreamBlocked(reason=reason):
            return f"blocked: {reason}"
        case TextDelta(text=odd) | ThinkingDelta(text=odd):  # an agent may emit what is no text
            return f"{content.type} {_short(odd)}"
        case _:
            return ""


def _short(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
