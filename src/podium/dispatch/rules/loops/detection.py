"""Whether agents go round in circles: pure functions of what was asked and said."""

from collections.abc import Sequence
from itertools import islice

from podium.model.loops import AgentTurn, Loops


def circle(rule: Loops, turns: Sequence[AgentTurn], agent: str, asked: bytes) -> tuple[str, str] | None:
    """Return the rule that a further call would break, and why; None where it breaks none."""
    newest = list(islice(reversed(turns), _longest(rule)))
    found = (
        (rule.identical, "identical", _identical), (rule.ping_pong, "ping_pong", _ping_pong),
        (rule.repeats, "repeats", _repeats), (rule.idle, "idle", _idle),
    )  # fmt: skip
    for most, name, breaks in found:
        if most is not None and (why := breaks(newest, most, agent, asked)):
            return f"loop:{name}", why
    return None


def _longest(rule: Loops) -> int:
    return max(rule.identical or 0, 2 * (rule.ping_pong or 0), rule.repeats or 0, rule.idle or 0)


def _identical(newest: Sequence[AgentTurn], most: int, agent: str, asked: bytes) -> str:
    last = newest[:most]
    same = len(last) == most and all(
        turn.agent == agent and turn.asked == asked and turn.said == last[0].said for turn in last
    )
    return f"{agent} was asked the same {most} times in a row and said the same each time" if same else ""


def _ping_pong(newest: Sequence[AgentTurn], most: int, agent: str, _: bytes) -> str:
    last = newest[: 2 * most]
    if len(last) < 2 * most or last[0].agent == last[1].agent or last[1].agent != agent:
        return ""
    turns = all(_again(turn, last[n % 2]) for n, turn in enumerate(last))
    return f"{last[1].agent} and {last[0].agent} have said the same to each other for {most} rounds" if turns else ""


def _repeats(newest: Sequence[AgentTurn], most: int, agent: str, _: bytes) -> str:
    own = [turn for turn in newest if turn.agent == agent][:most]
    if len(own) < most or not own[0].telling or len({turn.asked for turn in own}) == 1:
        return ""
    if any(turn.said != own[0].said for turn in own):
        return ""
    return f"{agent} has given the same answer {most} times in a row"


def _idle(newest: Sequence[AgentTurn], most: int, _agent: str, _asked: bytes) -> str:
    last = newest[:most]
    stale = len(last) == most and not any(turn.new for turn in last)
    return f"the last {most} calls said nothing that had not been said before" if stale else ""


def _again(turn: AgentTurn, other: AgentTurn) -> bool:
    same = turn.agent == other.agent and turn.said == other.said
    return same and (turn.telling or turn.asked == other.asked)
