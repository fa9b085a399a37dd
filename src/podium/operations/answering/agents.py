"""Has agents answer the questions that were given to them: each in a run of its own, a child of the one that asks."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256

from podium.engine.run.starting import Above, new_run
from podium.engine.worker.worker import Worker
from podium.engine.workflow import Workflow
from podium.model.agent import AnyAgent
from podium.model.clock import Clock
from podium.model.facts.runs import Started
from podium.model.ids import Ids
from podium.model.inbox_book import Remark
from podium.model.json import Json
from podium.model.people import People
from podium.model.person import folded, is_same
from podium.model.question import PersonAnswer, Question, QuestionState
from podium.model.run import Run, RunOptions, Signal
from podium.operations.answering.workflow import AgentQuestion, answers
from podium.services.looking import looking, rung
from podium.store.asking import KeepRemark, Reply
from podium.store.codec import encode
from podium.store.operations import CommitVerdict, Send
from podium.store.protocol import QuestionQuery, walk

_EVERY = 5.0
"""Seconds between two looks where nothing is rung: hours begin, and other processes ask."""


class AgentAnswers:
    """Has the agents of this process answer. Several processes may do so: a question has one run for each agent."""

    def __init__(
        self, worker: Worker, people: People, clock: Clock, ids: Ids, register: Callable[[AnyAgent], None]
    ) -> None:
        """`register` makes a workflow known, whose runs are driven here from then on."""
        self._worker = worker
        self._store = worker.store
        self._registry = worker.dispatcher.registry
        self._people = people
        self._clock = clock
        self._ids = ids
        self._soon = asyncio.Event()
        self._register = register
        self._workflows: dict[str, Workflow[AgentQuestion, str]] = {}
        """By agent: of those that are registered in this process."""
        self._begun: dict[tuple[str, str], str] = {}
        """The runs of open questions that this process knows of, by question and the name that answers it."""

    @asynccontextmanager
    async def answering(self) -> AsyncGenerator[None]:
        """Have agents answer while the block lasts."""
        failed = "questions that were given to agents cannot be looked for; it is tried again"
        async with looking(self.look, self._soon, self._clock, lambda: _EVERY, failed=failed):
            with rung(self._store.events.hear, self._soon):
                yield

    async def look(self) -> None:
        """Begin a run for each open question that was given to an agent of this process, and has none.

        Those whose question is closed otherwise are cancelled.
        """
        there: dict[tuple[str, str], str] = {}
        for name, person in self._people.known.items():
            if person.agent is None or not self._registry.knows(person.agent):
                continue
            workflow = self._workflow(person.agent)
            if not person.working.covers(self._clock.now()):
                continue
            query = QuestionQuery(state=QuestionState.OPEN, assignee=name, tenant=person.tenant)
            async for question in walk(self._store.questions, query):
                known = self._begun.get((question.id, name))
                if (begun := known or await self._begin(question, name, workflow)) is not None:
                    there[question.id, name] = begun
        before, self._begun = self._begun, there
        for (asked, name), begun in before.items():
            if (asked, name) not in there:
                await self._cancel(asked, name, begun)

    def _workflow(self, agent: str) -> Workflow[AgentQuestion, str]:
        """Return the workflow in whose runs an agent answers; from then on this process drives these."""
        if agent not in self._workflows:
            self._workflows[agent] = answers(agent, self)
            self._register(self._workflows[agent])
        return self._workflows[agent]

    async def _begin(self, question: Question, name: str, workflow: Workflow[AgentQuestion, str]) -> str | None:
        """Begin the run in which an agent answers, unless there is one: a child of the run that asks, at its cost.

        Returns its id; None where the run that asks has ended, or asks from within an answer of the same agent.
        """
        run = await self._store.run(question.run)
        if run is None or run.state.ended:
            return None
        ask = question.ask
        given = AgentQuestion(question=question.id, name=name, text=ask.text, subject=ask.subject, schema=ask.schema)
        above = await self._above(run)
        if workflow.card.name in above.callers:
            await self.leave(given, "it is asked from within its own answer to another question")
            return None
        options = RunOptions(tenant=run.tenant, principal=run.principal, queue=run.queue, priority=run.priority)
        which = sha256(folded(name).encode()).hexdigest()[:8]
        begun, _ = await self._worker.begin(
            new_run(
                f"{run.id}.{question.key}.{question.id}.{which}", workflow.card, encode(workflow.input.dump(given)),
                options, seed=self._ids.seed(), at=self._clock.now(), above=above,
            )
        )  # fmt: skip
        return begun

    async def _cancel(self, asked: str, name: str, run: str) -> None:
        """Cancel an answer that comes too late: people were faster, or nobody needs one any more."""
        question = await self._store.question(asked)
        if question is not None and question.state is QuestionState.OPEN:
            return  # it was given to somebody else: whoever was asked may still answer
        if question is None or not any(is_same(name, each) for each in question.answered_by):
            signal = Signal("cancel", "cancel", "cancel", {"reason": "the question is closed"}, self._clock.now())
            await self._worker.commits.submit(Send(run, signal))

    async def _above(self, run: Run) -> Above:
        """Return what a child run has of the run that asks: its budgets, what it may use, and its deadline."""
        said = (await self._store.facts_of(run.id, ""))[0].content
        assert isinstance(said, Started)  # always the first fact
        return Above(
            run=run, callers=(*said.callers, run.workflow), deadline=said.deadline, lines=tuple(said.lines),
            budget=dict(said.budget), allow=said.allow,
        )  # fmt: skip

    # What the workflow does

    async def answer(self, given: AgentQuestion, value: Json) -> Json:
        """Answer a question under the name of the agent; what came of it."""
        answer = PersonAnswer(by=given.name, value=value, at=self._clock.now())
        verdict, _ = await self._worker.commits.submit(Reply(given.question, answer, again=True))
        return "answered" if verdict is CommitVerdict.OK else "too late"

    async def leave(self, given: AgentQuestion, why: str) -> Json:
        """Give a question to the person who would be given it now, and say why; what came of it."""
        question = await self._store.question(given.question)
        if question is None or question.state is not QuestionState.OPEN:
            return "too late"
        now = await self._store.inbox.now(question.tenant, self._clock.now())
        found = self._people.assign(question.ask.to, question.tenant, now, agents=False)
        mine = question.assignee is not None and is_same(question.assignee, given.name)
        remark = Remark(
            id=f"{question.id}/left/{folded(given.name)}", question=question.id, by=given.name, at=self._clock.now(),
            text=f"{given.name} could not answer: {why}", assignee=found.name if found and mine else None,
        )  # fmt: skip
        await self._worker.commits.submit(KeepRemark(remark))
        return "left"
