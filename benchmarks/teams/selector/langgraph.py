from typing import Literal

from langchain.agents import create_agent
from langchain.chat_models import init_chat_model
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command

MODEL = "openai:gpt-4o"


selector = init_chat_model(MODEL)
planner = create_agent(MODEL, name="planner", system_prompt="You plan. Say DONE once all is checked.")
checker = create_agent(MODEL, name="checker", system_prompt="You check what was planned.")
seller = create_agent(MODEL, name="seller", system_prompt="You sell.")


async def select(state: MessagesState) -> Command[Literal["planner", "checker", "seller", "__end__"]]:
    if "DONE" in state["messages"][-1].text or len(state["messages"]) > 8:
        return Command(goto=END)
    instructions = {"role": "system", "content": "Choose who speaks next: planner, checker or seller."}
    choice = await selector.ainvoke([instructions, *state["messages"]])
    return Command(goto=choice.text.strip())


builder = StateGraph(MessagesState).add_node("selector", select).add_edge(START, "selector")
for speaker in (planner, checker, seller):
    builder.add_node(speaker.name, speaker).add_edge(speaker.name, "selector")
team = builder.compile()


async def run(task: str) -> str:
    result = await team.ainvoke({"messages": [{"role": "user", "content": task}]})
    return result["messages"][-1].text
