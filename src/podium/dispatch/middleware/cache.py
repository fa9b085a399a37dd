"""Who asks an agent the same again is given the same answer again."""

import asyncio
import hashlib
import logging

import orjson

from podium.dispatch.dispatcher import Handler
from podium.errors import StoreError
from podium.model.agent import Card
from podium.model.answers import Answers, KeptAnswer, Question
from podium.model.call import Call
from podium.model.clock import Clock
from podium.model.outcome import Done, Outcome
from podium.model.steps import Steps

_LOG = logging.getLogger("podium")


class Cache:
    """Keeps answers of agents that say for how long theirs may be kept."""

    def __init__(self, answers: Answers, clock: Clock) -> None:
        self._answers = answers
        self._clock = clock
        self._asked: dict[Question, asyncio.Future[None]] = {}
        """What is being asked now, and who waits for it."""

    def calls(self, card: Card, handler: Handler) -> Handler:
        """Give a kept answer instead of asking, and keep new ones."""
        seconds = card.cache
        if seconds is None or card.kind == "workflow" or card.effects == "once":
            return handler

        async def cached(call: Call, steps: Steps) -> Outcome:
            if call.feedback:
                return await handler(call, steps)  # the answer that there is did not fit
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
                    await self._keep(question, KeptAnswer(value=outcome.value, run=call.run, key=call.key), seconds)
                return outcome
            finally:
                del self._asked[question]
                done.set_result(None)

        return cached

    async def _known(self, question: Question) -> KeptAnswer | None:
        """Return the kept answer; one that cannot be read is none."""
        try:
            return await self._answers.get(question, self._clock.now())
        except StoreError as error:
            _LOG.warning("a kept answer of %s cannot be read: %s", question.agent, error)
            return None

    async def _keep(self, question: Question, answer: KeptAnswer, seconds: float) -> None:
        """Keep an answer; where that fails it is asked again another time."""
        now = self._clock.now()
        try:
            await self._answers.put(question, answer, now=now, until=now + seconds)
        except StoreError as error:
            _LOG.warning("an answer of %s cannot be kept: %s", question.agent, error)


def _question(call: Call) -> Question:
    digest = hashlib.sha256(orjson.dumps(call.input, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return Question(agent=call.agent, version=call.version, tenant=call.tenant, digest=digest)
