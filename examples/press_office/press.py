"""A press office: drafts a release, has an editor look at it, and changes it as often as it is told to.

podium serve examples/press_office/press.py
"""

from podium import Approval, Context, agent, workflow
from podium.errors import NotDone

ROUNDS = 5
"""So many drafts an editor looks at."""


@agent(description="Writes a press release, from what editors said of the drafts before.")
async def write(topic: str, remarks: list[str]) -> str:
    """Write as a language model might: put `llm_agent("write", …)` in its place."""
    heard = "".join(f"\n- as you asked: {each}" for each in remarks)
    return f"{topic}\n\nThere is news about {topic.lower()}.{heard}"


@workflow(description="Releases a text about a topic, once an editor approves of it.")
async def release(ctx: Context, topic: str) -> str:
    remarks: list[str] = []
    for _ in range(ROUNDS):
        draft = await ctx.call(write, {"topic": topic, "remarks": remarks})
        answer = await ctx.ask(Approval("Release this?", draft), to="editors")
        if answer.approved:
            return draft
        remarks.append(answer.comment)
    raise NotDone(f"none of {ROUNDS} drafts was approved of")
