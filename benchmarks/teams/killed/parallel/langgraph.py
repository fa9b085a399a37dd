from langchain.agents import create_agent
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, MessagesState, StateGraph

MODEL = "openai:gpt-4o"

origin = create_agent(MODEL, name="origin", system_prompt="Say where it comes from.")
trade = create_agent(MODEL, name="trade", system_prompt="Say who sells it.")
content = create_agent(MODEL, name="content", system_prompt="Say what is in it.")
summary = create_agent(MODEL, name="summary", system_prompt="Sum up the findings in one sentence.")
builder = StateGraph(MessagesState).add_node("summary", summary)
for researcher in (origin, trade, content):
    builder.add_node(researcher.name, researcher).add_edge(START, researcher.name)
builder.add_edge(["origin", "trade", "content"], "summary")
config = {"configurable": {"thread_id": "tea"}}


async def run(task: str) -> str:
    async with AsyncSqliteSaver.from_conn_string("team.db") as checkpointer:
        team = builder.compile(checkpointer=checkpointer)
        begun = (await team.aget_state(config)).next
        given = None if begun else {"messages": [{"role": "user", "content": task}]}
        result = await team.ainvoke(given, config)
        return result["messages"][-1].text
