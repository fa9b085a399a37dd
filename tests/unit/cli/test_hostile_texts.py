"""No command lets a text of an agent steer the terminal, or hide in it: each of them, on a terminal and in a pipe."""

import json
import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.cli.commands_on_use import COMMANDS, imported
from podium.formats.printable import printable
from tests.unit.cli.in_process import Printed, podium

STEERING = "\x1b[5m\x1b]0;owned\x07\r\x08\x00\x7f\x9b31m\x85\u202e\u2066\u2069\u200f\u061c\u2028\u2029\x0b\x0c"
UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\u00ad\U000e0041\U000e007f\ufe0f\ufe01\U000e0101\u180e\u3164\ufff9"
HOSTILE = f"Pay 1 EUR?{STEERING}gnp.exe{UNSEEN}\nq_fake0000000000  approval  editors  fake row"
ROLE = "editors\u202e\u200b\u2066\u00ad\U000e0041"
MOST_HIDDEN = {"Cc", "Cf", "Zl", "Zp", "Cs"}
HIDDEN = {each for each in STEERING + UNSEEN if not each.isprintable() or ord(each) > 0x3000}
OWN = re.compile(r"\r?\x1b\[(?!5m)[\d;?]*[a-zA-Z]")
"""What commands themselves style a terminal with, and move a bar."""

