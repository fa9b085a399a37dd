"""The reference names every member and parameter of what is public, and no parameter that there is not."""

import ast
import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args

import pytest

import podium
from podium import guards, secrets, testing
from podium.agents import memory
from podium.config import SECTIONS
from podium.facade.agents import RegisteredAgents
from podium.facade.conversations import Conversations
from podium.facade.delegations import GrantedDelegations
from podium.facade.events import Events
from podium.facade.inbox import Inbox
from podium.facade.keys import ServerKeys
from podium.facade.operations import Operations
from podium.facade.policies import Policies
from podium.facade.process_reports import ProcessReports
from podium.facade.runs import Runs
from podium.facade.webhooks import Webhooks
from podium.patterns.building.pattern import CardFields

REFERENCE = Path(__file__).parents[2] / "docs/reference"
HEADING = re.compile(r"^(#{2,4}) (.*)$", re.MULTILINE)
CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)
WORD = re.compile(r"[A-Za-z_]\w*")
REST = "…"
"""Stands in a signature for the filters that all lists have, and as a default that cannot be told in short."""

ELSEWHERE = {"Card": "agents.md", "Config": "config.md", "PodiumError": "errors.md", "CallError": "errors.md",
             "RunError": "errors.md"}  # fmt: skip
"""The pages of their own that some names have."""
FOR_THE_ENGINE: dict[str, AbstractSet[str]] = {
    "App": {"store", "worker"},
    "Context": {"adopt", "check_awaited", "child", "undos"},
    "Workflow": {"run", "run_inline", "verify"},  # those of any agent, and how a run drives it
    "Card": {"is_named", "traits"},
    "PlainSteps": {
        "budgeted", "depth", "emit", "epoch", "lines", "memory", "note", "once", "prices", "reserve", "settle",
        "tell_sent", "turn", "turns", "usd",
    },  # those of any steps
    "ScriptedModel": {"function", "stream_function"},
    **dict.fromkeys(
        ["LastMessages", "PinMessages", "Summarize", "TokenWindow", "TrimToolResults"], frozenset({"shorten"})
    ),  # what applies them asks that of them
    **dict.fromkeys(
        ["StoreContract", "EngineContract", "MemoryContract"],
        frozenset({"clock", "durable", "hand", "moment", "setup_method", "waiting"}),
    ),  # what the suites are written with
}  # fmt: skip
"""Members that users have no use for."""
SAYS_WHICH = "op"
"""A field that tells requests apart in JSON."""

Function = Callable[..., Any]


def sections(page: str) -> dict[str, str]:
    """Return the text under each heading, up to the next one, by each name in backticks in it, or by all of it."""
    text = (REFERENCE / page).read_text(encoding="utf-8")
    headings = list(HEADING.finditer(text))
    ends = [each.start() for each in headings[1:]] + [len(text)]
    return {
        name: text[heading.end() : end]
        for heading, end in zip(headings, ends, strict=True)
        for name in [code for _, code in CODE.findall(heading[2])] or [heading[2]]
    }


API = sections("api.md")


def section_of(name: str) -> str:
    return (REFERENCE / ELSEWHERE[name]).read_text(encoding="utf-8") if name in ELSEWHERE else API[name]


def codes(section: str) -> list[str]:
    """Return what a section has in backticks; a row that is a table's may have a bar in it."""
    return [" ".join(code.split()) for _, code in CODE.findall(section)]


def words(section: str) -> set[str]:
    return {word for code in codes(section) for word in WORD.findall(code)}


def signatures(section: str, name: str) -> Iterator[dict[str, str]]:
    """Yield each signature of a function that a section has: the default of each parameter, by name."""
    written = re.compile(rf"(?:await |@)?(?:\w+\.)*{name}\((.*)\)")
    for code in codes(section):
        if (match := written.fullmatch(code)) is not None:
            given = [each.strip() for each in split(match[1])]
            pairs = [each.partition("=") for each in given if each not in ("", "*", "/")]
            decorated = {"function": REST} if code.startswith("@") else {}
            yield decorated | {name.lstrip("*"): default for name, _, default in pairs}


def split(parameters: str) -> Iterator[str]:
    """Yield what stands between commas that are in no brackets."""
    depth, begun = 0, 0
    for place, character in enumerate(parameters):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and not depth:
            yield parameters[begun:place]
            begun = place + 1
    yield parameters[begun:]


def parameters(function: Function) -> dict[str, inspect.Parameter]:
    left_out = ("self", "cls", SAYS_WHICH)
    return {name: each for name, each in inspect.signature(function).parameters.items() if name not in left_out}


def further(parameter: inspect.Parameter) -> set[str]:
    """Return what may be given by `**options`, as far as its type tells."""
    return {key for each in get_args(parameter.annotation) for key in getattr(each, "__annotations__", ())}


def members(cls: type[Any]) -> dict[str, Any]:
    """Return the public members of a class of ours: what it or a parent of ours defines, its fields and attributes."""
    found: dict[str, Any] = {}
    for each in reversed([each for each in cls.__mro__ if each.__module__.startswith("podium.")]):
        found |= dict.fromkeys(each.__annotations__) | vars(each)
        init = vars(each).get("__init__")
        if init is not None and not is_dataclass(each):
            found |= dict.fromkeys(re.findall(r"self\.(\w+)(?:: .*)? = ", inspect.getsource(init)))
    if is_dataclass(cls):
        found |= dict.fromkeys(field.name for field in fields(cls))
    hidden = FOR_THE_ENGINE.get(cls.__name__, set())
    return {name: each for name, each in found.items() if not name.startswith(("_", "test_")) and name not in hidden}


