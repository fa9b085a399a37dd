from crewai import Agent

LLM = "gpt-4o"

pro = Agent(role="pro", goal="You are for the train. Say why in one sentence.", backstory="You like trains.", llm=LLM)
con = Agent(role="con", goal="You are for the plane. Say why in one sentence.", backstory="You like planes.", llm=LLM)
judge = Agent(
    role="judge",
    goal="Choose the better of the last two positions, in its own words.",
    backstory="You are fair.",
    llm=LLM,
)


async def run(task: str) -> str:
    messages = [{"role": "user", "content": task}]
    for debater in (pro, con, pro, con):
        said = (await debater.kickoff_async(messages)).raw
        messages.append({"role": "user", "content": f"{debater.role}: {said}"})
    return (await judge.kickoff_async(messages)).raw
