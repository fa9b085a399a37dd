from agents import Agent, Runner, TResponseInputItem

MODEL = "gpt-4o"

pro = Agent(name="pro", model=MODEL, instructions="You are for the train. Say why in one sentence.")
con = Agent(name="con", model=MODEL, instructions="You are for the plane. Say why in one sentence.")
judge = Agent(name="judge", model=MODEL, instructions="Choose the better of the last two positions, in its own words.")


async def run(task: str) -> str:
    messages: list[TResponseInputItem] = [{"role": "user", "content": task}]
    for debater in (pro, con, pro, con):
        said = (await Runner.run(debater, messages)).final_output
        messages.append({"role": "user", "content": f"{debater.name}: {said}"})
    result = await Runner.run(judge, messages)
    return result.final_output
