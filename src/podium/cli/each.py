"""`podium run --each`: one run a line, some at once; the same command again does what is left."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from podium.app import App
from podium.cli.items import Item, read_items
from podium.cli.load import Loaded
from podium.cli.opening import drive
from podium.cli.options import WrongOption
from podium.cli.output import note, print_json
from podium.cli.progress import Progress, progress
from podium.cli.waiting import Standstill, settle
from podium.cli.whole_file import write_whole
from podium.config import Config
from podium.engine.worker.waiters import End
from podium.errors import RunBlocked, UsageError
from podium.model.agent import AnyAgent
from podium.model.json import Json
from podium.model.run import RunState

_WAITING = "waiting"
_NOT_STARTED = "not started"


@dataclass(frozen=True, slots=True, kw_only=True)
class EachOptions:
    """What `podium run --each` was told."""

    items: Path
    out: Path | None
    concurrency: int
    tag: str | None
    tenant: str
    priority: int
    within: float | None
    wait: bool
    as_json: bool

    @property
    def results(self) -> Path:
        """The file of the results."""
        return self.out or self.items.with_name(f"{self.items.stem}.results.jsonl")


@dataclass(slots=True)
class Result:
    """What became of an item so far."""

    run: str | None = None
    state: str = _NOT_STARTED
    value: Json = None
    error: str = ""

    def row(self, item: Item) -> Json:
        """Return its line of the results."""
        told = {"value": self.value} if self.state == RunState.DONE else {"error": self.error or self.state}
        return {"line": item.line, "run": self.run, "state": self.state, **told}


def run_each(loaded: Loaded, workflow: AnyAgent, config: Config, options: EachOptions) -> int:
    """Have every item done, write the results, and return the exit code."""
    if options.results.resolve() == options.items.resolve():
        raise WrongOption(f"--out {options.results} would overwrite the items. Name another file.")
    if not options.results.parent.is_dir():
        raise UsageError(f"the folder of --out {options.results} does not exist. Create it, or name another file.")
    items = read_items(options.items, workflow, options.tag)
    results = [Result() for _ in items]
    try:
        drive(_all(loaded, workflow, config, options, list(zip(items, results, strict=True))))
    except KeyboardInterrupt:
        write_results(options.results, items, results)
        note("interrupted: what is done is kept. The same command again goes on.")
        return 130
    write_results(options.results, items, results)
    return _summarize(options, results)


async def _all(
    loaded: Loaded, workflow: AnyAgent, config: Config, options: EachOptions, work: Sequence[tuple[Item, Result]]
) -> None:
    queue = iter(work)
    async with App.open(config=config) as app:
        app.register(*loaded.agents)
        with progress(len(work), quiet=options.as_json) as shown:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(options.concurrency, len(work))):
                    group.create_task(_serve(app, workflow, options, queue, shown))


async def _serve(
    app: App, workflow: AnyAgent, options: EachOptions, queue: Iterator[tuple[Item, Result]], shown: Progress
) -> None:
    """Do one item after the other until none is left."""
    for item, result in queue:
        handle = await app.start(
            workflow, workflow.input.load(item.value), tag=item.tag, tenant=options.tenant,
            priority=options.priority, within=options.within,
        )  # fmt: skip
        result.run, result.state = handle.id, RunState.RUNNING
        try:
            ended = await settle(app, handle.id, wait=options.wait)
        except RunBlocked as blocked:
            result.state, result.error = RunState.BLOCKED, str(blocked)
        else:
            _note_end(result, ended)
        shown.step(item.line, result.state, handle.id)


def _note_end(result: Result, ended: End | Standstill) -> None:
    if isinstance(ended, Standstill):
        people = ", ".join(f"{question.ask.to} ({question.id})" for question in ended.questions)
        signals = ", ".join(f"the signal {name!r}" for _, name in ended.signals)
        result.state, result.error = _WAITING, f"waits for {people or signals}"
        return
    result.state, result.error = str(ended.state), ended.reason
    result.value = ended.outcome["value"] if ended.state is RunState.DONE else None


def write_results(path: Path, items: Sequence[Item], results: Sequence[Result]) -> None:
    """Write the results in the order of the items, all or nothing."""
    rows = (
        json.dumps(result.row(item), ensure_ascii=False) for item, result in zip(items, results, strict=True)
    )  # fmt: skip
    write_whole(path, rows, "the results", " The runs are kept.")


def _summarize(options: EachOptions, results: Sequence[Result]) -> int:
    counts = Counter(result.state for result in results)
    if options.as_json:
        print_json({"items": len(results), "states": dict(counts), "results": str(options.results)})
    else:
        states = ", ".join(f"{number} {state}" for state, number in counts.most_common()) or "no items"
        print(f"{states}: {options.results}")
    if counts[_WAITING]:
        note("Some wait for a person or a signal: `podium inbox list`. Once answered, the same command again goes on.")
    if set(counts) <= {RunState.DONE}:
        return 0
    return 3 if set(counts) <= {RunState.DONE, _WAITING} else 1
