"""Who gets a task: a table, and the rule behind it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.dispatch.registry import version_order
from podium.dispatch.router import choose
from podium.errors import UnknownAgent
from podium.model.agent import Card
from podium.model.task import Task

TASK = Task(capability="draw")


def offer(name: str, usd: float | None = None, version: str = "1") -> Card:
    return Card(name=name, version=version, usd=usd, capabilities=frozenset({"draw"}))


@pytest.mark.parametrize(
    ("offers", "chosen"),
    [
        ([offer("a", 0.3), offer("b", 0.2), offer("c", 0.1)], "c"),
        ([offer("a", 0.1), offer("b", 0.2)], "a"),
        ([offer("a", 0.01), offer("b", 0.0)], "b"),
        ([offer("a"), offer("b", 100.0)], "b"),
        ([offer("b"), offer("a")], "a"),
        ([offer("b", 0.1), offer("a", 0.1)], "a"),
    ],
)
def test_the_cheapest_is_chosen_whatever_its_place_and_name(offers: list[Card], chosen: str) -> None:
    assert choose(TASK, offers).name == chosen


def test_the_price_is_that_of_the_newest_version() -> None:
    offers = [offer("a", 0.1, "1"), offer("a", 0.5, "2"), offer("b", 0.2)]
    assert (choose(TASK, offers).name, choose(TASK, offers[:2]).version) == ("b", "2")


def test_why_says_the_price() -> None:
    assert choose(TASK, [offer("a", 0.25), offer("b")]).why == "offers draw; at most $0.25 a call; 1 of 2 that offer it"
    assert "no known price" in choose(TASK, [offer("b")]).why


def test_who_is_not_available_is_chosen_only_where_nobody_else_is() -> None:
    cheap, dear = offer("a", 0.1), offer("b", 0.2)
    assert choose(TASK, [cheap, dear], lambda card: card is dear).name == "b"
    assert choose(TASK, [cheap, dear], lambda _: False).name == "a"
    with pytest.raises(UnknownAgent, match="no agent offers 'draw'"):
        choose(TASK, [])


PRICES = st.none() | st.sampled_from([0.0, 0.001, 0.01, 0.5, 2.0])
OFFERS = st.lists(
    st.builds(offer, st.sampled_from("abcdef"), PRICES, st.sampled_from(["1", "2", "10"])), min_size=1,
    unique_by=lambda card: (card.name, card.version),
)  # fmt: skip


@given(OFFERS)
def test_nobody_who_is_chosen_costs_more_than_the_newest_version_of_another(offers: list[Card]) -> None:
    choice = choose(TASK, offers)
    [chosen] = [card for card in offers if (card.name, card.version) == (choice.name, choice.version)]
    newest = {card.name: card for card in sorted(offers, key=lambda card: version_order(card.version))}
    for other in newest.values():
        assert other.usd is None or (chosen.usd is not None and chosen.usd <= other.usd)
    assert newest[chosen.name] is chosen
