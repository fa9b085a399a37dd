from langchain.agents import create_agent
from langgraph.graph import END, START, MessagesState, StateGraph

MODEL = "openai:gpt-4o"

designer = create_agent(MODEL, name="designer", system_prompt="You design. Say AGREED once you both want the same.")
builder = create_agent(MODEL, name="builder", system_prompt="You build. Say what is cheaper.")


def then(speaker: str):
    def choose(state: MessagesState) -> str:
        over = "AGREED" in state["messages"][-1].text or len(state["messages"]) > 8
        return END if over else speaker

    return choose


graph = StateGraph(MessagesState).add_node("designer", designer).add_node("builder", builder)
graph.add_edge(START, "designer")
graph.add_conditional_edges("designer", then("builder"), ["builder", END])
graph.add_conditional_edges("builder", then("designer"), ["designer", END])
team = graph.compile()


async def run(task: str) -> str:
    result = await team.ainvoke({"messages": [{"role": "user", "content": task}]})
    return result["messages"][-1].text
