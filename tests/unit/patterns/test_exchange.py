"""The messages of a mesh, without any engine: who gets one next, who waits for whom, and circles."""

from collections.abc import Iterator, Sequence
from itertools import count, pairwise, permutations

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from podium.errors import BadAnswer, BoundReached, Deadlock, NoDecision
from podium.model.message import Message
from podium.patterns import Outgoing
from podium.patterns.parts.exchange import Exchange, PeerReply
from tests.examples import examples


def ask(to: str) -> Outgoing:
    return Outgoing(to=to, type="ask", requires_response=True)


def tell(to: str) -> Outgoing:
    return Outgoing(to=to, type="tell")


class Round:
    """An exchange whose peers act one after the other, as a test says."""

    def __init__(self, *peers: str, hops: int = 30) -> None:
        self.exchange = Exchange(peers, hops=hops)
        self._ids = ids()
        self.exchange.begin(peers[0], "task", id=next(self._ids), at=0.0)

    def acts(self, who: str, *sends: Outgoing) -> Message:
        """Have the peer whose turn it is, `who`, read its message and send others."""
        message = self.exchange.take()
        assert message is not None
        assert message.to == who
        addressed = self.exchange.addressed(message.to, PeerReply(messages=list(sends)))
        self.exchange.send(message, addressed, self._ids, at=1.0)
        return message


def ids() -> Iterator[str]:
    return (f"m{n}" for n in count(1))


def test_a_message_says_where_it_comes_from_and_because_of_which_one() -> None:
    talk = Round("a", "b")
    talk.acts("a", tell("b"))
    assert talk.exchange.messages[1] == Message(
        id="m2", from_="a", to="b", type="tell", timestamp=1.0, correlation_id="m1", causation_id="m1"
    )


def test_an_answer_has_the_correlation_of_what_it_answers_also_when_it_comes_much_later() -> None:
    talk = Round("a", "b", "c")
    talk.acts("a", ask("b"))
    talk.acts("b", ask("c"))
    talk.acts("c", tell("b"))
    talk.acts("b", tell("a"), tell("a"))
    task, question, further, answer, late_answer, more = talk.exchange.messages
    assert [each.correlation_id for each in (task, question, further)] == ["m1", "m2", "m3"]
    assert (answer.correlation_id, answer.causation_id) == ("m3", "m3")
    assert (late_answer.correlation_id, late_answer.causation_id) == ("m2", "m4")
    assert more.correlation_id == "m3", "no longer an answer: it belongs to what it was sent because of"


def test_who_waits_is_handed_nothing_but_the_answer_and_the_rest_after_it() -> None:
    talk = Round("a", "b", "c")
    talk.acts("a", tell("c"), ask("b"))
    talk.acts("c", tell("a"))
    assert [each.id for each in talk.exchange.owed("b")] == ["m3"]
    talk.acts("b", tell("a"))
    assert talk.exchange.owed("b") == []
    assert talk.acts("a").id == "m5"
    assert talk.acts("a").id == "m4"


def test_who_asked_several_waits_for_all_of_them() -> None:
    talk = Round("a", "b", "c")
    talk.acts("a", ask("b"), ask("c"))
    talk.acts("b", tell("a"))
    talk.acts("c")
    assert str(talk.exchange.stuck()).endswith("a waits for c.")


def test_only_who_was_asked_can_answer() -> None:
    talk = Round("a", "b", "c")
    talk.acts("a", ask("b"))
    talk.acts("b", tell("c"))
    talk.acts("c", tell("a"))
    assert talk.exchange.take() is None


def test_a_peer_is_handed_one_message_at_a_time() -> None:
    talk = Round("a", "b")
    talk.acts("a", tell("b"), tell("b"))
    assert talk.exchange.take() is not None
    assert talk.exchange.take() is None


def test_a_peer_has_seen_what_it_was_handed_and_sent_not_what_still_lies_there() -> None:
    talk = Round("a", "b")
    talk.acts("a", tell("b"), tell("b"))
    talk.exchange.take()
    assert [each.id for each in talk.exchange.seen("a")] == ["m1", "m2", "m3"]
    assert [each.id for each in talk.exchange.seen("b")] == ["m2"]


