from typing import Literal

from crewai import Agent
from pydantic import BaseModel

LLM = "gpt-4o"


class Plan(BaseModel):
    facts: str
    plan: str


class Progress(BaseModel):
    satisfied: bool
    next: Literal["researcher", "writer"]
    instruction: str


planner = Agent(role="planner", goal="Note what is known, then plan.", backstory="You plan.", llm=LLM)
lead = Agent(role="lead", goal="Say where the task stands, and who goes on.", backstory="You lead.", llm=LLM)
researcher = Agent(role="researcher", goal="You look things up.", backstory="You read.", llm=LLM)
writer = Agent(role="writer", goal="You write.", backstory="You are brief.", llm=LLM)
final = Agent(role="final", goal="Answer the task with what was found.", backstory="You answer.", llm=LLM)
workers = {"researcher": researcher, "writer": writer}


async def run(task: str) -> str:
    messages = [{"role": "user", "content": task}]
    ledger = (await planner.kickoff_async(messages, response_format=Plan)).pydantic
    messages.append({"role": "user", "content": f"Facts: {ledger.facts}\nPlan: {ledger.plan}"})
    for _ in range(20):
        progress = (await lead.kickoff_async(messages, response_format=Progress)).pydantic
        if progress.satisfied:
            break
        messages.append({"role": "user", "content": f"{progress.next}: {progress.instruction}"})
        done = (await workers[progress.next].kickoff_async(messages)).raw
        messages.append({"role": "user", "content": f"{progress.next} says: {done}"})
    return (await final.kickoff_async(messages)).raw
