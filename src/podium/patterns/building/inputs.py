"""What a member is handed, where a pattern has several things to tell it."""

import json
from collections.abc import Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from podium import lazy
from podium.agents.changes import fields_of, is_set
from podium.agents.core_schemas import in_order, is_several
from podium.agents.jsonable import json_copy
from podium.agents.shape import shape_of
from podium.engine.context import Context
from podium.engine.workflow import is_workflow
from podium.errors import InvalidValue
from podium.model.agent import is_agent
from podium.model.conversation import as_text as as_words
from podium.model.json import Json, is_object
from podium.model.told import Told, Utterance
from podium.patterns.building.members import ANYTHING, Member, hears, parameters, takes
from podium.patterns.building.named import filled_by
from podium.patterns.building.pinning import begun_with

if TYPE_CHECKING:
    import pydantic_core
else:
    pydantic_core = lazy.module("pydantic_core")


class _Parts:
    """Stands for all parts together."""


PARTS: Final = _Parts()
"""A member that takes neither parts by name nor a text is handed a mapping of all parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """Stands for the parts together, and says how a language model hears them: messages, and what it is asked then."""

    said: Sequence[Utterance]
    ask: str
    whole: object = PARTS
    """What others are handed: PARTS, or something in their place."""
    text: str | None = None
    """All that is said as a text, which rules and guards see; None where that is what is made of the parts."""


def input_for(ctx: Context, member: Member, whole: object = PARTS, /, **parts: object) -> object:
    """Return the input for a member.

    One that takes several parameters gets those of `parts` that it asks for, by name; None counts as not there. A
    language model and a person, and a team that begins with one, get all parts that say something: as text, each under
    its name, or as a mapping. Any other that takes a text gets `whole` if that is one, else the parts as text. Any
    other gets `whole`. A model hears a Talk as messages. A name stands for the agent that is registered under it.
    """
    member = filled_by(ctx, member)
    told = {name: value for name, value in parts.items() if value is not None}
    named = parameters(member).keys() & parts.keys()
    if named:
        return {name: value for name, value in told.items() if name in named}
    if isinstance(whole, Talk):
        others = input_for(ctx, member, whole.whole, **parts)
        if not hears(member):
            return others
        return Told(text=as_text(others) if whole.text is None else whole.text, said=whole.said, ask=whole.ask)
    kind = takes(member)
    if not isinstance(whole, _Parts) and reads(member) and begun_with(ctx, 2):
        saying = {name: value for name, value in told.items() if not _is_empty(value)}
        told, whole = (saying, PARTS) if len(saying) > 1 else (told, whole)
    if kind is str and not isinstance(whole, str):
        return sections(told) if told else as_text(whole)
    if isinstance(whole, _Parts):
        return plain(told)
    return plain(whole) if kind is ANYTHING else whole


def reads(member: Member) -> bool:
    """Whether a member is told all parts in words: a language model that takes one text, a person that takes anything.

    So is a team that takes one text, if the first of its members is. A person whose question is worded from an input
    of one type is not.
    """
    if not is_agent(member):
        return False
    kind, traits = takes(member), member.card.traits
    if is_workflow(member):
        first = next((each for each in member.agents() if not is_workflow(each)), None)
        return kind is str and first is not None and reads(first)
    return traits.reads_text and (kind is ANYTHING or (kind is str and not traits.is_person))


def _is_empty(value: object) -> bool:
    return isinstance(value, Sized) and not len(value)


def sections(parts: Mapping[str, object]) -> str:
    """Return parts as text, each under its name; without those that are None."""
    return "\n\n".join(f"{name}:\n{as_text(value)}" for name, value in parts.items() if value is not None)


def said_by(author: str | None, value: object) -> Utterance:
    """Return what somebody said as a message: a text as it is, anything else as JSON. None is whoever asks."""
    return Utterance(author=author, text=as_words(plain(value)))


def heard_of(ctx: Context, whole: object, task: object, *said: tuple[str | None, object], ask: str) -> object:
    """Return what stands for the parts together: a language model hears the task, and who said what, as messages.

    None is whoever asks. Others are handed the `whole`, and so is everybody in runs that an older release began.
    """
    if not begun_with(ctx, 2):
        return whole
    return Talk(said=[said_by(None, task), *(said_by(who, each) for who, each in said)], ask=ask, whole=whole)


def thread_of(worker: str, before: Iterable[tuple[object, object]], asked: object, *first: Utterance) -> Talk:
    """Return what a worker is asked that keeps a thread: a language model hears what it was asked and answered before.

    `first` are messages before that. Others are handed what is asked.
    """
    said, ask = list(first), as_text(asked)
    for question, answer in before:
        said += [Utterance(text=as_text(question)), said_by(worker, answer)]
    told = [{"author": each.author, "text": each.text} for each in said]
    text = f"{sections({'messages': told})}\n\n{ask}" if said else ask
    return Talk(said=said, ask=ask, whole=asked, text=text)


def as_text(value: object) -> str:
    """Return a value as a text for a person or a language model: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False, indent=2)


def plain(value: object) -> Json:
    """Return a value, with the models and dataclasses in it, as JSON; sets in order.

    Raises PydanticSerializationError for what has no JSON, and InvalidValue for a model that would not come back.
    """
    try:
        return json_copy(value, "JSON")
    except InvalidValue:
        return _plain(value)


def _plain(value: object) -> Json:
    if is_object(value):
        return {_key(key): plain(each) for key, each in value.items()}
    if is_several(value):
        return [plain(each) for each in value]
    if is_set(value):
        return in_order(plain(each) for each in value)
    if fields_of(value) is not None:
        kind: type[object] = type(value)
        return shape_of(kind).dump(value)
    return pydantic_core.to_jsonable_python(value)


def _key(key: object) -> str:
    return key if isinstance(key, str) else next(iter(pydantic_core.to_jsonable_python({key: None})))


def same(one: object, other: object) -> bool:
    """Whether two values are the same JSON."""
    return plain(one) == plain(other)
