"""Answers that could not be used when they came: they are kept, and used once their type has a place for them."""

from podium.engine.calls.open_call import OpenCall
from podium.errors import BadAnswer, InvalidValue
from podium.model.agent import AnyAgent
from podium.model.fact import Fact
from podium.model.facts.calls import StepDone
from podium.model.facts.content import prepared
from podium.model.outcome import Done, Failed, Failure
from podium.model.retry import FailureKind
from podium.model.step import UNUSABLE_ANSWER
from podium.store.codec import decode, encode, input_digest


def keep(open_call: OpenCall, agent: AnyAgent, answer: bytes) -> None:
    """Record an answer that cannot be used, as a step of its call: a retry finds it, and does nothing again."""
    active, progress = open_call.active, open_call.progress
    payload = encode(decode(answer))
    if len(payload) > active.runtime.max_payload_bytes:
        return
    key = f"{open_call.key}/{progress.lineage}/{_place(agent)}"
    said = prepared(StepDone(name=UNUSABLE_ANSWER, attempt=progress.attempt, digest=input_digest(open_call.input)))
    at = active.journal.append(said, key, payload)
    active.history.add(Fact(-1, said.fact_kind, key, at, active.run.epoch, said.encoded, payload))


def kept_answer(open_call: OpenCall, agent: AnyAgent) -> Done | Failed | None:
    """Return what an agent answered to the same before, if that could not be used: its value, where it can be now."""
    place = f"/{_place(agent)}"
    for path, record in open_call.active.history.steps.get(open_call.key, {}).items():
        done = record.done
        if done is None or not path.endswith(place) or not isinstance(said := done.content, StepDone):
            continue
        if said.digest == input_digest(open_call.input):
            open_call.progress.final = True
            return _used(agent, done)
    return None


def _place(agent: AnyAgent) -> str:
    """Return the place of an answer: a new version may do again what may be done twice."""
    card = agent.card
    return f"{UNUSABLE_ANSWER}/{card.name if card.effects == 'once' else f'{card.name} {card.version}'}"


def _used(agent: AnyAgent, done: Fact) -> Done | Failed:
    value = decode(done.payload)
    try:
        agent.output.restore(value)
    except InvalidValue as error:
        said = (
            f"{agent.card.name} returned something else than it declares, and is not asked again: {error}. "
            "Declare a type that has a place for it, or fork the run before this call"
        )
        return Failed(Failure(FailureKind.VALIDATION, f"{BadAnswer.__module__}.BadAnswer", said))
    return Done(value)