DESK = f"""
import logging, sys, warnings
from podium import Approval, Context, Steps, agent, workflow

HOSTILE = {HOSTILE!r}

@agent(description=HOSTILE)
async def measure(thing: str, steps: Steps) -> dict[str, str]:
    print(thing)
    print(thing, file=sys.stderr)
    logging.getLogger("of the agent").error(thing)
    steps.emit({{HOSTILE: thing}})
    return {{HOSTILE: thing}}

@agent
async def breaks(thing: str) -> str:
    raise ValueError(thing)

@workflow(description=HOSTILE)
async def desk(ctx: Context, thing: str) -> str:
    await ctx.call(measure, thing)
    await (await ctx.spawn(errand, thing)).result()
    await ctx.ask(Approval(HOSTILE, {{HOSTILE: HOSTILE}}), to={ROLE!r})
    return HOSTILE

@workflow
async def errand(ctx: Context, thing: str) -> str:
    return str(await ctx.call(measure, thing)) + thing

@workflow
async def fails(ctx: Context, thing: str) -> str:
    return await ctx.call(breaks, thing)

@workflow
async def gate(ctx: Context, thing: str) -> str:
    return await ctx.signal(thing, str)
"""
SCRIPT = """
run desk.py:errand --input @in.json --conversation NAME --tag NAME --tenant NAME
run desk.py:desk --input @in.json --tag NAME
run desk.py:fails --input @in.json
run desk.py:fails --input @in.json --debug
run desk.py:fails --input EVIL
run desk.py:gate --input @in.json
run desk.py:errand --input @in.json --stream
run desk.py:EVIL
run desk.py:errand --each items.jsonl
run desk.py:errand --input @in.json --json
conversations list
conversations show NAME --tenant NAME
conversations search Pay
conversations search Pay --json
conversations export NAME --tenant NAME
conversations export NAME --tenant NAME --form markdown
conversations fork NAME OTHER --at 1 --edit EVIL --by NAME --tenant NAME
conversations show OTHER --tenant NAME
conversations redact OTHER --why EVIL --by NAME --tenant NAME
conversations delete OTHER --why EVIL --by NAME --tenant NAME
work desk.py
runs list
runs list --json
runs list --text EVIL
runs show desk
runs show desk --children
runs show desk --facts
runs show desk --json
runs show desk 0
runs show desk 3
runs show fails
runs show fails --facts --json
runs show desk --messages
runs show errand 0
runs tail errand
runs tail errand --json
inbox list
inbox list --json
inbox show next
inbox show next --json
inbox comment next EVIL --by NAME
inbox reassign next EVIL --why EVIL --by NAME
inbox people
inbox away EVIL EVIL --by NAME
inbox link next --for NAME
inbox answer next EVIL --by NAME
inbox answer next yes --by NAME --comment EVIL
run desk.py --resume desk
runs show desk
runs show desk 3
runs signal gate EVIL EVIL
runs verify desk
runs raise-budget fails --usd 1 --why more
runs retry fails --file desk.py
runs fork errand --from 0 --file desk.py
runs repin gate --to NAME --file desk.py
runs cancel gate --reason EVIL
work desk.py
runs show gate
runs redact gate --why EVIL
runs show gate
dead-letters list
dead-letters show last
dead-letters show last --json
dead-letters requeue --all --file desk.py
dead-letters discard last --why EVIL --by NAME
dead-letters list --discarded
dead-letters show fails
budgets
budgets list EVIL
budgets correct fails --why EVIL --by NAME
agents
agents --json
health
health desk.py
costs
costs --by tenant
costs --by tenant --json
graph desk.py:desk
graph --run desk
validate desk.py
validate desk.py --json
init EVIL
doctor
policy check EVIL
policy explain --agent EVIL --as EVIL
webhooks create EVIL https://desk.example/x
webhooks list
webhooks list --json
webhooks show EVIL
webhooks change EVIL --name EVIL
webhooks rotate EVIL
webhooks ping EVIL
webhooks deliveries EVIL
webhooks redeliver EVIL EVIL
webhooks delete EVIL
keys create EVIL --who NAME
keys list
keys list --json
keys rotate EVIL
keys revoke EVIL
sessions list
sessions list --json
sessions end EVIL
serve EVIL
delegate grant --by NAME --to NAME --agent EVIL --only EVIL
delegate grant --by NAME --to NAME --agent EVIL
delegate list
delegate list --json
delegate revoke EVIL
audit keygen
audit rotate
audit seal
audit verify
audit report --for EVIL
audit report --for EVIL --json
audit export --payloads
audit export
audit retain --older-than EVIL
store backup EVIL
store backup b.db
store restore-check b.db
store restore-check desk.py
store prune --older-than 0s --why EVIL
store compact --json
store move b.db EVIL
workers list
workers queues
workers wanted --queue EVIL
workers drain EVIL --why EVIL --by EVIL
incidents list
incidents show EVIL
runs show EVIL
runs show desk EVIL
runs list --help
EVIL
runs list --EVIL
runs list --state EVIL
"""
"""Commands, one after the other on one store. EVIL and NAME stand for hostile texts, `desk` and others for runs."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DELEGATION_KEY", "k" * 40)
    Path("desk.py").write_text(DESK, encoding="utf-8")
    Path("in.json").write_text(json.dumps(HOSTILE), encoding="utf-8")
    Path("items.jsonl").write_text(f"{json.dumps(HOSTILE)}\n", encoding="utf-8")
    Path("podium.toml").write_text('[podium.delegation]\nkey = "env:DELEGATION_KEY"\n', encoding="utf-8")


def hidden_in(text: str) -> set[str]:
    """Return the characters of a text that steer a terminal, or that nobody sees."""
    text = OWN.sub("", text)
    return {each for each in text if unicodedata.category(each) in MOST_HIDDEN and each not in "\n\t"} | HIDDEN & {
        *text
    }


def script(width: int | None) -> Iterator[tuple[str, Printed]]:
    ids = {"EVIL": HOSTILE.replace("\0", ""), "NAME": ROLE, "OTHER": f"{ROLE}2"}  # no argument can have a NUL
    for line in SCRIPT.strip().splitlines():
        yield line, podium(*(ids.get(word, word) for word in line.split()), width=width, styled=True)
        if line.startswith("run "):
            runs = json.loads(podium("runs", "list", "--json").out)
            ids |= {run["workflow"]: run["id"] for run in runs if run["parent"] is None}


@pytest.mark.parametrize("width", [None, pytest.param(70, marks=pytest.mark.system)])
def test_no_command_prints_what_steers_a_terminal(width: int | None) -> None:
    for line, done in script(width):
        assert done.status in (None, 0, 1, 2, 3), (line, done)
        assert hidden_in(done.out) == set(), line
        assert hidden_in(done.err) == set(), line
        if "--json" in line and not line.startswith("run ") and not done.status:
            [json.loads(each) for each in (done.out.splitlines() if "tail" in line else [done.out])]
        if line in ("runs list", "inbox list", "inbox show next", "dead-letters list", "costs --by tenant"):
            assert not any(each.startswith("q_fake") for each in done.out.splitlines()), line


def test_the_script_has_every_command() -> None:
    every: set[str] = set()
    for name in COMMANDS:
        below = getattr(imported(name), "commands", None)
        every |= {name} if below is None else {f"{name} {each}" for each in below}
    written = {" ".join(line.split()[:size]) for line in SCRIPT.strip().splitlines() for size in (1, 2)}
    assert every - written == set()


def test_json_still_says_what_the_agent_wrote() -> None:
    podium("run", "desk.py:desk", "--input", "@in.json")
    shown = json.loads(podium("inbox", "show", "next", "--json").out)
    assert (shown["text"], shown["subject"], shown["to"]) == (HOSTILE, {HOSTILE: HOSTILE}, ROLE)


def test_what_is_masked_is_seen_as_an_escape() -> None:
    assert printable("red\x1b[31m \u202egnp.exe \U000e0041\udc80") == (
        r"red\u001b[31m \u202egnp.exe \udb40\udc41\udc80"
    )


def test_a_text_of_people_is_shown_as_it_is() -> None:
    for text in ("zwei\n\tZeilen", "über 日本 العربية עברית", "❤️ 1️⃣ ☠", "a\u00a0b", "e\u0301"):
        assert printable(text) == text
    assert printable("of\r\nWindows") == "of\nWindows"


def test_every_control_and_every_format_character_is_masked() -> None:
    seen = {*"\n\t"} | {chr(each) for first, last in SEEN for each in range(first, last + 1)}
    every = map(chr, range(sys.maxunicode + 1))
    assert {each for each in every if unicodedata.category(each) in MOST_HIDDEN and each == printable(each)} == seen


SEEN = [
    (0x600, 0x605),
    (0x6DD, 0x6DD),
    (0x70F, 0x70F),
    (0x890, 0x891),
    (0x8E2, 0x8E2),
    (0x110BD, 0x110BD),
    (0x110CD, 0x110CD),
]
"""Format characters that are drawn: signs of numbers and of abbreviations."""


def test_a_selector_is_masked_but_where_it_belongs_to_one_character() -> None:
    assert printable("❤\ufe0f") == "❤\ufe0f"
    assert printable("a\ufe0f") == r"a\ufe0f"
    assert printable("❤\ufe0f\ufe0f") == "❤\ufe0f\\ufe0f"


@pytest.mark.parametrize(
    "text", ["👨\u200d👩\u200d👧", "❤\ufe0f\u200d🔥", "👩🏽\u200d🚀", "بی\u200cبب", "क\u094d\u200dष"]
)
def test_what_joins_emoji_or_letters_is_left_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "a\u200db", "pass\u200cword", "👨\u200d", "\u200d👨", "👨\u200da", "👨\u200c👩", "بی\u200c", "ب\u200d\u200dب",
    ],
)  # fmt: skip
def test_what_joins_nothing_is_masked(text: str) -> None:
    assert not {"\u200c", "\u200d"} & {*printable(text)}
