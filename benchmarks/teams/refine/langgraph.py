from langchain.agents import create_agent
from langgraph.graph import END, START, MessagesState, StateGraph

MODEL = "openai:gpt-4o"

writer = create_agent(MODEL, name="writer", system_prompt="Write a slogan. Heed what the critic says.")
critic = create_agent(MODEL, name="critic", system_prompt="Judge the slogan: say ACCEPTED, or what is wrong.")


def judge(state: MessagesState) -> str:
    over = "ACCEPTED" in state["messages"][-1].text or len(state["messages"]) > 6
    return END if over else "writer"


builder = StateGraph(MessagesState).add_sequence([("writer", writer), ("critic", critic)])
builder.add_edge(START, "writer").add_conditional_edges("critic", judge, ["writer", END])
team = builder.compile()


async def run(task: str) -> str:
    result = await team.ainvoke({"messages": [{"role": "user", "content": task}]})
    return result["messages"][-2].text
