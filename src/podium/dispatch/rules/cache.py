"""Who asks an agent the same again is given the same answer again."""

import asyncio
import hashlib
import logging
from collections.abc import Callable

import orjson

from podium.dispatch.dispatcher import Handler
from podium.errors import StoreError
from podium.model.agent import Card
from podium.model.cache import AnswerCache, CacheEntry, CacheKey
from podium.model.call import Call
from podium.model.clock import Clock
from podium.model.outcome import Done, Outcome
from podium.model.rule_steps import RuleSteps
from podium.store.codec import encode
from podium.store.keeping import KeepAnswer

_LOG = logging.getLogger("podium")

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
        seconds = card.cache
        if seconds is None or card.traits.runs_inline or card.effects == "once":
            return handler

        async def cached(call: Call, steps: RuleSteps) -> Outcome:
            if call.feedback or call.conversation is not None:  # what there is did not fit, or came of another talk
                return await handler(call, steps)
            question = _question(call)
            while (other := self._asked.get(question)) is not None:
                await asyncio.shield(other)
            known = await self._known(question)
            if known is not None:
                steps.note("cache", {"agent": call.agent, "run": known.run, "key": known.key})
                return Done(known.value)
            done = self._asked[question] = asyncio.get_running_loop().create_future()
            try:
                outcome = await handler(call, steps)
                if isinstance(outcome, Done):
                    self._remember(question, CacheEntry(outcome.value, call.run, call.key), seconds)
                return outcome
            finally:
                del self._asked[question]
                done.set_result(None)

        return cached

    async def _known(self, question: CacheKey) -> CacheEntry | None:
        """Return the kept answer; one that cannot be read is none."""
        if (new := self._new.get(question)) is not None:
            return new
        try:
            return await self._answers.get(question, self._clock.now())
        except StoreError as error:
            _LOG.warning("a kept answer of %s cannot be read: %s", question.agent, error)
            return None

    def _remember(self, question: CacheKey, answer: CacheEntry, seconds: float) -> None:
        """Have an answer kept by the commit that is next; until then it is known here."""
        now, value = self._clock.now(), encode(answer.value)
        self._new[question] = answer
        self._keep(
            KeepAnswer(
                agent=question.agent, version=question.version, tenant=question.tenant, digest=question.digest,
                value=value, run=answer.run, key=answer.key, now=now, until=now + seconds,
            ),
            lambda: self._new.pop(question, None),
        )  # fmt: skip


def _question(call: Call) -> CacheKey:
    digest = hashlib.sha256(orjson.dumps(call.input, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return CacheKey(call.agent, call.version, call.tenant, digest)
