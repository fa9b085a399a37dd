from crewai import Agent
from crewai.flow import Flow, HumanFeedbackResult, human_feedback, listen
from crewai.flow import start as starts
from crewai.flow.async_feedback import HumanFeedbackPending, HumanFeedbackProvider, PendingFeedbackContext
from crewai.flow.persistence import SQLiteFlowPersistence
from pydantic import BaseModel


class Payment(BaseModel):
    amount: int


def pay(amount: int) -> str:
    """Pay an amount in euros."""
    return f"paid {amount}"


clerk = Agent(
    role="clerk",
    goal="You pay invoices once a person has approved them.",
    backstory="You have the cash.",
    llm="gpt-4o",
)


class Inbox(HumanFeedbackProvider):
    def request_feedback(self, context: PendingFeedbackContext, flow: Flow) -> str:
        raise HumanFeedbackPending(context=context)


class Invoices(Flow):
    @starts()
    @human_feedback(message="May this be paid?", provider=Inbox())
    async def propose(self) -> str:
        return (await clerk.kickoff_async(self.state["task"], response_format=Payment)).raw

    @listen(propose)
    async def settle(self, feedback: HumanFeedbackResult) -> str:
        if feedback.feedback != "yes":
            return "It was not approved."
        paid = pay(Payment.model_validate_json(feedback.output).amount)
        return (await clerk.kickoff_async(f"{self.state['task']} Done: {paid}.")).raw


async def start(task: str) -> str:
    flow = Invoices(persistence=SQLiteFlowPersistence("team.db"))
    pending = await flow.kickoff_async(inputs={"id": "invoice", "task": task})
    return str(pending.context.method_output)


async def finish() -> str:
    flow = Invoices.from_pending("invoice", SQLiteFlowPersistence("team.db"))
    return await flow.resume_async("yes")
