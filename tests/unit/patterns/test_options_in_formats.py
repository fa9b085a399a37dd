"""Every option of every pattern, with every kind of value that its annotation takes, through the spec and through YAML.

The values are made of the annotations, so a new option is tried as soon as it is there: it comes back as what it was,
or it is refused with its name.
"""

import dataclasses
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import timedelta
from itertools import islice
from typing import Any, Literal, cast

import pytest
import yaml

from podium import agent, human
from podium.errors import PatternError, PodiumError
from podium.model.agent import AnyAgent, is_agent
from podium.patterns import EndWhen, Pattern, Watcher, cascade, cel, handoff, load, load_yaml, sequence, transition
from podium.patterns.building.expression import Expression
from podium.patterns.building.wanted import Wanted, is_agent_class, wanted
from podium.patterns.loading.building import CallForm, form_of, makers
from tests.unit.patterns.test_wrong_options import MADE, first, made, second


@agent(capabilities={"dig"})
async def third(x: Any) -> Any:
    """Digs."""
    return x


boss = human("boss", text="Well?", answer=bool, name="boss_asked")
inner = sequence(first, third)
AGENTS: list[AnyAgent] = [first, second, third, boss]
NEEDS: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("group_chat", "manager"): {"next_speaker": cel("null")},
    ("handoff", "summarizer"): {"history": "summary"},
}
"""What an option goes with, where it does not go alone."""


def values(hint: object, depth: int = 0) -> Iterator[Any]:
    """Give values that an annotation takes: of each kind some."""
    place = wanted(hint)
    if place.none:
        yield None
    yield from place.choices
    yield from _plain(place)
    if place.kind:
        yield from (str, dict, Watcher, list[str], str | None, Literal["a"])
    if place.agent:
        yield from (third, "third", boss, inner)
    if place.function:
        yield from (cel("true"), cel("1"), cel("1.0"), cel("null"), cel("2-1"), cel("['first']"), len)
    if depth < 3:
        yield from _parts(place, depth + 1)


def _plain(place: Wanted) -> Iterator[Any]:
    known: Mapping[type, Collection[Any]] = {
        bool: (True, False), int: (2, 1), float: (0.5, 1.0),
        str: ("first", "b", "1", "true", "null", "10m", "é: '\"\n#"),
    }  # fmt: skip
    for kind, some in known.items():
        if kind in place.scalars:
            yield from ("first", "second") if place.agent and kind is str else some
    if place.time:
        yield from (90, 0.5, "10m", "1h", timedelta(minutes=3))


def _parts(place: Wanted, depth: int) -> Iterator[Any]:
    if place.collect is not None:
        some = list(islice(values(place.items, depth), 12))
        yield from map(place.collect, ([], some[:2], some[1:3]))
        yield from (place.collect([each]) for each in some)
    if place.values is not None:
        some = list(islice(values(place.values, depth), 12))
        yield from ({name: each} for name in ("first", "a", "b") for each in some)
        yield from ({"first": each, "second": each} for each in some)
    for each in place.classes:
        for form in _forms(each):
            yield from _built(form, depth)


def _forms(kind: type) -> Iterator[CallForm]:
    """Give what makes objects of a class: functions of `podium.patterns`, and the class where it is a dataclass."""
    yield from (form for form in map(form_of, makers().values()) if form.gives is kind and not is_agent_class(kind))
    if dataclasses.is_dataclass(kind):
        yield form_of(kind)


def _built(form: CallForm, depth: int, **known: Any) -> Iterator[Any]:
    """Give what a function makes of the least that it needs, and of each of its options but those that are known."""
    least = dict(known)
    for name in form.required - known.keys():
        least[name] = next((each for each in values(form.options[name], depth) if each is not None), None)
    others = [name for name in form.options if name not in known]
    for given in (
        least, *({**least, name: each} for name in others for each in islice(values(form.options[name], depth), 12))
    ):  # fmt: skip
        try:
            several = given.get(form.several, ())
            rest = {name: each for name, each in given.items() if name != form.several}
            yield form.function(*several, **rest)
        except (PodiumError, TypeError, ValueError):
            continue  # it needs something beside


def comparable(value: Any) -> Any:
    """Return what can be compared: agents by name, rules by text, patterns by what they were made of."""
    if isinstance(value, Pattern):
        return value.kind, comparable(value.arguments)
    if isinstance(value, EndWhen) and hasattr(value, "rule"):
        return comparable(vars_of(value)["rule"])  # a rule alone is an end
    if isinstance(value, Expression):
        return "cel", value.text.removeprefix("(").removesuffix(")")
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.card.name if is_agent(value) else comparable_parts(value)


