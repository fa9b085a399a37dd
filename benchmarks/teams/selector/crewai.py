from crewai import Agent

LLM = "gpt-4o"

selector = Agent(
    role="selector",
    goal="Choose who speaks next: planner, checker or seller.",
    backstory="You lead the talk.",
    llm=LLM,
)
planner = Agent(role="planner", goal="You plan. Say DONE once all is checked.", backstory="You plan.", llm=LLM)
checker = Agent(role="checker", goal="You check what was planned.", backstory="You check.", llm=LLM)
seller = Agent(role="seller", goal="You sell.", backstory="You sell.", llm=LLM)
speakers = {"planner": planner, "checker": checker, "seller": seller}


async def run(task: str) -> str:
    messages = [{"role": "user", "content": task}]
    said = ""
    for _ in range(8):
        choice = (await selector.kickoff_async(messages)).raw.strip()
        said = (await speakers[choice].kickoff_async(messages)).raw
        messages.append({"role": "user", "content": f"{choice}: {said}"})
        if "DONE" in said:
            break
    return said
