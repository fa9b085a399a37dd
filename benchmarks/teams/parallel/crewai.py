from crewai import Agent, Crew, Task

LLM = "gpt-4o"

origin = Agent(role="Origin", goal="Say where it comes from.", backstory="You know the lands.", llm=LLM)
trade = Agent(role="Trade", goal="Say who sells it.", backstory="You know the traders.", llm=LLM)
content = Agent(role="Content", goal="Say what is in it.", backstory="You know chemistry.", llm=LLM)
summary = Agent(role="Summary", goal="Sum up the findings in one sentence.", backstory="You write.", llm=LLM)
researchers = [origin, trade, content]
research = [
    Task(description="Research {topic}.", expected_output="One sentence.", agent=researcher, async_execution=True)
    for researcher in researchers
]
sum_up = Task(description="Sum up.", expected_output="One sentence.", agent=summary, context=research)
team = Crew(agents=[*researchers, summary], tasks=[*research, sum_up])


async def run(task: str) -> str:
    result = await team.kickoff_async(inputs={"topic": task})
    return result.raw
