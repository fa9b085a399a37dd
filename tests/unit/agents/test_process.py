import asyncio
import os
import select
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from podium.agents.process import ProcessAgent, process
from podium.errors import BadAnswer, UsageError
from podium.model.json import Json
from podium.model.outcome import Failed
from podium.model.retry import FailureKind
from podium.secrets.masking import MASKING
from podium.testing.steps import PlainSteps
from tests.unit.agents.calls import answer, call_with, outcome

TELL_AND_HANG = """
import json, os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); signal.pause()"])
with open(sys.argv[1], "w") as fifo:
    print(os.getpid(), child.pid, file=fifo)
child.wait()
"""


def _python(program: str, *args: str, **more: Json) -> ProcessAgent[Json, Json]:
    return process([sys.executable, "-c", program, *args], name="program", input=Json, output=Json, **more)


def _ends(pid: int) -> bool:
    """Wait for the end of a process that is not our child."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watch], [], [], 10)[0])
    finally:
        os.close(watch)


def test_json_goes_in_and_comes_out() -> None:
    double = process(
        [sys.executable, "-c", "import json; print(json.dumps(json.loads(input()) * 2))"],
        name="double",
        input=int,
        output=int,
    )
    assert answer(double, 21) == 42


def test_a_large_input_and_output_do_not_block_each_other() -> None:
    echo = _python("import sys, shutil; shutil.copyfileobj(sys.stdin, sys.stdout)")
    value = "x" * 3_000_000
    assert answer(echo, value) == value


def test_the_program_is_told_the_call() -> None:
    names = ("PODIUM_RUN", "PODIUM_KEY", "PODIUM_IDEMPOTENCY_KEY", "PODIUM_EPOCH", "MINE")
    tell = _python(f"import json, os; print(json.dumps([os.environ[n] for n in {names}]))", env={"MINE": "m"})
    assert answer(tell, None, PlainSteps(idempotency_key="key")) == ["run_1", "2.0", "key", "1", "m"]


def test_it_runs_in_the_folder_that_was_named(tmp_path: Path) -> None:
    where = _python("import json, os; print(json.dumps(os.getcwd()))", cwd=tmp_path)
    assert answer(where) == str(tmp_path.resolve())


def test_an_exit_status_is_a_failure_with_the_programs_last_words() -> None:
    ended = outcome(_python("import sys; print('no such thing', file=sys.stderr); sys.exit(3)"))
    assert isinstance(ended, Failed)
    assert ended.failure.message == "program ended with status 3: no such thing"
    assert ended.failure.kind is FailureKind.BUG


def test_a_program_that_was_killed_says_by_what() -> None:
    ended = outcome(_python("import os; os.kill(os.getpid(), 9)"))
    assert isinstance(ended, Failed)
    assert "was ended by SIGKILL" in ended.failure.message


@pytest.mark.parametrize("printed", ["hello", "", "{} {}"])
def test_what_is_not_one_json_document_is_a_bad_answer(printed: str) -> None:
    with pytest.raises(BadAnswer, match="did not print one JSON document"):
        outcome(_python(f"print({printed!r})"))


def test_json_of_the_wrong_form_is_a_bad_answer() -> None:
    wrong = process([sys.executable, "-c", "print('[1]')"], name="wrong", input=Json, output=int)
    with pytest.raises(BadAnswer, match="expected int"):
        outcome(wrong)


def test_a_program_that_gives_nothing_may_print_nothing() -> None:
    silent = process([sys.executable, "-c", ""], name="silent", input=Json, output=type(None))
    assert answer(silent) is None


def test_too_much_output_is_refused_and_the_program_ended() -> None:
    endless = _python("import sys\nwhile True: sys.stdout.write('x' * 65536)", max_output=1_000_000)
    with pytest.raises(BadAnswer, match="more than 1000000 bytes"):
        outcome(endless)


@pytest.mark.parametrize(("command", "cwd"), [(["/no/such/program"], None), ([sys.executable], "/no/such/folder")])
def test_a_program_that_cannot_be_started_is_a_clear_failure(command: Sequence[str], cwd: str | None) -> None:
    ended = outcome(process(command, name="absent", input=Json, output=Json, cwd=cwd))
    assert isinstance(ended, Failed)
    assert "absent cannot be started: No such file or directory: '/no/such/" in ended.failure.message
    assert ended.failure.not_done


def test_a_command_in_one_string_is_refused() -> None:
    with pytest.raises(UsageError, match="list of words"):
        process("ls -l", name="ls", input=Json, output=Json)


def test_a_cancelled_call_ends_the_program_and_its_children(tmp_path: Path) -> None:
    fifo = tmp_path / "pids"
    os.mkfifo(fifo)

    async def cancel_midway() -> list[int]:
        task = asyncio.ensure_future(_python(TELL_AND_HANG, str(fifo)).run(call_with(), PlainSteps()))
        pids = [int(pid) for pid in (await asyncio.to_thread(fifo.read_text)).split()]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return pids

    program, child = asyncio.run(cancel_midway())
    assert _ends(program)
    assert _ends(child)


def test_a_helper_left_running_does_not_hold_the_call(tmp_path: Path) -> None:
    leaves = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
        "print(child.pid)"
    )
    helper = answer(_python(leaves, cwd=tmp_path))
    assert _ends(helper)


def test_a_secret_is_handed_over_in_the_environment_and_masked_in_what_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DOOR", "correct-horse-battery")
    code = "import os, sys; sys.exit(os.environ['KEY'])"
    ended = outcome(_python(code, env={"KEY": "env:DOOR"}), None)
    MASKING.forget()
    assert isinstance(ended, Failed)
    assert ended.failure.message.endswith(": ***")
