from pathlib import Path

from crewai import Agent, CheckpointConfig, Crew, Task

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
checkpoints = CheckpointConfig(location="checkpoints")
team = Crew(agents=[*researchers, summary], tasks=[*research, sum_up], checkpoint=checkpoints)


async def run(task: str) -> str:
    kept = sorted(Path("checkpoints").rglob("*.json"), key=lambda each: each.stat().st_mtime)
    begun = CheckpointConfig(location="checkpoints", restore_from=kept[-1]) if kept else None
    result = await team.kickoff_async(inputs={"topic": task}, from_checkpoint=begun)
    return result.raw
