"""What is asked while questions are being answered is asked together, and nobody pays for the question of another."""

import asyncio
import threading
from collections.abc import Callable, Generator, Sequence

import pytest

from podium.errors import StoreUnavailable, Unwritable
from podium.store.joint_questions import MOST, JointQuestions
from podium.store.store_thread import StoreThread

GONE = 10_000
_PATIENCE = 60.0


class Answers:
    """Doubles numbers, once it is let; below 0 it cannot, and for `GONE` nothing can be answered."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.began = threading.Event()
        self.let = threading.Event()

    def __call__(self, numbers: Sequence[int]) -> Sequence[int]:
        self.asked.append(list(numbers))
        self.began.set()
        assert self.let.wait(_PATIENCE)
        if GONE in numbers:
            raise StoreUnavailable("gone")
        if min(numbers) < 0:
            raise Unwritable(f"{min(numbers)} is below 0")
        return [2 * number for number in numbers]


@pytest.fixture
def thread() -> Generator[StoreThread]:
    thread = StoreThread("test")
    yield thread
    thread.stop()


Ask = Callable[[int], "asyncio.Task[int]"]


async def begun(questions: JointQuestions[int, int], answers: Answers) -> Ask:
    """Have a question be under way; returns what asks others, and lets all be answered with the last loop turn."""
    tasks = [asyncio.create_task(questions.ask(1))]
    await asyncio.sleep(0)
    assert await asyncio.to_thread(answers.began.wait, _PATIENCE)

    def ask(number: int) -> "asyncio.Task[int]":
        tasks.append(asyncio.create_task(questions.ask(number)))
        return tasks[-1]

    return ask


def test_those_that_come_meanwhile_are_one(thread: StoreThread) -> None:
    answers = Answers()

    async def work() -> Sequence[int]:
        ask = await begun(JointQuestions(thread.do, answers), answers)
        tasks = [ask(number) for number in range(2, MOST + 4)]
        await asyncio.sleep(0)
        answers.let.set()
        return await asyncio.gather(*tasks)

    assert asyncio.run(work()) == [2 * number for number in range(2, MOST + 4)]
    assert answers.asked == [[1], list(range(2, MOST + 2)), [MOST + 2, MOST + 3]]


def test_a_question_that_cannot_be_asked_keeps_no_other_from_its_answer(thread: StoreThread) -> None:
    answers = Answers()

    async def work() -> Sequence[int | BaseException]:
        ask = await begun(JointQuestions(thread.do, answers), answers)
        tasks = [ask(number) for number in (2, -1, 3, -4)]
        await asyncio.sleep(0)
        answers.let.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, second, third, fourth = asyncio.run(work())
    assert (first, third) == (4, 6)
    assert [(type(each), str(each)) for each in (second, fourth)] == [
        (Unwritable, "-1 is below 0"), (Unwritable, "-4 is below 0"),
    ]  # fmt: skip


def test_all_are_told_that_nothing_can_be_answered(thread: StoreThread) -> None:
    answers = Answers()

    async def work() -> Sequence[int | BaseException]:
        ask = await begun(JointQuestions(thread.do, answers), answers)
        tasks = [ask(number) for number in (2, GONE)]
        await asyncio.sleep(0)
        answers.let.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    assert [str(each) for each in asyncio.run(work())] == ["gone", "gone"]
    assert answers.asked[1:] == [[2, GONE]]  # what is gone is not asked again for each


def test_one_who_waits_no_more_keeps_no_other_from_its_answer(thread: StoreThread) -> None:
    answers = Answers()

    async def work() -> int:
        ask = await begun(JointQuestions(thread.do, answers), answers)
        first, second = ask(2), ask(3)
        await asyncio.sleep(0)
        first.cancel()
        answers.let.set()
        return await second

    assert asyncio.run(work()) == 6


def test_a_thread_that_was_stopped_has_the_loop_do_what_comes() -> None:
    thread = StoreThread("test")

    async def work() -> str:
        thread.stop()
        return await thread.do(lambda: threading.current_thread().name)

    assert asyncio.run(work()) == threading.current_thread().name
