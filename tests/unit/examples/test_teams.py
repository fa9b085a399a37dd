"""The example teams do their jobs, and each pattern what it is there for."""

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from examples.teams import (
    app_development,
    article,
    debate,
    documents,
    fraud_check,
    investment,
    market,
    moderation,
    sales,
    support,
)
from podium import App
from podium.model.agent import AnyAgent
from podium.model.fact import FactKind
from tests.unit.engine.bench import Bench

TEAMS = Path(__file__).parents[3] / "examples" / "teams"

REFUND = "We return EUR 36.00, charged on 2031-03-15 and 2031-04-15, after you left on 2031-03-01."


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def called(app: App, run: str) -> Counter[str]:
    """How often each agent was asked, by the facts."""
    return Counter(fact.body["agent"] for fact in await app.runs.facts(run) if fact.kind is FactKind.ASKED)


async def outcome(bench: Bench, team: AnyAgent, input: Any) -> tuple[Any, Counter[str]]:
    """Run a team; returns its value and who was asked."""
    async with bench.app() as app:
        handle = await app.start(team, input)
        return await handle.result(), await called(app, handle.id)


async def test_a_document_is_extracted_classified_and_summed_up_in_that_order(bench: Bench) -> None:
    summary, asked = await outcome(bench, documents.documents, "lease")
    assert summary.kind == "contract"
    assert summary.gist.startswith("Either party may end this agreement with six months' notice")
    assert (summary.dates, summary.largest) == (["12 January 2031", "1 February 2031"], 2900.0)
    assert list(asked) == ["extract", "classify", "summarise"]


async def test_the_market_memo_is_made_although_a_source_is_missing_and_says_which(bench: Bench) -> None:
    joined, asked = await outcome(bench, market.market, "cargo bikes")
    assert joined.missing.keys() == {"patents"}
    assert "the patent register has nothing on cargo bikes yet" in joined.missing["patents"]
    assert joined.merged["price"] == [2590.0, 3120.0]
    assert "3 of 8 poor reviews name spare parts." in joined.merged["advice"]
    assert asked["analyse"] == 1


@pytest.mark.parametrize(
    ("post", "judgement", "coordinated"),
    [("p1", "keep", 0), ("p2", "remove", 1), ("p3", "hide", 1), ("p4", "keep", 1), ("p5", "keep", 1)],
)
async def test_the_coordinator_is_asked_only_where_moderators_disagree(
    bench: Bench, post: str, judgement: str, coordinated: int
) -> None:
    value, asked = await outcome(bench, moderation.moderation, post)
    assert (value, asked["coordinator"]) == (judgement, coordinated)


async def test_no_check_of_a_payment_is_asked_that_cannot_change_the_outcome(bench: Bench) -> None:
    payment = fraud_check.Payment(customer="c-17", amount=890, kind="electronics", town="Sel", hour=3)
    ballot, asked = await outcome(bench, fraud_check.fraud_check, payment)
    assert ballot.decision == "fraud"
    assert asked == {"amount": 1, "place": 1}
    assert ballot.not_asked == ["time_of_day", "goods", "round_sum"]


async def test_checks_that_do_not_know_a_customer_abstain_and_the_others_decide(bench: Bench) -> None:
    payment = fraud_check.Payment(customer="new", amount=500, kind="gift cards", town="Sel", hour=3)
    ballot, _ = await outcome(bench, fraud_check.fraud_check, payment)
    assert ballot.decision == "fraud"
    assert ballot.abstained.keys() == {"amount", "place", "time_of_day"}


async def test_the_judge_picks_the_analyst_whose_reasons_hold_against_the_books(bench: Bench) -> None:
    chosen, asked = await outcome(bench, investment.investment, "kestrel")
    assert (chosen.winner, chosen.value.advice) == ("fundamentals", "leave")
    assert chosen.scores["momentum"] == 0.0
    assert "The margin changed by -58%" in chosen.reasons
    assert asked["judge"] == 1


async def test_the_estimators_agree_once_each_has_told_what_the_others_left_out(bench: Bench) -> None:
    project = debate.Project(tasks={"design": 3, "build": 8, "test": 4}, start=date(2031, 12, 15))
    debated, _ = await outcome(bench, debate.estimating, project)
    assert (debated.by, debated.rounds) == ("agreement", 1)
    assert debated.decision.done_on == date(2032, 1, 21)
    assert len(debated.decision.thought_of) == 3


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (
            "You charged me after I closed my account, and your app crashes on my tablet.",
            f"{REFUND} Update to version 4.2, which mends the crash.",
        ),
        (
            "Is this charge right?",
            "We return EUR 36.00, charged on 2031-03-15 and 2031-04-15, after you left on 2031-03-01.",
        ),
    ],
)
async def test_the_support_team_answers_the_same_in_each_shape(bench: Bench, text: str, answer: str) -> None:
    ticket = support.Ticket(customer="ada", text=text)
    supervised, by_manager = await outcome(bench, support.supervised, ticket)
    handed_over, _ = await outcome(bench, support.handed_over, ticket)
    among_peers, _ = await outcome(bench, support.among_peers, ticket)
    assert [supervised, handed_over, among_peers.answer] == [answer] * 3
    assert by_manager["account"] == by_manager["billing"] == 1


async def test_the_application_is_mended_where_its_tests_fail_and_passes_them_in_the_end(bench: Bench) -> None:
    wish = app_development.Wish(name="loans", fields={"title": "text", "pages": "number"})
    made, asked = await outcome(bench, app_development.app_development, wish)
    assert made["tests"] == "OK"
    assert "raise TypeError('pages')" in made["files"]["loans.py"]
    assert (asked["backend"], asked["frontend"], asked["try_out"]) == (2, 1, 2)


async def test_the_analyst_picks_its_tools_by_description_and_leaves_the_one_alone_that_does_not_help(
    bench: Bench,
) -> None:
    found, asked = await outcome(bench, sales.sales, "Why did sales fall?")
    assert found.answer.startswith("Sales fell in 2031-04 by EUR 818; south lamp alone lost EUR 1225")
    assert [asked[tool] for tool in ("trend", "breakdown", "history", "weather")] == [1, 1, 1, 0]


async def test_an_article_is_sent_back_once_then_approved_released_and_laid_out(bench: Bench) -> None:
    text = "Our street has forty trees, and they were planted in 1911, which is a long time ago even for a tree."
    async with bench.app() as app:
        handle = await app.start(article.article, text)
        for answer in ("return", "approve"):
            await bench.clock.until(lambda: app.inbox.list(to="editors"))
            await app.inbox.answer((await app.inbox.list(to="editors"))[0].id, answer, by="ada")
        await bench.clock.settle()
        await handle.signal("event", "print at once")
        await handle.signal("event", "release")
        journey = await handle.result()
    assert journey.path == ["draft", "check", "review", "draft", "check", "review", "approved", "published"]
    assert (
        journey.data
        == "# Our street has forty trees\n\nThey were planted in 1911. Is a long time ago even for a tree.\n"
    )
    assert [refused.allowed for refused in journey.refused] == [["release"]]


def test_every_team_is_in_the_readme_with_its_command() -> None:
    page = (TEAMS / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in sorted(TEAMS.glob("*.py")) if f"examples/teams/{path.name}" not in page] == []
