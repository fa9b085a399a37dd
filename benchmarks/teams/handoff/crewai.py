from typing import Literal

from crewai import Agent
from pydantic import BaseModel

LLM = "gpt-4o"


class Reply(BaseModel):
    to: Literal["triage", "billing", "refunds"] | None = None
    reason: str = ""
    answer: str = ""


triage = Agent(
    role="triage",
    goal="You receive customers. Hand over what others do, and say goodbye.",
    backstory="You know the desks.",
    llm=LLM,
)
billing = Agent(role="billing", goal="You explain bills. Hand refunds over.", backstory="You know bills.", llm=LLM)
refunds = Agent(
    role="refunds",
    goal="You pay money back. Hand the customer back when it is done.",
    backstory="You know the bank.",
    llm=LLM,
)
agents = {"triage": triage, "billing": billing, "refunds": refunds}


async def run(task: str) -> str:
    messages = [{"role": "user", "content": task}]
    speaker = "triage"
    for _ in range(8):
        reply = (await agents[speaker].kickoff_async(messages, response_format=Reply)).pydantic
        if reply.to is None:
            return reply.answer
        messages.append({"role": "user", "content": f"{speaker} hands over to {reply.to}: {reply.reason}"})
        speaker = reply.to
    raise RuntimeError("too many hand-offs")
