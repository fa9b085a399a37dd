"""Agents and rules that the teams of the tests name as `module:name`."""

from dataclasses import dataclass

from podium import Context, agent, workflow


@dataclass
class Verdict:
    score: float


@agent
async def ideas(topic: str) -> str:
    return f"{topic}?"


@agent
async def write(task: str, draft: str = "") -> str:
    return f"{draft}{task}"


@agent
async def judge(draft: str) -> Verdict:
    return Verdict(score=len(draft) / 4)


@agent
async def publish(text: str) -> str:
    return f"published {text}"


@agent
async def count(text: str) -> int:
    return len(text)


@workflow
async def errand(ctx: Context, text: str) -> str:
    return await ctx.call(publish, text)


def good_enough(verdict: Verdict) -> bool:
    return verdict.score >= 1


def exclaim(text: str) -> str:
    return f"{text}!"


NUMBER = 5
