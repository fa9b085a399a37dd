"""What the runs of `many.py` do where everything fails a few times before it gives a value.

Whoever gives a value tells the witness first: `value RUN WHO VALUE`. Once the workflow was handed it, it says so,
`had RUN WHO VALUE`: from then on nobody may give that value again. No two calls of a run give the same.
"""

import asyncio
from collections.abc import Awaitable, Callable

from podium import Call, CallError, Context, Retry, Steps, agent, workflow
from podium.errors import BadAnswer, NotDone
from podium.model.agent import AnyAgent
from podium.patterns import parallel, vote
from podium.testing import Witness

UNUSABLE = -1

Part = Callable[[Context, int], Awaitable[int]]


class Members:
    """Makes agents that give ten times their input, and what is wrong with them at first."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    def tries(self, run: str, who: str) -> int:
        """Count one more try; returns how many there were before, in this run."""
        before = self._witness.count("tried", run, who)
        self._witness.saw("tried", run, who)
        return before

    def gives(self, call: Call, n: int) -> int:
        value = n * 10
        self._witness.saw("value", call.run, call.agent, value)
        return value

    def sound(self, name: str) -> AnyAgent:
        @agent(name=name)
        async def says(n: int, call: Call) -> int:
            await asyncio.sleep(0.001)
            return self.gives(call, n)

        return says

    def away(self, name: str, times: int, error: Exception) -> AnyAgent:
        """Return one that fails so many times."""

        @agent(name=name)
        async def says(n: int, call: Call) -> int:
            if self.tries(call.run, name) < times:
                raise error
            return self.gives(call, n)

        return says

    def muddled(self, name: str) -> AnyAgent:
        """Return one whose first answer cannot be used."""

        @agent(name=name)
        async def says(n: int, call: Call) -> int:
            return UNUSABLE if self.tries(call.run, name) < 1 else self.gives(call, n)

        return says

    def clerk(self) -> AnyAgent:
        """Return one that books, once, and then finds that something else is wrong."""

        @agent
        async def clerk(n: int, call: Call, steps: Steps) -> int:
            async def look() -> int:
                self._witness.saw("value", call.run, "look", n)
                return n

            async def book() -> int:
                if self.tries(call.run, "book") < 1:
                    raise NotDone("the desk is closed")
                self._witness.saw("effect", call.run, "book")
                await asyncio.sleep(0.001)
                return n

            await steps.once("look", look)
            await steps.once("book", book, input=n, effects="once")
            if self.tries(call.run, "clerk") < 1:
                raise ValueError("a bug")
            return self.gives(call, n)

        return clerk

    def mail(self) -> AnyAgent:
        """Return one whose effect happens once, and that nobody undoes."""

        @agent(effects="once")
        async def mail(n: int, call: Call) -> int:
            self._witness.saw("effect", call.run, "mail")
            await asyncio.sleep(0.001)
            return n

        return mail


@agent
async def reserve(n: int) -> int:
    return n


@agent
async def release(n: int) -> None:
    await asyncio.sleep(0.001)


def made(witness: Witness, pay: AnyAgent) -> list[AnyAgent]:  # noqa: C901 - a list of small functions
    """Return the agents and the workflows, `trouble` last."""
    of = Members(witness)
    lost, bug = ConnectionError("the line is down"), ValueError("a bug")
    sound, stand_in, judge, clerk = of.sound("sound"), of.sound("stand_in"), of.muddled("judge"), of.clerk()
    mail, courier = of.mail(), of.away("courier", 1, ConnectionError("the line is down"))
    gone, broken, errands = of.away("gone", 2, lost), of.away("broken", 1, bug), of.away("errands", 2, lost)
    team = parallel(of.sound("ann"), of.away("bob", 1, lost), of.away("cid", 1, bug), merge=sum, name="team")
    board = vote(of.away("dan", 1, lost), of.away("eve", 2, lost), of.sound("fay"), quorum=2, name="board")

    async def had(ctx: Context, who: AnyAgent, n: int) -> int:
        value = await ctx.call(who, n)
        witness.saw("had", ctx.run_id, who.card.name, value)
        return value

    @workflow
    async def errand(ctx: Context, n: int) -> int:
        return await had(ctx, errands, n)

    @workflow
    async def twice(ctx: Context, n: int) -> int:
        return await had(ctx, sound, n + 2) + await had(ctx, broken, n)

    @workflow
    async def trip(ctx: Context, n: int) -> int:
        """Undo what was reserved where it cannot be delivered; what was mailed stays mailed."""
        await ctx.on_undo(release, await ctx.call(reserve, n))
        await ctx.call(mail, n)
        return await had(ctx, courier, n)

    async def alone(ctx: Context, n: int) -> int:
        return await had(ctx, sound, n) + await had(ctx, gone, n)

    async def of_a_team(ctx: Context, n: int) -> int:
        return await ctx.call(team, n)

    async def of_a_board(ctx: Context, n: int) -> int:
        return (await ctx.call(board, n)).decision

    async def judged(ctx: Context, n: int) -> int:
        call = ctx.call(judge, n)
        value = await call
        if value == UNUSABLE:
            raise BadAnswer("of no use").about(call.key)
        return value

    async def paid(ctx: Context, n: int) -> int:
        _, value = await ctx.gather(ctx.call(pay, n), ctx.call(clerk, n))
        return value

    async def by_a_child(ctx: Context, n: int) -> int:
        child = await ctx.spawn(errand, n)
        return await child.result()

    async def nested(ctx: Context, n: int) -> int:
        return await ctx.call(twice, n, retry=Retry(attempts=2, delay=0.002))

    async def undone(ctx: Context, n: int) -> int:
        return await ctx.call(trip, n, retry=Retry(attempts=2, delay=0.002))

    async def caught(ctx: Context, n: int) -> int:
        """Make an error of one's own of a failure, after somebody else was asked."""
        try:
            return await had(ctx, errands, n + 1)
        except CallError:
            await had(ctx, stand_in, n)
        raise LookupError("nobody knows")

    parts: list[Part] = [alone, of_a_team, of_a_board, judged, paid, by_a_child, nested, caught]

    @workflow
    async def trouble(ctx: Context, n: int) -> int:
        first = n % len(parts)
        found = sum([await part(ctx, n) for part in parts[first:] + parts[:first]])
        return found + await undone(ctx, n)  # the last: a run that fails after it undoes it, and cannot be retried

    members = [pay, sound, stand_in, gone, broken, judge, clerk, errands, mail, courier, reserve, release]
    return [*members, team, board, errand, twice, trip, trouble]


def expected(n: int) -> int:
    """Thirteen members give ten times `n`; two of them were asked for a little more."""
    return 130 * n + 30