def comparable_parts(value: Any) -> Any:
    """Return the parts of a value as what can be compared; one without parts as it is."""
    if isinstance(value, str | type):
        return value
    if isinstance(value, set | frozenset):
        return sorted(map(repr, cast("set[Any]", value)))
    if isinstance(value, Mapping):
        return {name: comparable(each) for name, each in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, Collection):
        return [comparable(each) for each in cast("Collection[Any]", value)]
    return (type(value), comparable(vars_of(value))) if dataclasses.is_dataclass(value) else value


def vars_of(value: Any) -> Mapping[str, Any]:
    """Return the fields of a dataclass."""
    return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}


def tried(kind: str, option: str) -> Iterator[tuple[object, Pattern | PodiumError]]:
    """Give the values of an option, each with the pattern that is made with it, or with why it is refused."""
    args, given = MADE[kind]
    form = form_of(makers()[kind])
    names = [name for name in form.options if name not in given][: len(args)]
    base = {form.several: args} if form.several else dict(zip(names, args, strict=True))
    for value in (*values(form.options[option]), *SPECIAL.get((kind, option), ())):
        whole = {**base, **given, **NEEDS.get((kind, option), {}), option: value}
        several = whole.pop(form.several, ()) if form.several else ()
        try:
            yield value, made(kind, *several, **whole)
        except PodiumError as error:
            yield value, error


SPECIAL: Mapping[tuple[str, str], Collection[Any]] = {
    ("state_machine", "start"): ["a"],
    ("state_machine", "transitions"): [
        (each,) for each in _built(form_of(transition), 1, source="a", target="b", on="go")
    ],
}
"""Values that go with the others that a pattern is made with."""


def through_spec(whole: Pattern, spec: Any) -> Pattern:
    return load(spec, agents=[*AGENTS, *whole.agents()])


def through_yaml(whole: Pattern, spec: Any) -> Pattern:
    text = yaml.safe_dump({"workflows": {"whole": spec}}, sort_keys=False, allow_unicode=True)
    return load_yaml(text, agents=[*AGENTS, *whole.agents()]).workflow()


FORMATS = (through_spec, through_yaml)
CASES = [(kind, option) for kind in MADE for option in form_of(makers()[kind]).options if option != "name"]


@pytest.mark.parametrize(("kind", "option"), CASES)
def test_an_option_comes_back_as_what_it_was_or_is_refused(kind: str, option: str) -> None:
    taken, lost = 0, list[object]()
    for value, whole in tried(kind, option):
        if not isinstance(whole, Pattern):
            continue
        taken += 1
        try:
            spec = json.loads(json.dumps(whole.spec()))
        except PatternError as error:
            if f"{kind}.{option}" not in str(error) or "cannot be written down" not in str(error):
                lost.append((value, str(error)))
            continue
        lost += [(value, spec, found) for found in (told(whole, spec, each) for each in FORMATS) if found]
    assert lost == []
    assert taken, f"no value of {option} was taken: write what it goes with into NEEDS, or one that is into SPECIAL."


def told(whole: Pattern, spec: Any, through: Callable[[Pattern, Any], Pattern]) -> object:
    """Return what is wrong with a pattern that was written down and read again; None where nothing is."""
    try:
        again = through(whole, spec)
    except PatternError as error:
        return str(error)
    after = comparable({name: each for name, each in again.arguments.items() if name != "name"})
    return None if after == comparable(whole.arguments) else after


def test_a_rule_that_is_only_a_name_is_written_in_brackets_since_an_agent_is_not() -> None:
    rule, agent_ = (cascade(first, second, confident=each) for each in (cel("answer"), "third"))
    specs: list[Any] = [rule.spec(), agent_.spec()]
    assert [each["cascade"]["confident"] for each in specs] == ["(answer)", "third"]
    assert [told(rule, specs[0], each) or told(agent_, specs[1], each) for each in FORMATS] == [None, None]


@pytest.mark.parametrize(
    "kind", [list[str], str | None, Literal["a"], dataclasses.make_dataclass("Local", [("x", int)])]
)
def test_a_type_that_is_not_found_by_its_name_is_refused_as_a_type(kind: Any) -> None:
    with pytest.raises(PatternError, match=r"handoff\.gives cannot be written down: .* Use a class at the top level"):
        handoff(first, second, gives=kind).spec()
