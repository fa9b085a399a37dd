from agents import Agent, Runner

MODEL = "gpt-4o"

writer = Agent(name="writer", model=MODEL, instructions="Write one sentence about the topic.")
editor = Agent(name="editor", model=MODEL, instructions="Shorten the sentence that you are given.")


async def run(task: str) -> str:
    draft = await Runner.run(writer, task)
    result = await Runner.run(editor, draft.final_output)
    return result.final_output
