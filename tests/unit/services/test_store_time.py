"""What time it is on the store, whose clock is not that of this machine."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from podium.services.store_time import Ahead, StoreTime


@dataclass
class Machine:
    """A machine whose clocks and store a test sets, and whose store takes its time to answer."""

    real: float = 1000.0
    off: float = 0.0
    store_off: float = 0.0
    to_store: float = 0.0
    from_store: float = 0.0
    asked: int = 0
    time: StoreTime = field(init=False)

    def __post_init__(self) -> None:
        self.time = StoreTime(self, self._ask)

    def now(self) -> float:
        return self.real + self.off

    def monotonic(self) -> float:
        return self.real / 2 + self.real / 2 - 500.0

    async def sleep_until(self, when: float) -> None:
        raise NotImplementedError

    @property
    def store(self) -> float:
        return self.real + self.store_off

    async def _ask(self) -> float:
        self.asked += 1
        self.real += self.to_store
        said = self.store
        self.real += self.from_store
        return said

    def is_right(self) -> bool:
        ahead = self.time.ahead()
        return ahead.least - 1e-6 <= self.store - self.now() <= ahead.most + 1e-6


seconds = st.floats(-3600.0, 3600.0)
answers = st.lists(st.tuples(st.floats(0.0, 2.0), st.floats(0.0, 2.0), st.floats(10.0, 100.0)), min_size=1, max_size=8)


@given(seconds, seconds, answers)
async def test_the_time_of_the_store_lies_between_what_is_said_however_slow_the_answers_are(
    off: float, store_off: float, answers: list[tuple[float, float, float]]
) -> None:
    machine = Machine(off=off, store_off=store_off)
    best = 10.0
    for machine.to_store, machine.from_store, pause in answers:
        machine.real += pause
        await machine.time.learn()
        assert machine.is_right()
        best = min(best + pause * 0.001 + 0.01, machine.to_store + machine.from_store)
        assert machine.time.ahead().uncertain <= best + 1e-6
        assert abs(machine.time.now() - machine.store) <= best + 1e-6


@given(seconds, st.sampled_from(["here", "there"]))
async def test_a_clock_that_is_set_is_followed(jump: float, where: str) -> None:
    machine = Machine(to_store=0.1, from_store=0.1)
    await machine.time.learn()
    if where == "here":
        machine.off += jump
        assert machine.is_right()  # at once: how long ago it was asked is counted by a clock that nobody can set
    else:
        machine.store_off += jump
    machine.real += 10.0
    await machine.time.learn()
    assert machine.is_right()


async def test_the_store_is_asked_now_and_then_alone() -> None:
    machine = Machine()
    for _ in range(1000):
        machine.real += 0.1
        await machine.time.learn()
    assert machine.asked == 10


async def test_where_all_have_one_clock_nothing_is_asked_twice_and_nothing_is_off() -> None:
    asked: list[int] = []

    async def ask() -> None:
        asked.append(1)

    machine = Machine(off=5.0)
    time = StoreTime(machine, ask)
    for _ in range(3):
        machine.real += 100.0
        await time.learn()
    assert (len(asked), time.ahead(), time.now()) == (1, Ahead(0.0, 0.0), machine.now())
