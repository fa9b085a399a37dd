from crewai import Agent
from crewai.flow import Flow, listen, router, start

LLM = "gpt-4o"

clerk = Agent(
    role="Router",
    goal="Say which desk the customer needs: billing or technical.",
    backstory="You know the desks.",
    llm=LLM,
)
billing = Agent(role="Billing", goal="You answer questions about bills.", backstory="You know bills.", llm=LLM)
technical = Agent(role="Technical", goal="You answer technical questions.", backstory="You repair.", llm=LLM)


class Desk(Flow):
    @start()
    async def classify(self) -> str:
        return (await clerk.kickoff_async(self.state["task"])).raw

    @router(classify)
    def choose(self, desk: str) -> str:
        return desk

    @listen("billing")
    async def ask_billing(self) -> str:
        return (await billing.kickoff_async(self.state["task"])).raw

    @listen("technical")
    async def ask_technical(self) -> str:
        return (await technical.kickoff_async(self.state["task"])).raw


async def run(task: str) -> str:
    return await Desk().kickoff_async(inputs={"task": task})
