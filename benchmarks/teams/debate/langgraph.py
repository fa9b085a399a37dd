from langchain.agents import create_agent
from langgraph.graph import START, MessagesState, StateGraph

MODEL = "openai:gpt-4o"

pro = create_agent(MODEL, name="pro", system_prompt="You are for the train. Say why in one sentence.")
con = create_agent(MODEL, name="con", system_prompt="You are for the plane. Say why in one sentence.")
judge = create_agent(
    MODEL, name="judge", system_prompt="Choose the better of the last two positions, in its own words."
)
steps = [("pro", pro), ("con", con), ("pro_again", pro), ("con_again", con), ("judge", judge)]
team = StateGraph(MessagesState).add_sequence(steps).add_edge(START, "pro").compile()


async def run(task: str) -> str:
    result = await team.ainvoke({"messages": [{"role": "user", "content": task}]})
    return result["messages"][-1].text
