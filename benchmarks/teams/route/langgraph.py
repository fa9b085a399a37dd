from typing import Literal

from langchain.agents import create_agent
from langchain.chat_models import init_chat_model
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command

MODEL = "openai:gpt-4o"


router = init_chat_model(MODEL)
billing = create_agent(MODEL, name="billing", system_prompt="You answer questions about bills.")
technical = create_agent(MODEL, name="technical", system_prompt="You answer technical questions.")


async def route(state: MessagesState) -> Command[Literal["billing", "technical"]]:
    instructions = {"role": "system", "content": "Say which desk the customer needs: billing or technical."}
    choice = await router.ainvoke([instructions, *state["messages"]])
    return Command(goto=choice.text.strip())


builder = StateGraph(MessagesState).add_node("router", route).add_edge(START, "router")
team = builder.add_node("billing", billing).add_node("technical", technical).compile()


async def run(task: str) -> str:
    result = await team.ainvoke({"messages": [{"role": "user", "content": task}]})
    return result["messages"][-1].text
