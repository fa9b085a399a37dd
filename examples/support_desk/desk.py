"""A support desk: four agents answer tickets out of a handbook, and a person where they are not sure.

podium run examples/support_desk/desk.py:desk --input '{"subject": "Refund", "body": "You have charged us twice."}'
"""

import os
import sys
from pathlib import Path

from podium import Agent, Context, agent, process, workflow
from staff.papers import Case, Draft, Finding, Reply, Review, Sorting, Ticket, Verdict
from staff.quality import check
from staff.responder import respond
from staff.witness import Witnessed

HERE = Path(__file__).parent

classifier: Agent[Ticket, Sorting] = Witnessed(
    process([sys.executable, "-m", "staff.classifier"], name="classifier", input=Ticket, output=Sorting, cwd=HERE)
)
knowledge: Agent[Ticket, Finding] = Witnessed(
    process([sys.executable, "-m", "staff.knowledge"], name="knowledge", input=Ticket, output=Finding, cwd=HERE)
)
responder: Agent[Case, Draft] = Witnessed(agent(name="responder")(respond))
quality: Agent[Review, Verdict] = Witnessed(agent(name="quality")(check))

if model := os.environ.get("PODIUM_MODEL"):  # set by `podium run --model VENDOR:NAME`
    from staff.models import hire

    classifier, knowledge, responder, quality = hire(model, base_url=os.environ.get("PODIUM_BASE_URL"))


async def reviewed(ctx: Context, ticket: Ticket) -> tuple[Review, Verdict]:
    """Draft an answer from the handbook, and have it judged."""
    sorting, finding = await ctx.gather(ctx.call(classifier, ticket), ctx.call(knowledge, ticket))
    case = Case(ticket=ticket, sorting=sorting, finding=finding)
    draft = await ctx.call(responder, case)
    review = Review(case=case, draft=draft)
    return review, await ctx.call(quality, review)


@workflow(version="1")
async def desk(ctx: Context, ticket: Ticket) -> Reply:
    """Answer a ticket from the handbook, or ask a person."""
    review, verdict = await reviewed(ctx, ticket)
    draft = review.draft
    if verdict.send:
        return Reply(category=draft.category, page=draft.page, text=draft.text, by="desk")
    why = "; ".join(verdict.reasons)
    text = await ctx.ask(f"What shall we answer? {why}", answer=str, subject=review, to="support")
    return Reply(category=draft.category, page=draft.page, text=text, by="person")
