from langchain.agents import create_agent
from langgraph.graph import START, MessagesState, StateGraph

MODEL = "openai:gpt-4o"

writer = create_agent(MODEL, name="writer", system_prompt="Write one sentence about the topic.")
editor = create_agent(MODEL, name="editor", system_prompt="Shorten the sentence that you are given.")
builder = StateGraph(MessagesState).add_sequence([("writer", writer), ("editor", editor)])
team = builder.add_edge(START, "writer").compile()


async def run(task: str) -> str:
    result = await team.ainvoke({"messages": [{"role": "user", "content": task}]})
    return result["messages"][-1].text
