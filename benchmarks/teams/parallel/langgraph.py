from langchain.agents import create_agent
from langgraph.graph import START, MessagesState, StateGraph

MODEL = "openai:gpt-4o"

origin = create_agent(MODEL, name="origin", system_prompt="Say where it comes from.")
trade = create_agent(MODEL, name="trade", system_prompt="Say who sells it.")
content = create_agent(MODEL, name="content", system_prompt="Say what is in it.")
summary = create_agent(MODEL, name="summary", system_prompt="Sum up the findings in one sentence.")
builder = StateGraph(MessagesState).add_node("summary", summary)
for researcher in (origin, trade, content):
    builder.add_node(researcher.name, researcher).add_edge(START, researcher.name)
team = builder.add_edge(["origin", "trade", "content"], "summary").compile()


async def run(task: str) -> str:
    result = await team.ainvoke({"messages": [{"role": "user", "content": task}]})
    return result["messages"][-1].text
