from agents import Agent, Runner, TResponseInputItem

MODEL = "gpt-4o"

selector = Agent(
    name="selector",
    model=MODEL,
    instructions="Choose who speaks next: planner, checker or seller.",
)
planner = Agent(name="planner", model=MODEL, instructions="You plan. Say DONE once all is checked.")
checker = Agent(name="checker", model=MODEL, instructions="You check what was planned.")
seller = Agent(name="seller", model=MODEL, instructions="You sell.")
speakers = {"planner": planner, "checker": checker, "seller": seller}


async def run(task: str) -> str:
    messages: list[TResponseInputItem] = [{"role": "user", "content": task}]
    said = ""
    for _ in range(8):
        choice = (await Runner.run(selector, messages)).final_output.strip()
        said = (await Runner.run(speakers[choice], messages)).final_output
        messages.append({"role": "user", "content": f"{choice}: {said}"})
        if "DONE" in said:
            break
    return said
