"""What commands print on a console that cannot show every character: each of them, in each encoding."""

import json
from pathlib import Path

import pytest

from podium.cli.commands_on_use import COMMANDS, imported
from tests.unit.cli.in_process import podium

DESK = """
from podium import Approval, Context, agent, workflow

@agent(description="misst Größe ✓")
async def measure(thing: str) -> str:
    if "✗" in thing:
        raise ValueError("zu groß ☠")
    return thing + " 日本"

@workflow(description="fragt ✓")
async def desk(ctx: Context, thing: str) -> str:
    await ctx.call(measure, thing)
    child = await ctx.spawn(errand, thing)
    await child.result()
    await ctx.ask(Approval("Größe ✓ 日本?", {"über": "☠"}), to="café ☕")
    return "fertig ✓ 日本"

@workflow
async def errand(ctx: Context, thing: str) -> str:
    return await ctx.call(measure, thing)

@workflow
async def gate(ctx: Context) -> str:
    return await ctx.signal("tür ✓", str)
"""
SCRIPT = (
    'run desk.py:desk --input "Tee✓" --tag ☠',
    'run desk.py:errand --input "✗"',
    "run desk.py:gate",
    'run desk.py:errand --input "✓" --conversation ☠', "conversations list", "conversations show ☠",
    "conversations search ✓ --json", "conversations export ☠", "conversations export ☠ --form markdown --out ☠.md",
    "conversations fork ☠ é☕ --at 1 --edit 日本 --by Zoë☕", "conversations show é☕",
    "conversations redact é☕ --why ✓ --by Zoë☕", "conversations delete é☕ --why ✓ --by Zoë☕",
    "work desk.py",
    "runs list", "runs list --json", "runs list --text ✓",
    "runs show desk", "runs show desk --children", "runs show desk --facts", "runs show desk --json",
    "runs show errand",
    'runs signal gate tür "offen✓"',
    "runs verify desk", "runs raise-budget errand --usd 1 --why more",
    "runs retry errand --file desk.py", "runs fork errand --from 0 --file desk.py",
    "runs repin gate --to 2☠ --file desk.py",
    "runs cancel gate --reason ☠", "work desk.py", "runs tail gate", "runs redact gate --why ☠",
    "inbox list", "inbox show next", "inbox show next --json", "inbox comment next ✓ --by Zoë☕",
    "inbox reassign next ☠ --why ✓ --by Zoë☕", "inbox people", "inbox away Zoë☕ 2d --by Zoë☕",
    "inbox link next --for Zoë☕",
    "inbox answer next yes --by Zoë☕ --comment ✓",
    "run desk.py --resume desk",
    "dead-letters list", "dead-letters show last", "dead-letters requeue --all --file desk.py",
    "dead-letters discard last --why ☠", "dead-letters list --discarded --json",
    "budgets", "budgets list day", "budgets correct desk --why ✓ --by Zoë☕",
    "agents", "agents --json", "health", "health desk.py", "costs", "costs --by tenant",
    "graph desk.py:desk", "graph --run desk",
    "validate desk.py", "validate desk.py --json", "init neu☠", "doctor",
    "policy check", "policy explain --agent measure --as Zoë☕",
    "webhooks create ☠ https://desk.example/☠", "webhooks list", "webhooks show ☠", "webhooks change ☠ --name ✓",
    "webhooks rotate ☠", "webhooks ping ☠", "webhooks deliveries ☠", "webhooks redeliver ☠ ☠", "webhooks delete ☠",
    "keys create ☠ --who Zoë☕", "keys list", "keys rotate ☠", "keys revoke ☠", "sessions list", "sessions end ☠",
    "serve ☠.py",
    "delegate grant --by Zoë☕ --to ☠", "delegate list", "delegate revoke ☠",
    "audit keygen", "audit rotate", "audit seal", "audit verify", "audit export --payloads",
    "audit report --for default --since 1d", "audit report --for last --json",
    "audit retain --older-than 1d",
    "store backup ☠.db", "store backup ☠.db --overwrite --json", "store restore-check ☠.db",
    "store restore-check desk.py",
    "store prune --older-than 0s --dry-run", "store prune --older-than 0s --why ☠", "store compact",
    "store compact --json", "workers list", "workers list --json",
    "store move b.db", "store move nowhere.db c.db", "store move --undo podium.db",
    "workers queues", "workers queues --json", "workers wanted", "workers wanted --queue ☠ --json",
    "workers drain ☠ --why ☠ --by ☠", "incidents list", "incidents show ☠",
    "runs show ☠", "--help", "runs --help", "runs list --help", "☠",
)  # fmt: skip
"""Commands, one after the other on one store; `desk`, `errand` and `gate` stand for the ids of their first runs."""


def split(line: str, ids: dict[str, str]) -> list[str]:
    """Return the arguments of a line of the script."""
    return [ids.get(word, word) for word in line.split()]


@pytest.mark.parametrize(
    "encoding", ["ascii", *(pytest.param(each, marks=pytest.mark.system) for each in ("cp1252", "latin-1")), "utf-8"]
)
def test_no_command_ends_in_a_traceback(encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "desk.py").write_text(DESK, encoding="utf-8")
    ids = dict[str, str]()
    for line in SCRIPT:
        done = podium(*split(line, ids), encoding=encoding)
        assert done.status in (None, 0, 1, 2, 3), (line, done)
        assert "Traceback" not in done.err, (line, done)
        if "--json" in line:
            json.loads(done.out)
        if line.startswith("run "):
            runs = json.loads(podium("runs", "list", "--json").out)
            ids |= {run["workflow"]: run["id"] for run in runs if run["parent"] is None}


def test_the_script_has_every_command() -> None:
    every: set[str] = set()
    for name in COMMANDS:
        below = getattr(imported(name), "commands", None)
        every |= {name} if below is None else {f"{name} {each}" for each in below}
    written = {" ".join(line.split()[:size]) for line in SCRIPT for size in (1, 2)}
    assert every - written == set()


def test_a_drawing_falls_back_to_ascii_and_other_letters_to_question_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "desk.py").write_text(DESK, encoding="utf-8")
    podium("run", "desk.py:gate")
    shown = podium("runs", "show", "last", encoding="ascii")
    first, second = shown.out.splitlines()
    assert first.startswith("~ run_")
    assert second.startswith("`- ~ 0 signal 't?r +'")
    assert shown.err == (
        "note: some characters are shown as ?: this console is set to ascii. Set PYTHONUTF8=1, or use --json.\n"
    )


def test_json_says_the_same_on_every_console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "desk.py").write_text(DESK, encoding="utf-8")
    podium("run", "desk.py:gate", "--tag", "☠")
    shown = podium("runs", "list", "--json", encoding="ascii")
    assert (json.loads(shown.out)[0]["tag"], shown.err) == ("☠", "")
