"""Answers that could not be used when they came: they are kept, and used once their type has a place for them."""

from podium.engine.calls.open_call import OpenCall
from podium.errors import BadAnswer, InvalidValue
from podium.model.agent import AnyAgent
from podium.model.fact import Fact
from podium.model.facts.calls import StepDone
from podium.model.facts.content import prepared
from podium.model.outcome import Done, Failed, Failure
from podium.model.retry import FailureKind
from podium.model.said import kept_said
from podium.model.step import UNUSABLE_ANSWER
from podium.store.codec import decode, encode, input_digest

_SAID = "said"
"""Ends the place of what was said in a conversation with such an answer."""


def keep(open_call: OpenCall, agent: AnyAgent, answer: bytes) -> None:
    """Record an answer that cannot be used, as a step of its call: a retry finds it, and does nothing again."""
    payload = encode(decode(answer))
    beside = b"" if open_call.turn is None else encode(open_call.turn.said(None).kept())
    if max(len(payload), len(beside)) > open_call.active.runtime.max_payload_bytes:
        return
    _record(open_call, _place(agent), payload)
    if beside:
        _record(open_call, f"{_place(agent)}/{_SAID}", beside)


def _record(open_call: OpenCall, place: str, payload: bytes) -> None:
    active, progress = open_call.active, open_call.progress
    key = f"{open_call.key}/{progress.lineage}/{place}"
    said = prepared(StepDone(name=UNUSABLE_ANSWER, attempt=progress.attempt, digest=input_digest(open_call.input)))
    at = active.journal.append(said, key, payload)
    active.history.add(Fact(-1, said.fact_kind, key, at, active.run.epoch, said.encoded, payload))


def kept_answer(open_call: OpenCall, agent: AnyAgent) -> Done | Failed | None:
    """Return what an agent answered to the same before, if that could not be used: its value, where it can be now."""
    place = f"/{_place(agent)}"
    steps = open_call.active.history.steps.get(open_call.key, {})
    for path, record in steps.items():
        done = record.done
        if done is None or not path.endswith(place) or not isinstance(said := done.content, StepDone):
            continue
        if said.digest == input_digest(open_call.input):
            open_call.progress.final = True
            beside = steps.get(f"{path}/{_SAID}")
            return _used(agent, done, None if beside is None else beside.done)
    return None


def _place(agent: AnyAgent) -> str:
    """Return the place of an answer: a new version may do again what may be done twice."""
    card = agent.card
    return f"{UNUSABLE_ANSWER}/{card.name if card.effects == 'once' else f'{card.name} {card.version}'}"


def _used(agent: AnyAgent, done: Fact, beside: Fact | None) -> Done | Failed:
    value = decode(done.payload)
    try:
        agent.output.restore(value)
    except InvalidValue as error:
        said = (
            f"{agent.card.name} returned something else than it declares, and is not asked again: {error}. "
            "Declare a type that has a place for it, or fork the run before this call"
        )
        return Failed(Failure(FailureKind.VALIDATION, f"{BadAnswer.__module__}.BadAnswer", said))
    return Done(value, said=None if beside is None else kept_said(decode(beside.payload), value))
