"""Questions to a store that come close together, and are one question to its server."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from podium.errors import Unwritable

Q = TypeVar("Q")
A = TypeVar("A")

MOST = 200
"""So many are asked together at most: the others wait for the next turn."""


class _JointTurn(Generic[Q, A]):
    """What is asked together, by one event loop."""

    __slots__ = ("answers", "loop", "questions")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.questions: list[Q] = []
        self.answers: asyncio.Future[Sequence[A | Unwritable]] = loop.create_future()


class JointQuestions(Generic[Q, A]):
    """Asks together what is asked while the questions before are being answered.

    So the more there is to ask, the more is asked at once: what a question costs does not grow with how many ask.
    """

    def __init__(
        self, do: Callable[[Callable[[], Sequence[A | Unwritable]]], "asyncio.Future[Sequence[A | Unwritable]]"],
        answer: Callable[[Sequence[Q]], Sequence[A]],
    ) -> None:  # fmt: skip
        """`do` has one piece of work after the other done in a thread, where `answer` gives an answer to each."""
        self._do = do
        self._answer = answer
        self._lock = threading.Lock()
        self._asked: _JointTurn[Q, A] | None = None
        """What waits for its turn, and can be joined."""

    async def ask(self, question: Q) -> A:
        """Return the answer; raises Unwritable for a question that cannot be asked: the others are answered.

        Whatever else keeps the store from answering is raised to all who asked together.
        """
        with self._lock:
            asked = self._joined(asyncio.get_running_loop())
            place = len(asked.questions)
            asked.questions.append(question)
        answer = (await asyncio.shield(asked.answers))[place]
        if isinstance(answer, Unwritable):
            raise answer
        return answer

    def _joined(self, loop: asyncio.AbstractEventLoop) -> _JointTurn[Q, A]:
        asked = self._asked
        if asked is None or asked.loop is not loop or len(asked.questions) == MOST:
            asked = self._asked = _JointTurn[Q, A](loop)
            new = asked
            asked.answers = self._do(lambda: self._answered(new))
        return asked

    def _answered(self, asked: _JointTurn[Q, A]) -> Sequence[A | Unwritable]:
        """Answer what has come up to now, in the thread; what comes from now on has a turn of its own."""
        with self._lock:
            if self._asked is asked:
                self._asked = None
        try:
            return self._answer(asked.questions)
        except Unwritable:
            return [self._alone(question) for question in asked.questions]

    def _alone(self, question: Q) -> A | Unwritable:
        try:
            return self._answer([question])[0]
        except Unwritable as error:
            return error
