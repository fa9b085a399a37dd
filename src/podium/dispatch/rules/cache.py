"""Who asks an agent the same again, or nearly so, is given the same answer again."""

import asyncio
import hashlib
import logging
from collections.abc import Callable

import orjson

from podium.dispatch.dispatcher import Handler
from podium.dispatch.invoke import is_foreign
from podium.errors import Forbidden, StoreError, Suspended
from podium.model.agent import Card
from podium.model.cache import AnswerCache, CacheByMeaning, CacheEntry, CacheKey, Meaning
from podium.model.call import Call
from podium.model.clock import Clock
from podium.model.embedding_step import Embedding
from podium.model.json import Json
from podium.model.outcome import Done, Outcome, Pending, readable, text_of
from podium.model.rule_steps import RuleSteps
from podium.model.step import CACHE_STEP
from podium.secrets.masking import MASKING
from podium.store.codec import encode
from podium.store.keeping import KeepAnswer

_LOG = logging.getLogger("podium")

_TALKS = "what was said before in the conversation counts, so no kept answer is given, and this one is not kept"

Keeper = Callable[[KeepAnswer, Callable[[], object]], None]
"""Has an answer kept with the next commit; the function is called once it is in the store, or cannot be."""


class Cache:
    """Keeps answers of agents that say for how long theirs may be kept."""

    def __init__(self, answers: AnswerCache, clock: Clock, keep: Keeper) -> None:
        self._answers = answers
        self._clock = clock
        self._keep = keep
        self._new: dict[CacheKey, CacheEntry] = {}
        """What is to be kept, and is not in the store yet."""
        self._asked: dict[CacheKey, asyncio.Future[None]] = {}
        """What is being asked now, and who waits for it."""

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Give a kept answer instead of asking, and keep new ones."""
        if card.cache is None or card.traits.runs_inline or card.effects == "once":
            return handler

        async def cached(call: Call, steps: RuleSteps) -> Outcome:
            if call.conversation is not None and call.attempt == 1:
                _passed_by(_TALKS, call, steps)
            if call.feedback or call.conversation is not None:  # what there is did not fit, or came of another talk
                return await handler(call, steps)
            question = _question(call, card.cache_by_meaning)
            while (other := self._asked.get(question)) is not None:
                await asyncio.shield(other)
            known = await self._known(question)
            if known is not None:
                return _given(known, call, steps)
            done = self._asked[question] = asyncio.get_running_loop().create_future()
            try:
                return await self._answer(card, handler, question, call, steps)
            finally:
                del self._asked[question]
                done.set_result(None)

        return cached

    async def _answer(
        self, card: Card, handler: Handler, question: CacheKey, call: Call, steps: RuleSteps
    ) -> Outcome:  # fmt: skip
        """Give the kept answer to a question like this one, or else ask, and keep what is answered."""
        near = card.cache_by_meaning
        try:
            meaning = None if near is None else await _meaning(near, call, steps)
        except Suspended as waits:
            return Pending(waits.ask, waits.step, waits.rule)
        if near is not None and meaning is not None:
            known = await self._nearest(meaning, near.above, call)
            if known is not None:
                return _given(known, call, steps)
        outcome = await handler(call, steps)
        if isinstance(outcome, Done):
            answer = CacheEntry(outcome.value, call.run, call.key, _usd(outcome, steps))
            self._remember(card, question, answer, meaning)
        return outcome

    async def _known(self, question: CacheKey) -> CacheEntry | None:
        """Return the kept answer; one that cannot be read is none."""
        if (new := self._new.get(question)) is not None:
            return new
        try:
            return await self._answers.get(question, self._clock.now())
        except StoreError as error:
            _LOG.warning("a kept answer of %s cannot be read: %s", question.agent, error)
            return None

    async def _nearest(self, meaning: Meaning, above: float, call: Call) -> CacheEntry | None:
        """Return the kept answer to a question like this one; one that cannot be read is none."""
        try:
            return await self._answers.nearest(meaning, above, self._clock.now())
        except StoreError as error:
            _LOG.warning("the kept answers of %s cannot be looked through: %s", call.agent, error)
            return None

    def _remember(self, card: Card, question: CacheKey, answer: CacheEntry, meaning: Meaning | None) -> None:
        """Have an answer kept by the commit that is next; until then it is known here."""
        now, value, near = self._clock.now(), encode(answer.value), card.cache_by_meaning
        self._new[question] = answer
        self._keep(
            KeepAnswer(
                agent=question.agent, version=question.version, tenant=question.tenant, digest=question.digest,
                value=value, run=answer.run, key=answer.key, now=now, until=now + (card.cache or 0.0), usd=answer.usd,
                meaning=meaning, most=0 if near is None else near.most,
            ),
            lambda: self._new.pop(question, None),
        )  # fmt: skip


def _question(call: Call, near: CacheByMeaning | None) -> CacheKey:
    asked = call.input if near is None or near.scope == "tenant" else [call.principal, call.input]
    return CacheKey(call.agent, call.version, call.tenant, _digest(asked))


async def _meaning(near: CacheByMeaning, call: Call, steps: RuleSteps) -> Meaning | None:
    """Return what a question means; None where it has no text, or that cannot be embedded, which is noted."""
    if (parts := near.parts(call.input)) is None:
        return None
    text, rest = parts
    try:
        vector = await Embedding(near.embed, steps).vector(text, step=CACHE_STEP)
    except Forbidden as refused:
        return _passed_by(f"{refused.rule}: {refused.reason}", call, steps)
    except BaseException as error:  # an embedder is foreign code; without it the agent is asked
        if not is_foreign(error):
            raise
        return _passed_by(f"{type(error).__name__}: {text_of(error)}", call, steps)
    user = None if near.scope == "tenant" else call.principal
    among = _digest([call.agent, call.version, call.tenant, user, vector.embedder, near.text, rest])
    return Meaning(among, vector)


def _passed_by(why: str, call: Call, steps: RuleSteps) -> None:
    steps.note("cache-passed-by", {"agent": call.agent, "why": MASKING.text(readable(why))})


def _given(known: CacheEntry, call: Call, steps: RuleSteps) -> Done:
    """Return a kept answer, and note where it came from."""
    said: dict[str, Json] = {"agent": call.agent, "run": known.run, "key": known.key}
    if known.similarity is not None:
        said["similarity"] = round(known.similarity, 4)
    if known.usd:
        said["saved"] = known.usd
    steps.note("cache", said)
    return Done(known.value)


def _usd(answer: Done, steps: RuleSteps) -> float | None:
    """Return what an answer cost: what its call says counts instead of what its steps came to."""
    usage = answer.usage
    return steps.usd if usage is None or usage.usd is None else usage.usd


def _digest(value: Json) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
