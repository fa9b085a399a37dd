"""A model request as a step, whoever makes it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from pydantic_ai.durable_exec import JSON_CODEC
from pydantic_ai.exceptions import OutputTokenLimitExceeded
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models._request_timeout import open_durable_unit_stream  # it alone knows when the first event is due
from pydantic_ai.settings import ModelSettings

from podium.agents.frameworks.asking import asking
from podium.agents.frameworks.counting import AnswerUsage
from podium.agents.frameworks.sent import told
from podium.agents.pydantic_ai.bound import members_of
from podium.agents.pydantic_ai.cap import AnswerCap, cut_by
from podium.agents.pydantic_ai.failure import of_request
from podium.agents.pydantic_ai.fitting import fitted
from podium.agents.pydantic_ai.request import model_input, sent_messages
from podium.agents.pydantic_ai.retries import unretried
from podium.agents.pydantic_ai.scope import AgentScope, Unanswered
from podium.agents.pydantic_ai.sent import RequestSent, answered, sending
from podium.agents.pydantic_ai.shared import as_run
from podium.agents.pydantic_ai.storable import recordable
from podium.agents.pydantic_ai.streaming import hand_on
from podium.agents.pydantic_ai.whole import TWICE, objection, require_end
from podium.model.budget import USUAL_OUTPUT, Bound
from podium.model.context_change import ContextChange
from podium.model.json import Json
from podium.model.step import ANSWER
from podium.model.streams.transient import RequestStarted
from podium.secrets.literals import learn_keys_of

SendRequest = Callable[[list[ModelMessage], ModelSettings | None], Awaitable[ModelResponse]]
"""Sends these messages with these settings, unrecorded."""

NO_COST = Bound(usd=0.0)


class RecordedRequest:
    """One request to a model, at its place in the conversation."""

    def __init__(
        self, scope: AgentScope, model: Model[object], messages: list[ModelMessage], settings: ModelSettings | None,
        parameters: ModelRequestParameters,
    ) -> None:  # fmt: skip
        self._scope = scope
        self._model = model
        self._history = messages
        """All messages of the agent."""
        self._messages = messages
        """Those that are sent."""
        self._settings = settings
        self._parameters = parameters
        self._own = scope.takes_attempt()
        self._changes: Sequence[ContextChange] = ()
        """What rules did to the messages."""
        self._asked: Json = None
        self._sent: RequestSent | None = None
        scope.outputs |= {each.name for each in parameters.output_tools}
        self._doubled = 0

    async def ask(self, send: SendRequest) -> ModelResponse:
        """Send it once for ever, as the rules for the context of its agent let it; raises ContextTooLong."""
        context = self._scope.context
        if self._own and context is not None:
            self._messages, self._changes = await fitted(context, self._model, self._history, self._parameters)
        return await self._ask(send)

    async def _ask(self, send: SendRequest) -> ModelResponse:
        """Send it once for ever. An error keeps the type that Pydantic AI gave it, for those who handle it."""
        failed: list[Exception] = []
        recording = self._scope.recording
        self._cap = AnswerCap(self._model, self._messages, self._settings, self._parameters, recording.rates)

        async def body() -> Json:
            self._scope.emit(RequestStarted(self._model.model_name))
            with of_request(failed, remote=self._model.base_url is not None), asking():
                settings = self._sent_settings()
                self._scope.recording.tell_sent(lambda at: self._told(at, settings), self._told_is_kept)
                response = await send(self._messages, settings)
            return recordable(self._cap.kept(response))

        usage = AnswerUsage(self._scope.recording.rates, self._cap, self._scope.recording.note)
        place = self._place()
        try:
            value = await self._scope.recording.once(
                ANSWER, body, key=place.key, input=place.sent, usage=usage, bound=self._bound()
            )
        except Exception:  # whatever the rules made of it: what the model's adapter raised is raised
            if self._own:
                self._scope.unanswered = place
            if not failed:
                raise
        else:
            response = JSON_CODEC.load(ModelResponse, value)
            self._scope.last_sent = answered(self._scope.last_sent, self._asked, value)
            self._scope.add(as_run(response.usage))
            return await self._whole(response, send)
        raise failed[0] from failed[0].__cause__

    async def _whole(self, response: ModelResponse, send: SendRequest) -> ModelResponse:
        """Return an answer that is whole: the recorded one, or one that is asked for with more tokens."""
        recording, said = self._scope.recording, self._cap.said
        sent, by = cut_by(response) if said is None else (said, "")
        wrong = objection(response, limit=sent, by=by)
        if not isinstance(wrong, OutputTokenLimitExceeded):
            if wrong is not None:
                raise wrong
            return response
        if recording.unfinished == "accept":
            recording.note("answer", {"model": response.model_name, "finish_reason": "length"})
            return response
        if recording.unfinished == "fail" or self._doubled == TWICE:
            raise wrong
        self._doubled += 1
        more = (self._settings or ModelSettings()).copy()
        more["max_tokens"] = 2 * (sent or response.usage.output_tokens or USUAL_OUTPUT)
        self._settings = more
        again = await self._ask(send)
        return replace(again, usage=again.usage + response.usage)

    async def ask_in_pieces(self) -> ModelResponse:
        """Do the same with an answer that is streamed; it is handed on where the call streams."""
        return await self.ask(self._stream)

    async def _stream(self, messages: list[ModelMessage], settings: ModelSettings | None) -> ModelResponse:
        stream = open_durable_unit_stream(self._model, messages, settings, self._parameters, None)
        async with stream as streamed:
            await hand_on(streamed, self._parameters, self._scope.emit if self._scope.emits else None)
        if self._scope.recording.unfinished != "accept":
            require_end(streamed)
        return streamed.get()

    def _place(self) -> Unanswered:
        """Return its key and what is compared on replay: those of the attempt that failed just before, if it did.

        So an answer of a model that an agent fell back on is handed back to the first one's request, and nobody is
        asked again. A request that code makes is no attempt of the agent, whatever it asks.
        """
        sent = model_input(self._model.model_name, self._messages, self._settings, self._parameters)
        history: Json = sent["messages"] if self._messages is self._history else sent_messages(self._history)
        before, self._asked = self._scope.unanswered, sent
        if self._own and before is not None and before.asks(history):
            self._scope.unanswered = None
            return before
        return Unanswered(self._scope.position(len(self._history), sent, own=self._own), sent, history)

    def _sent_settings(self) -> ModelSettings | None:
        """Bound the answer where a budget did, and switch off the retries of the vendor's client: they are Podium's.

        A vendor may say the key again in what it objects to: it is masked from now on.
        """
        for member in members_of(self._model):
            learn_keys_of(member)
        return unretried(self._model, self._cap.settings)

    def _told(self, place: str, settings: ModelSettings | None) -> Json:
        """Return what it sends as it is recorded for people: what differs from the request before it in this scope."""
        scope = self._scope
        last, parameters = scope.last_sent, self._parameters
        changes = None if scope.context is None else [each.as_json() for each in self._changes]
        self._sent = sending(last, scope.agent, place, self._asked, self._model, settings, parameters, changes)
        return told(self._sent.sent.said, None if last is None else last.sent, scope.recording.earlier)

    def _told_is_kept(self) -> None:
        """Have the next request recorded as what differs from this one."""
        self._scope.last_sent = self._sent

    def _bound(self) -> Bound | None:
        """Return the most that it may cost, where a budget needs to know."""
        return self._cap.bound() if self._scope.recording.steps.budgeted else None


async def keep_answer(scope: AgentScope, messages: Sequence[ModelMessage], response: ModelResponse) -> None:
    """Record what the agent goes on with after a request that failed: a hook may have made up an answer."""
    place = scope.unanswered
    if place is None or not place.asks(sent_messages(messages)):
        return
    scope.unanswered = None

    async def body() -> Json:
        return recordable(response)

    await scope.recording.once(ANSWER, body, key=place.key, input=place.sent, bound=NO_COST)
    scope.add(as_run(response.usage))
