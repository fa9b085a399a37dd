"""`state_machine`: states, guarded transitions, entry actions."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar, Unpack, cast

from podium.engine.context import Context
from podium.errors import InvalidTransition, PatternError
from podium.model.json import Json, is_object
from podium.patterns.building.bounds import used_up
from podium.patterns.building.inputs import plain
from podium.patterns.building.members import ANYTHING, Kind, Member, at_least
from podium.patterns.building.names import named
from podium.patterns.building.partial import SoFar
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.pinning import begun_with
from podium.patterns.building.role import Role
from podium.patterns.parts.statechart import Chart, Event, Journey, RefusedEvent, Transition, acting, label

T = TypeVar("T")

_UNFIT = (ArithmeticError, AttributeError, LookupError, PatternError, TypeError, ValueError)
"""What a guard raises over data of another form than it expects."""


@pattern
def state_machine(
    *transitions: Transition, start: str, ends: Sequence[str], entry: Mapping[str, Member] | None = None,
    event: str = "event", steps: int = 50, name: str | None = None, **card: Unpack[CardFields],
) -> Pattern[object, Journey]:  # fmt: skip
    """States, the events that lead from one to another, and agents that act when a state is entered.

    The input is the first `data`; it flows along as JSON. Where a state is entered that has an agent in `entry`, that
    one is called: with the `data`, or parameters `state`, `data`, `event` (which led here) and `allowed` (the events
    that the state knows); a language model and a person see all. It gives an Event, or only the event's name. Where the
    transitions out of its state have no event, and in an end, what it gives is the new data; None leaves the data as it
    is. A state without an entry action waits for an event from outside: a signal called `event`, with a body `{"name":
    …, "data": …}`.

    Raises InvalidTransition where an entry action gives an event that its state does not know, or that no guard lets
    pass. Such an event from outside is refused: that is recorded, and the state waits on. Raises BoundReached after
    `steps` transitions; PatternError for a state that cannot be reached or left, and for a way that is never taken.
    """
    at_least("state_machine", "steps", steps)
    if others := [each for each in cast("Sequence[object]", transitions) if not isinstance(each, Transition)]:
        raise PatternError(f"state_machine was given {others[0]!r}: say a way, transition(source, target, on=…).")
    entry = entry or {}
    chart = Chart(transitions, start=start, ends=ends)
    acting(chart, entry)
    actions = {state: _action(chart, state, entry[state]) for state in chart.states if state in entry}
    machine = _Machine(chart, actions, event)

    async def body(ctx: Context, value: object, so_far: SoFar[Journey]) -> Journey:
        at = _Place(start, plain(value), None)
        path, refused = [start], list[RefusedEvent]()
        while at.state not in chart.ends:
            if len(path) > steps:
                way = f"look at the way: …, {', '.join(path[-4:])}"
                raise used_up("state_machine", "steps", steps, f"it is still in {at.state}", way)
            at = await (machine.act(ctx, at) if at.state in actions else machine.wait(ctx, at, refused))
            path.append(at.state)
            so_far.reached(Journey(state=at.state, data=at.data, path=path, refused=refused))
        data = await machine.done(ctx, at) if at.state in actions else at.data
        return Journey(state=at.state, data=data, path=path, refused=refused)

    links = [Link(each.source, each.target, label(each)) for each in transitions]
    sketch = Sketch(parts={state: entry.get(state) for state in chart.states}, links=links)
    takes = actions[start].takes("data") if start in actions else ANYTHING
    return Pattern(
        body, kind="state_machine", name=name, card=card, sketch=sketch, takes=takes, gives=Journey, has=Journey
    )


def _action(chart: Chart, state: str, member: Member) -> Role[object]:
    gives: Kind = Event | str if chart.events(state) else ANYTHING
    offers = ("state", "data", "event", "allowed")
    return Role("state_machine", f"entry action in {state}", member, offers=offers, gives=gives)


class _Place(NamedTuple):
    """Where a machine stands."""

    state: str
    data: Json
    event: str | None


class _Machine(NamedTuple):
    """How a state is left."""

    chart: Chart
    actions: Mapping[str, Role[object]]
    signal: str

    async def act(self, ctx: Context, at: _Place) -> _Place:
        """Let the entry action say where to go, or go once it is done."""
        known = self.chart.events(at.state) if begun_with(ctx, 2) else ()
        return await self._said(ctx, at, lambda said: self._led(at, said, known))

    def _led(self, at: _Place, said: object, known: Sequence[str]) -> _Place:
        """Return where the answer of an entry action leads; of events that are `known` the name is read freely."""
        if self.chart.completes(at.state):
            on, data = None, _worked_on(at, said)
        else:
            event = said if isinstance(said, Event) else Event(str(said))
            on, data = named(event.name, known) or event.name, at.data if event.data is None else event.data
        target = self.chart.target(at.state, on, data)
        if target is None:
            allowed = self.chart.events(at.state)
            raise InvalidTransition(
                f"state_machine: {self.actions[at.state].who} acted in {at.state}: {self._why_not(at.state, on)}. "
                f"{_allowed(allowed)}",
                state=at.state, allowed=tuple(allowed),
            )  # fmt: skip
        return _Place(target, data, on)

    async def done(self, ctx: Context, at: _Place) -> Json:
        """Let the entry action work on the data; returns the data afterwards."""
        return await self._said(ctx, at, lambda said: _worked_on(at, said))

    async def wait(self, ctx: Context, at: _Place, refused: list[RefusedEvent]) -> _Place:
        """Wait for an event from outside that leads on; those that do not are refused."""
        while True:
            body = await ctx.signal(self.signal)
            event = _event(body)
            came = self._go(at, event) if event else "it is no event: send a name, or {'name': …, 'data': …}"
            if isinstance(came, _Place):
                return came
            no = RefusedEvent(state=at.state, event=body, reason=came, allowed=self.chart.events(at.state))
            refused.append(no)
            # A step of its own, so that whoever looks at the run sees it while it waits on.
            await ctx.once(f"refused in {at.state}", lambda no=no: no, gives=RefusedEvent)

    def _go(self, at: _Place, event: Event) -> "_Place | str":
        """Return where an event from outside leads, or why it leads nowhere."""
        data = at.data if event.data is None else event.data
        try:
            target = self.chart.target(at.state, event.name, data)
        except _UNFIT as error:
            return f"the guard of {event.name!r} cannot judge this data: {type(error).__name__}: {error}"
        return self._why_not(at.state, event.name) if target is None else _Place(target, data, event.name)

    def _why_not(self, state: str, on: str | None) -> str:
        if on is None:
            return "no guard lets what it gave pass"
        if on not in self.chart.events(state):
            return f"{state} knows no event {on!r}"
        return f"no guard of {on!r} lets this data pass"

    async def _said(self, ctx: Context, at: _Place, accept: Callable[[object], T]) -> T:
        allowed = self.chart.events(at.state) or None
        parts = {"state": at.state, "data": at.data, "event": at.event, "allowed": allowed}
        return await self.actions[at.state].settle(ctx, accept, at.data, **parts)


def _worked_on(at: _Place, said: object) -> Json:
    """Return the data after an entry action has worked on it; None leaves it as it is."""
    data = plain(said)
    return at.data if data is None else data


def _event(body: Json) -> Event | None:
    """Return the event that a signal brings, or None where it brings none."""
    if isinstance(body, str):
        return Event(body)
    if not is_object(body):
        return None
    name = body.get("name")
    return Event(name, body.get("data")) if isinstance(name, str) and body.keys() <= {"name", "data"} else None


def _allowed(events: Sequence[str]) -> str:
    if not events:
        return "Add a transition without a guard, for what the others do not take."
    return f"It has to give {' or '.join(map(repr, events))}."
