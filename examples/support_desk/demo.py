"""The demo: the desk works through a pile of tickets, is killed in the middle, and the next start finishes the pile.

Run it with `make demo`, or with a model: `python examples/support_desk/demo.py --model VENDOR:NAME`.
"""

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence import Evidence, Snapshot, compare, snapshot, witness_lines
from podium import RunState
from podium.app import run_sync
from podium.cli.tree.draw import plain
from podium.model.question import QuestionState
from podium.store.protocol import QuestionQuery, Store
from podium.store.sqlite.store import SqliteStore
from scoring import labels, pile, table
from staff.witness import FILE

DESK = Path(__file__).parent / "desk.py"
FOLDER = Path(".podium") / "support_desk"


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the demo plays: its folder, and how many tickets at once."""

    folder: Path
    concurrency: int

    @property
    def store(self) -> Path:
        """The journal."""
        return self.folder / "desk.db"

    @property
    def witness(self) -> Path:
        """What was really carried out."""
        return self.folder / "witness.txt"

    def clear(self) -> None:
        """Make the folder, and remove what an earlier demo left in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("desk.db", "desk.db-wal", "desk.db-shm", "witness.txt", "podium.log"):
            (self.folder / name).unlink(missing_ok=True)

    def podium(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start a `podium` command on this store; what it says goes into a file beside it."""
        environment = {**os.environ, FILE: str(self.witness.resolve())}
        command = [sys.executable, "-m", "podium.cli.main", *arguments, "--store", str(self.store)]
        with (self.folder / "podium.log").open("ab") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def work_on_pile(self) -> "subprocess.Popen[bytes]":
        """Start the desk on the pile: the same command the second time does what is left."""
        items = str(self.folder / "tickets.jsonl")
        return self.podium("run", f"{DESK}:desk", "--each", items, "--concurrency", str(self.concurrency))


class Broken(Exception):
    """The demo did not show what it promises."""


def main() -> int:
    """Run the demo; 0 if everything was as promised."""
    options = _options()
    stage = Stage(options.folder, options.concurrency)
    tickets = pile()[: options.tickets]
    stage.clear()
    lines = [json.dumps(ticket, ensure_ascii=False) + "\n" for ticket in tickets]
    (stage.folder / "tickets.jsonl").write_text("".join(lines), encoding="utf-8")
    store = SqliteStore(str(stage.store))
    began = time.monotonic()
    try:
        done = _kill_and_finish(stage, store, len(tickets))
        _answer_one(stage, store, done)
        if options.tickets is None:
            _summary(done)
        _next_commands(stage, done)
    except Broken as broken:
        print(f"\nFAILED: {broken}")
        return 1
    finally:
        store.close()
    print(f"\n{time.monotonic() - began:.0f} s")
    return 0


def _kill_and_finish(stage: Stage, store: Store, total: int) -> Snapshot:
    """Work through the pile with a SIGKILL in the middle; returns what is recorded at the end."""
    print(f"{total} tickets on the desk, {stage.concurrency} at a time.\n", flush=True)
    began = time.monotonic()
    desk = stage.work_on_pile()
    try:
        first = _wait(stage, store, desk, 1)
        _show(first, f"after {time.monotonic() - began:.1f} s the first one:")
        _wait(stage, store, desk, total // 2)
        desk.send_signal(signal.SIGKILL)
    finally:
        desk.kill()
        desk.wait()
    killed, seen = snapshot(store), witness_lines(stage.witness)
    print(
        f"\nkill -9: {len(killed.settled)} of {total} tickets settled, {len(killed.recorded)} calls recorded.\n"
        "The same command again …",
        flush=True,
    )
    again = stage.work_on_pile()
    status = again.wait()
    done = snapshot(store)
    if status not in (0, 3):  # 3: some wait for a person
        raise Broken(f"the second start ended with {status}: {_last_words(stage)}")
    lost = total - len(done.settled)
    waiting = sum(done.waits(run) for run in done.runs)
    print(f"finished: {len(done.settled) - waiting} answered, {waiting} wait in the inbox for a person, {lost} lost.\n")
    _show_evidence(compare(killed, seen, done, witness_lines(stage.witness)))
    if lost or len(done.runs) != total:
        raise Broken(f"{len(done.runs)} runs for {total} tickets, {len(done.settled)} of them settled")
    return done


def _show_evidence(evidence: Evidence) -> None:
    repeated, again = len(evidence.repeated), len(evidence.tried_again)
    print(f"recorded calls run twice {repeated} · in flight at the kill and tried again {again}")
    if evidence.repeated:
        raise Broken(f"these recorded calls ran again: {sorted(evidence.repeated)}")
    if evidence.unseen:
        raise Broken(f"the journal has outcomes of calls that nobody carried out: {sorted(evidence.unseen)}")


def _wait(stage: Stage, store: Store, desk: "subprocess.Popen[bytes]", settled: int) -> Snapshot:
    """Wait until so many tickets are settled."""
    while len((now := snapshot(store)).settled) < settled:
        if desk.poll() is not None:
            raise Broken(f"the desk ended too soon: {_last_words(stage)}")
        time.sleep(0.05)
    return now


def _show(now: Snapshot, title: str) -> None:
    run = now.settled[0].id
    outcome = now.outcome(run)
    subject = now.facts[run][0].value()["subject"]
    how = "a person is asked" if outcome.asked else f"answered from {outcome.page}"
    print(f"{title} “{subject}” → {outcome.category}, {how}", flush=True)


def _answer_one(stage: Stage, store: Store, done: Snapshot) -> None:
    """Answer the oldest question as a person would, and let its run go on."""
    questions = run_sync(store.questions(QuestionQuery(state=QuestionState.OPEN, limit=1))).items
    if not questions:
        return
    question = questions[0]
    subject = done.facts[question.run][0].value()["subject"]
    answer = '"Thank you for writing. A colleague will call you today."'
    print(f"\nA person answers one of them, “{subject}”:\n{question.ask.text}\n", flush=True)
    for command in (("inbox", "answer", question.id, answer, "--by", "demo"), ("work", str(DESK))):
        print(f"  podium {shlex.join(_short(command))} --store {stage.store}", flush=True)
        stage.podium(*command).wait()
    after = run_sync(store.run(question.run))
    if after is None or after.state is not RunState.DONE:
        raise Broken(f"run {question.run} did not go on after its answer: {_last_words(stage)}")
    print(f"\nIts run went on:\n\n{plain(after, run_sync(store.facts(question.run)))}")


def _summary(done: Snapshot) -> None:
    """Print how well the desk did on the half of the tickets that nobody looked at while building it."""
    outcomes = {ticket: done.outcome(run) for ticket, run in done.tickets().items()}
    known = labels("scored")
    print(f"\nOn the {len(known)} tickets that are only scored:\n\n" + "\n".join(table(known, outcomes)))


def _next_commands(stage: Stage, done: Snapshot) -> None:
    answered = next(run for run in reversed(done.runs.values()) if not done.waits(run.id)).id
    print(f"\nOne that was answered without a person:\n\n{plain(done.runs[answered], done.facts[answered])}")
    print("\nTry next:\n")
    print(f"  podium inbox list --store {stage.store}")
    print(f"  podium runs show {answered} --facts --store {stage.store}")
    print(f'  podium run {_shown(DESK)}:desk --input \'{{"subject": "Refund", "body": "You have charged us twice."}}\'')


def _short(command: Sequence[str]) -> list[str]:
    return [str(_shown(DESK)) if each == str(DESK) else each for each in command]


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _last_words(stage: Stage) -> str:
    lines = (stage.folder / "podium.log").read_text(encoding="utf-8", errors="replace").splitlines()
    return " / ".join(lines[-5:])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Work through a pile of tickets, with a kill in the middle.")
    parser.add_argument("--model", help="run the desk on a language model, such as openai:gpt-5")
    parser.add_argument("--base-url", help="an endpoint that speaks OpenAI's protocol, for --model")
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help=f"for the store and the witness of the demo (default {FOLDER})"
    )
    parser.add_argument("--tickets", type=int, help="take only so many tickets; then nothing is scored")
    parser.add_argument("--concurrency", type=int, default=4, help="tickets at once (default 4)")
    options = parser.parse_args()
    if options.model:
        os.environ["PODIUM_MODEL"] = options.model
    if options.base_url:
        os.environ["PODIUM_BASE_URL"] = options.base_url
    return options


if __name__ == "__main__":
    sys.exit(main())