def test_a_circle_is_found_at_once_and_named() -> None:
    talk = Round("a", "b", "c")
    talk.acts("a", ask("b"))
    talk.acts("b", ask("c"))
    with pytest.raises(Deadlock, match="c waits for a, a waits for b, b waits for c: none of them can act") as caught:
        talk.acts("c", ask("a"))
    assert caught.value.circle == ("c", "a", "b")


def test_who_waits_for_itself_is_a_circle() -> None:
    with pytest.raises(Deadlock, match="a waits for a"):
        Round("a", "b").acts("a", ask("a"))


@pytest.mark.parametrize("sends", [[tell("a"), ask("a")], [ask("a"), tell("a")]])
def test_who_answers_and_asks_back_in_one_act_makes_no_circle(sends: Sequence[Outgoing]) -> None:
    talk = Round("a", "b")
    talk.acts("a", ask("b"))
    talk.acts("b", *sends)
    assert [each.type for each in talk.exchange.owed("a")] == ["ask"]


def test_a_message_to_nobody_is_a_bad_answer() -> None:
    with pytest.raises(
        BadAnswer, match=r"a sent a message to 'outside': there is a, b. What is for whoever gave the task"
    ):
        Round("a", "b").acts("a", tell("outside"))


def test_the_message_above_the_hops_is_not_sent() -> None:
    talk = Round("a", "b", hops=2)
    with pytest.raises(BoundReached, match=r"hops=2 is used up, .* the last message, of type 'tell', went from a to b"):
        talk.acts("a", tell("b"), tell("b"))
    assert len(talk.exchange.messages) == 2


def test_where_nobody_waits_that_is_said_too() -> None:
    talk = Round("a", "b")
    talk.acts("a")
    assert str(talk.exchange.stuck()).endswith("nobody waits for anybody.")


# Whatever the peers do

NAMES = ("a", "b", "c", "d")
OUTGOING = st.builds(Outgoing, to=st.sampled_from(NAMES), type=st.just("m"), requires_response=st.booleans())


def waiting(messages: Sequence[Message]) -> set[tuple[str, str]]:
    """Return who waits for whom, from nothing but what was sent."""
    requests: list[Message] = []
    for message in messages:
        answered = [
            each
            for each in requests
            if (each.id, each.from_, each.to) == (message.correlation_id, message.to, message.from_)
        ]
        if message.requires_response:
            requests.append(message)
        elif answered:
            requests.remove(answered[0])
    return {(each.from_, each.to) for each in requests}


def circles(arrows: set[tuple[str, str]]) -> set[tuple[str, ...]]:
    """Return all circles, by trying every way there could be."""
    ways = (way for size in range(1, len(NAMES) + 1) for way in permutations(NAMES, size))
    return {way for way in ways if all(pair in arrows for pair in pairwise((*way, way[0])))}


@settings(max_examples=examples(300))
@given(st.data())
def test_it_always_ends_and_a_deadlock_is_reported_exactly_when_there_is_a_circle(data: st.DataObject) -> None:
    hops = data.draw(st.integers(1, 20), label="hops")
    exchange, fresh = Exchange(NAMES, hops=hops), ids()
    exchange.begin("a", None, id=next(fresh), at=0.0)
    acting: list[Message] = []
    circle: tuple[str, ...] | None = None
    while True:
        message = exchange.take() if not acting or data.draw(st.booleans(), label="one more begins") else None
        if message is not None:
            assert message.to not in {each.to for each in acting}
            assert message.to not in {asker for asker, _ in waiting(exchange.messages)}
            acting.append(message)
            continue
        if not acting:
            event("no message is left")
            assert isinstance(exchange.stuck(), NoDecision)
            break
        read = acting.pop(data.draw(st.integers(0, len(acting) - 1), label="whose act ends"))
        sends = data.draw(st.lists(OUTGOING, max_size=3), label=f"what {read.to} sends")
        try:
            exchange.send(read, sends, fresh, at=1.0)
        except Deadlock as deadlock:
            event("deadlock")
            circle = deadlock.circle
            break
        except BoundReached:
            event("bound reached")
            assert len(exchange.messages) == hops
            break
        assert circles(waiting(exchange.messages)) == set()
    assert len(exchange.messages) <= hops
    assert circle is None or circle in circles(waiting(exchange.messages))
