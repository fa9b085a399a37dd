from typing import Literal

from agents import Agent, Runner, TResponseInputItem
from pydantic import BaseModel

MODEL = "gpt-4o"


class Plan(BaseModel):
    facts: str
    plan: str


class Progress(BaseModel):
    satisfied: bool
    next: Literal["researcher", "writer"]
    instruction: str


plan = Agent(name="plan", model=MODEL, instructions="Note what is known, then plan.", output_type=Plan)
lead = Agent(name="lead", model=MODEL, instructions="Say where the task stands, and who goes on.", output_type=Progress)
researcher = Agent(name="researcher", model=MODEL, instructions="You look things up.")
writer = Agent(name="writer", model=MODEL, instructions="You write.")
final = Agent(name="final", model=MODEL, instructions="Answer the task with what was found.")
workers = {"researcher": researcher, "writer": writer}


async def run(task: str) -> str:
    messages: list[TResponseInputItem] = [{"role": "user", "content": task}]
    ledger = (await Runner.run(plan, messages)).final_output
    messages.append({"role": "user", "content": f"Facts: {ledger.facts}\nPlan: {ledger.plan}"})
    for _ in range(20):
        progress = (await Runner.run(lead, messages)).final_output
        if progress.satisfied:
            break
        messages.append({"role": "user", "content": f"{progress.next}: {progress.instruction}"})
        done = (await Runner.run(workers[progress.next], messages)).final_output
        messages.append({"role": "user", "content": f"{progress.next} says: {done}"})
    result = await Runner.run(final, messages)
    return result.final_output
