from typing import Literal

from langchain.agents import create_agent
from langchain.chat_models import init_chat_model
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command
from pydantic import BaseModel

MODEL = "openai:gpt-4o"


class Plan(BaseModel):
    facts: str
    plan: str


class Progress(BaseModel):
    satisfied: bool
    next: Literal["researcher", "writer"]
    instruction: str


model = init_chat_model(MODEL)
researcher = create_agent(MODEL, name="researcher", system_prompt="You look things up.")
writer = create_agent(MODEL, name="writer", system_prompt="You write.")
final = create_agent(MODEL, name="final", system_prompt="Answer the task with what was found.")


async def make_plan(state: MessagesState) -> MessagesState:
    instructions = ("system", "Note what is known, then plan.")
    ledger = await model.with_structured_output(Plan).ainvoke([instructions, *state["messages"]])
    return {"messages": [("ai", f"Facts: {ledger.facts}\nPlan: {ledger.plan}")]}


async def lead(state: MessagesState) -> Command[Literal["researcher", "writer", "final"]]:
    instructions = ("system", "Say where the task stands, and who goes on.")
    progress = await model.with_structured_output(Progress).ainvoke([instructions, *state["messages"]])
    if progress.satisfied or len(state["messages"]) > 40:
        return Command(goto="final")
    return Command(goto=progress.next, update={"messages": [("user", progress.instruction)]})


builder = StateGraph(MessagesState).add_sequence([("plan", make_plan), ("lead", lead)]).add_edge(START, "plan")
for worker in (researcher, writer):
    builder.add_node(worker.name, worker).add_edge(worker.name, "lead")
team = builder.add_node("final", final).compile()


async def run(task: str) -> str:
    result = await team.ainvoke({"messages": [{"role": "user", "content": task}]})
    return result["messages"][-1].text