def undocumented(name: str, function: Function, section: str) -> list[str]:
    """Return what is wrong with what a section says of the parameters of a function."""
    has, known = parameters(function), words(section) | FILTERS
    more = {key for each in has.values() for key in further(each)}
    wrong = [
        f"{name}: {each} is not described"
        for each, parameter in has.items()
        if each not in known and not (more and further(parameter) <= known)
    ]
    for written in signatures(section, name):
        wrong += [f"{name}: there is no {each}" for each in written if each not in {REST, "function", *has, *more}]
        if REST not in written:
            wrong += [f"{name}: {each} is left out" for each in has if each not in written and not further(has[each])]
        wrong += [
            f"{name}: the default of {each} is {has[each].default!r}, not {default}"
            for each, default in written.items()
            if each in has and not is_default(default, has[each])
        ]
    return wrong


FILTERS = words(API["Lists"])


def is_default(written: str, parameter: inspect.Parameter) -> bool:
    """Whether a default is written as it is; one that is written in words is taken for true."""
    if written == REST or parameter.default.__class__.__name__ == "_HAS_DEFAULT_FACTORY_CLASS":
        return True
    try:
        value = ast.literal_eval(written) if written else parameter.empty
    except (SyntaxError, ValueError):
        return parameter.default is not parameter.empty
    if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
        return not written
    unset = value is None and parameter.default is ...
    return unset or value == parameter.default or (value == () and not parameter.default)


def documented() -> dict[str, Any]:
    """Return whatever a heading of the reference names below that of a module, and what an app hands out."""
    found: dict[str, Any] = {
        "Runs": Runs,
        "Agents": RegisteredAgents,
        "Policies": Policies,
        "Delegations": GrantedDelegations,
        "Conversations": Conversations,
        "Events": Events,
        "Inbox": Inbox,
        "Keys": ServerKeys,
        "Operations": Operations,
        "Reports": ProcessReports,
        "Webhooks": Webhooks,
    }
    module: Any = podium
    for level, heading in HEADING.findall((REFERENCE / "api.md").read_text(encoding="utf-8")):
        for _, name in CODE.findall(heading):
            if level == "##":
                module = importlib.import_module(name)
            else:
                found[name] = getattr(module, name)
    return found


def settings_of(section: str) -> list[str]:
    """Return the names of the settings that stand in a table of the configuration."""
    types = [SECTIONS[section], *get_args(SECTIONS[section])]
    return [field.name for each in types if isinstance(each, type) and is_dataclass(each) for field in fields(each)]


@pytest.mark.parametrize("name", podium.__all__)
def test_every_public_name_has_a_section(name: str) -> None:
    assert name in API


@pytest.mark.parametrize("name", [name for name, each in documented().items() if inspect.isclass(each)])
def test_a_class_is_described_with_all_its_members_and_their_parameters(name: str) -> None:
    section, found = section_of(name), members(documented()[name])
    assert [member for member in found if member not in words(section)] == []
    methods = {member: getattr(each, "__func__", each) for member, each in found.items()}
    functions = {member: each for member, each in methods.items() if inspect.isfunction(each)}
    assert [wrong for member, each in functions.items() for wrong in undocumented(member, each, section)] == []


@pytest.mark.parametrize("name", [name for name, each in documented().items() if inspect.isclass(each)])
def test_a_class_is_made_as_its_section_says(name: str) -> None:
    section, cls = section_of(name), documented()[name]
    if next(signatures(section, name), None) is not None:
        assert undocumented(name, cls, section) == []


@pytest.mark.parametrize("name", [name for name, each in documented().items() if not inspect.isclass(each)])
def test_a_function_is_described_with_all_its_parameters(name: str) -> None:
    each = documented()[name]
    assert not callable(each) or undocumented(name, each, section_of(name)) == []


@pytest.mark.parametrize("module", [guards, secrets, testing], ids=lambda module: module.__name__)
def test_a_module_is_described_with_all_its_names_and_their_parameters(module: Any) -> None:
    section = API[module.__name__]
    names = [name for name in module.__all__ if name not in API]
    assert [name for name in names if name not in words(section)] == []
    functions = {name: each for name in names if inspect.isfunction(each := getattr(module, name))}
    assert [wrong for name, each in functions.items() for wrong in undocumented(name, each, section)] == []


def test_what_a_memory_takes_and_gives_is_described() -> None:
    section = API["podium.agents.memory"]
    named = {name: vars(memory)[name] for name in re.findall(r"`(\w+)\(", section)}
    assert [wrong for name, each in named.items() for wrong in undocumented(name, each, section)] == []
    ours = {name for name, each in vars(memory).items() if is_dataclass(each) and name in memory.__all__}
    assert ours == {*named}


def test_what_every_pattern_takes_is_described() -> None:
    known = words(sections("patterns.md")["What every pattern takes"])
    assert [option for option in ("name", *CardFields.__annotations__) if option not in known] == []


@pytest.mark.parametrize("name", SECTIONS)
def test_every_setting_of_a_table_is_described(name: str) -> None:
    pages = sections("config.md")
    [section] = [text for heading, text in pages.items() if re.match(rf"\[podium\.{name}[\].]", heading)]
    assert [setting for setting in settings_of(name) if setting not in words(section)] == []
