"""`blackboard`: agents act on a shared board when their condition holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Unpack

from podium.engine.context import Context
from podium.engine.run.primitive import Primitive
from podium.errors import PatternError
from podium.model.json import Json
from podium.patterns.building.expression import Predicate, rule, wording
from podium.patterns.building.members import at_least, members
from podium.patterns.building.partial import UNFINISHED, SoFar
from podium.patterns.building.pattern import CardFields, Link, Pattern, Sketch, pattern
from podium.patterns.building.role import Role, judging
from podium.patterns.parts.board import Board, Entries, Merge, Snapshot, Watcher
from podium.patterns.parts.ends import EndWhen, ends_of

_BOARD = "the board"


@pattern
def blackboard(
    *watchers: Watcher, until: EndWhen | Predicate | None = None, acts: int = 50, at_once: int | None = None,
    merge: Mapping[str, Merge] | None = None, name: str | None = None, **card: Unpack[CardFields],
) -> Pattern[dict[str, Json], Board]:  # fmt: skip
    """Agents watch a shared board, and act side by side whenever their condition holds.

    The input, a mapping, is the first board. Each watcher is made by `watch`; it is handed the board as it is when it
    starts (a mapping, or a parameter `board`), and gives a mapping of the entries to post; None takes one off, and None
    instead of a mapping posts nothing. A watcher acts if its condition holds on a board on which it has not acted yet,
    one act at a time; of several the one that has not acted for the longest time begins, and at most `at_once` run.

    No update is lost: what an act posts counts only if the same entries have not changed since it saw the board. One
    that was changed is merged by the function of its key in `merge`, `(old, new) -> kept`; where there is none, nothing
    of the act is posted, and the watcher acts again on the fresh board if its condition still holds.

    Ends, and says why in the Board it gives, when no watcher has a thing to do; when `until`, an end or a rule of the
    `board`, has come (a turn is an act that ended), which cancels acts that run; and when `acts` agents were called.
    (Hayes-Roth, A blackboard architecture for control, 1985; for language models arXiv:2507.01701.)
    """
    at_least("blackboard", "acts", acts)
    most = acts if at_once is None else at_once
    at_least("blackboard", "at_once", most)
    watching = _watchings(watchers)
    merging = {key: rule(each, "old", "new") for key, each in (merge or {}).items()}
    decided = ends_of("blackboard", until, [each.role.who for each in watching], board=dict[str, Json])

    async def body(ctx: Context, first: dict[str, Json], so_far: SoFar[Board]) -> Board:
        board, shifts = Entries(first, merging), [_Shift(each) for each in watching]
        begun, at_first, over = 0, list[Primitive[object]](), decided.begin(ctx)
        acting: dict[int, tuple[_Shift, Snapshot, Primitive[object]]] = {}
        async with ctx.select(*at_first) as ended:
            while True:
                seen = board.snapshot()
                if ended_by := await over.came(begun - len(acting), dict(seen.entries)):
                    return Board(entries=seen.entries, ended="decision", acts=begun, ended_by=ended_by)
                so_far.reached(Board(entries=seen.entries, ended="failure", acts=begun))
                while (next_one := so_far.open and _next(shifts, seen)) and begun < acts and len(acting) < most:
                    begun += 1
                    call = next_one.begin(ctx, seen, begun)
                    acting[ended.add(call)] = next_one, seen, call
                branch = await ended.next()
                if branch is None:
                    so_far.end()
                    how = "bound" if next_one else "quiescence"
                    return Board(entries=seen.entries, ended=how, acts=begun)
                shift, saw, call = acting.pop(branch.index)
                try:
                    value = branch.value()
                    with judging(call):
                        shift.end(board, saw, value)
                except UNFINISHED as error:
                    so_far.wait(error)
                else:
                    over.note(shift.watching.role.who, value)

    parts = {each.role.who: each.role.member for each in watching}
    links = [Link(_BOARD, each.role.who, each.label) for each in watching]
    sketch = Sketch(parts={_BOARD: None, **parts}, links=[*links, *(Link(who, _BOARD) for who in parts)])
    return Pattern(
        body, kind="blackboard", name=name, card=card, sketch=sketch, takes=dict[str, Json], gives=Board, has=Board
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watching:
    """A watcher as the pattern needs it."""

    role: Role[dict[str, object] | None]
    holds: Predicate
    once: bool
    label: str


def _watchings(given: Sequence[object]) -> list[_Watching]:
    watchers = [each for each in given if isinstance(each, Watcher)]
    if others := [each for each in given if not isinstance(each, Watcher)]:
        raise PatternError(f"blackboard was given {others[0]!r}: say when it is to act, watch(agent, when=…).")
    members("blackboard", [each.agent for each in watchers], what="watchers")
    return [
        _Watching(
            role=Role("blackboard", "watcher", each.agent, offers=("board",), gives=dict[str, object] | None),
            holds=rule(each.when, "board"),
            once=each.once,
            label=wording(each.when),
        )
        for each in watchers
    ]


@dataclass(slots=True)
class _Shift:
    """A watcher at work in one run."""

    watching: _Watching
    acted_on: set[str] = field(default_factory=set[str])
    """Digests of the boards on which it has acted."""
    began: int = 0
    """The number of its last act."""
    busy: bool = False
    over: bool = False

    def wants(self, seen: Snapshot) -> bool:
        """Whether it has something to do on this board."""
        if self.busy or self.over or seen.digest in self.acted_on:
            return False
        return bool(self.watching.holds(dict(seen.entries)))

    def begin(self, ctx: Context, seen: Snapshot, number: int) -> Primitive[object]:
        """Return the call that is its next act."""
        self.busy, self.began = True, number
        self.acted_on.add(seen.digest)
        return self.watching.role.call(ctx, seen.entries, board=seen.entries)

    def end(self, board: Entries, seen: Snapshot, value: object) -> None:
        """Post what it gave; where that is too late, let it act again."""
        self.busy = False
        if board.post(seen, self.watching.role.said(value) or {}):
            self.over = self.watching.once
        else:
            self.acted_on.discard(seen.digest)


def _next(shifts: Sequence[_Shift], seen: Snapshot) -> _Shift | None:
    """Return, of those who have something to do, the one that has not acted for the longest time."""
    return min((each for each in shifts if each.wants(seen)), key=lambda each: each.began, default=None)
