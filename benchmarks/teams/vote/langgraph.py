from collections import Counter

from langchain.agents import create_agent
from langgraph.graph import START, MessagesState, StateGraph

MODEL = "openai:gpt-4o"

tester = create_agent(MODEL, name="tester", system_prompt="Decide by the tests: ship or wait.")
auditor = create_agent(MODEL, name="auditor", system_prompt="Decide by the risk: ship or wait.")
seller = create_agent(MODEL, name="seller", system_prompt="Decide by the customers: ship or wait.")


def count(state: MessagesState) -> MessagesState:
    votes = Counter(message.text.strip() for message in state["messages"][1:])
    return {"messages": [("ai", votes.most_common(1)[0][0])]}


builder = StateGraph(MessagesState).add_node("count", count)
for voter in (tester, auditor, seller):
    builder.add_node(voter.name, voter).add_edge(START, voter.name)
team = builder.add_edge(["tester", "auditor", "seller"], "count").compile()


async def run(task: str) -> str:
    result = await team.ainvoke({"messages": [{"role": "user", "content": task}]})
    return result["messages"][-1].text
