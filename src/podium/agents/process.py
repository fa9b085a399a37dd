"""`process`: a program that can be called; JSON goes in on its standard input and comes out on its standard output."""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar, Unpack

import orjson
from typing_extensions import TypeForm

from podium.agents.card import CardedAgent, CardOptions, card_of
from podium.agents.child import ChildProcess, ProcessEnd
from podium.agents.shape import TypeShape, shape_of
from podium.errors import BadAnswer, InvalidValue, UsageError
from podium.model.agent import Card
from podium.model.call import Call
from podium.model.expected import COUNT, NAME, PATH, TEXTS, Expected, are_names, check_options, is_list, or_none
from podium.model.json import Json
from podium.model.outcome import Done, Failed, Failure, Outcome
from podium.model.retry import FailureKind
from podium.model.steps import Steps
from podium.secrets.masking import MASKING

In = TypeVar("In")
Out = TypeVar("Out")

MAX_OUTPUT = 64 * 2**20
"""The most bytes that a program or a peer may answer with, unless set otherwise."""
_LINES_SHOWN = 20


class ProcessAgent(CardedAgent[In, Out]):
    """A program. It finds the call in PODIUM_RUN, PODIUM_KEY, PODIUM_IDEMPOTENCY_KEY and PODIUM_EPOCH.

    When the call ends, also by a timeout or a cancel, whatever it started in its process group is ended too. Made by
    `process`.
    """

    def __init__(self, card: Card, input: TypeShape[In], output: TypeShape[Out], *, child: ChildProcess) -> None:
        super().__init__(card, input, output)
        self._child = child

    async def run(self, call: Call, steps: Steps) -> Outcome:
        """Start the program, hand it the input as one JSON document, and read one JSON document as the answer."""
        name = self.card.name
        told = {
            "PODIUM_RUN": call.run,
            "PODIUM_KEY": call.key,
            "PODIUM_IDEMPOTENCY_KEY": steps.idempotency_key,
            "PODIUM_EPOCH": str(steps.epoch),
        }
        try:
            ended = await self._child.run(orjson.dumps(call.input), told, watch_memory=bool(steps.prices.gb_second))
        except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
            return Failed(self._not_started(error))
        if ended.too_much:
            raise BadAnswer(f"{name} printed more than {self._child.max_output} bytes; raise max_output if it must")
        if ended.status != 0:
            return Failed(Failure(FailureKind.BUG, "ExitStatus", f"{name} {_how(ended)}{_last_words(ended)}"))
        return Done(self._answer(ended), ended.usage if steps.prices.of_machines else None)

    def _answer(self, ended: ProcessEnd) -> Json:
        text = ended.output.strip()
        if not text and self.output.name == "None":
            return None
        try:
            return self.output.accept(orjson.loads(text))
        except orjson.JSONDecodeError as error:
            start = MASKING.text(text.decode(errors="replace"))[:200]
            raise BadAnswer(f"{self.card.name} did not print one JSON document ({error}): {start!r}") from error
        except InvalidValue as error:
            raise BadAnswer(f"{self.card.name} printed something else than it declares: {error}") from error

    def _not_started(self, error: OSError) -> Failure:
        what = f"{self.card.name} cannot be started: {error.strerror}: {str(error.filename)!r}"
        remedy = "Install the program, give its full path, or check `cwd`."
        return Failure(FailureKind.BUG, UsageError.__qualname__, f"{what}. {remedy}", not_done=True)


def _is_command(value: object) -> bool:
    return is_list(value) and are_names(value) and len(value) > 0


_PROGRAM: Mapping[str, Expected] = {
    "name": NAME, "cwd": or_none(PATH), "env": or_none(TEXTS), "max_output": COUNT,
    "command": Expected('a list of words: the program, then its arguments, such as ["./score", "--json"]', _is_command),
}  # fmt: skip


def process(
    command: Sequence[str],
    *,
    name: str,
    input: TypeForm[In] = Json,
    output: TypeForm[Out] = Json,
    cwd: str | Path | None = None,
    env: Mapping[str, str] | None = None,
    max_output: int = MAX_OUTPUT,
    **options: Unpack[CardOptions],
) -> ProcessAgent[In, Out]:
    """Return an agent that runs a program: `process(["./score", "--json"], name="score", input=Text, output=Score)`.

    The program's environment is that of this process and `env`. An exit status other than 0 is a failure told with
    the end of the standard error. Of the standard output `max_output` bytes are taken, more is refused.
    """
    if not hasattr(os, "killpg"):
        raise UsageError(f"{name} is a program: programs can be agents on Linux and macOS, not on {sys.platform}.")
    given = {"name": name, "command": command, "cwd": cwd, "env": env, "max_output": max_output}
    check_options(f"program {name}", given, _PROGRAM)
    shapes = shape_of(input), shape_of(output)
    card = card_of("process", name, *shapes, {"description": f"Runs {command[0]}.", **options})
    child = ChildProcess(
        command=tuple(command), cwd=Path(cwd) if cwd is not None else None, env=env or {}, max_output=max_output
    )
    return ProcessAgent(card, *shapes, child=child)


def _how(ended: ProcessEnd) -> str:
    if ended.status > 0:
        return f"ended with status {ended.status}"
    try:
        return f"was ended by {signal.Signals(-ended.status).name}"
    except ValueError:
        return f"was ended by signal {-ended.status}"


def _last_words(ended: ProcessEnd) -> str:
    lines = MASKING.text(ended.last_words.decode(errors="replace")).strip().splitlines()[-_LINES_SHOWN:]
    return ": " + "\n".join(lines) if lines else ", without a word on standard error"
