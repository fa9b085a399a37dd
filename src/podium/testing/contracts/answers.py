"""What a store must do with answers that are kept."""

import math
from pathlib import Path

from podium.model.cache import CacheEntry, CacheKey, Meaning
from podium.model.embedding import vector_of
from podium.store.codec import encode
from podium.store.keeping import KeepAnswer
from podium.testing.contracts.hand import Hand
from podium.testing.contracts.opened import OpenedStore
from podium.testing.embedder import HashedEmbedder

_UNTIL = 200.0


def _at(degrees: float, among: str = "all") -> Meaning:
    """Return a meaning in a direction: what is between two of them is their similarity."""
    numbers = (math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
    return Meaning(among, vector_of(HashedEmbedder(len(numbers)), numbers))


def _keep(
    hand: Hand, digest: str, meaning: Meaning | None = None, *, run: str = "run", until: float = _UNTIL,
    most: int = 10, tenant: str = "default", usd: float | None = None,
) -> None:  # fmt: skip
    hand.commit(
        KeepAnswer(
            agent="knows",
            version="1",
            tenant=tenant,
            digest=digest,
            value=encode(digest),
            run=run,
            key="0",
            now=100.0,
            until=until,
            usd=usd,
            meaning=meaning,
            most=most,
        )
    )  # fmt: skip


def _get(hand: Hand, digest: str, now: float = 100.0) -> CacheEntry | None:
    return hand.told(hand.store.answers.get(CacheKey("knows", "1", "default", digest), now))


def _near(hand: Hand, meaning: Meaning, above: float = 0.5, now: float = 100.0) -> str | None:
    found = hand.told(hand.store.answers.nearest(meaning, above, now))
    return None if found is None else found.value


class AnswersContract(OpenedStore):
    """An answer is given again to the same question, or to one that is near enough, until its time is over."""

    def test_an_answer_comes_back_with_where_it_was_given_and_what_it_cost(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _keep(hand, "a", usd=0.5)
            assert _get(hand, "a") == CacheEntry("a", "run", "0", 0.5)
            assert _get(hand, "b") is None
            assert _get(hand, "a", _UNTIL) is None

    def test_the_answer_to_the_nearest_question_is_found_where_it_is_near_enough(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for degrees in (0, 40, 80):
                _keep(hand, f"at {degrees}", _at(degrees))
            assert [_near(hand, _at(degrees)) for degrees in (5, 35, 90)] == ["at 0", "at 40", "at 80"]
            assert _near(hand, _at(130), math.cos(math.radians(51))) == "at 80"
            assert _near(hand, _at(130), math.cos(math.radians(49))) is None
            found = hand.told(hand.store.answers.nearest(_at(70), 0.5, 100.0))
            assert found is not None
            assert math.isclose(found.similarity or 0.0, math.cos(math.radians(10)), abs_tol=1e-5)

    def test_what_has_not_all_else_in_common_is_not_found(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _keep(hand, "a", _at(0, "some"))
            _keep(hand, "b", _at(20, "others"))
            assert _near(hand, _at(0, "others")) == "b"
            assert _near(hand, _at(0, "nobody")) is None

    def test_one_that_is_too_old_is_passed_over(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _keep(hand, "old", _at(0), until=150.0)
            _keep(hand, "new", _at(20))
            assert [_near(hand, _at(0), now=now) for now in (149.0, 150.0, _UNTIL)] == ["old", "new", None]

    def test_a_question_that_is_answered_anew_has_the_new_answer(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _keep(hand, "a", _at(0), run="first")
            assert _near(hand, _at(0)) == "a"
            _keep(hand, "a", _at(60), run="second")
            assert _near(hand, _at(0), 0.9) is None
            found = hand.told(hand.store.answers.nearest(_at(60), 0.9, 100.0))
            assert found is not None
            assert found.run == "second"

    def test_what_a_run_was_answered_is_forgotten_by_meaning_too(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _keep(hand, "a", _at(0), run="gone")
            _keep(hand, "b", _at(30), run="stays")
            assert _near(hand, _at(0)) == "a"
            hand.told(hand.store.answers.forget("gone"))
            assert _near(hand, _at(0)) == "b"
            assert _get(hand, "a") is None

    def test_the_oldest_go_beyond_the_bound_of_each_tenant(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            _keep(hand, "plain")
            _keep(hand, "theirs", _at(0, "theirs"), tenant="other", most=3)
            for number in range(5):
                _keep(hand, str(number), _at(10 * number), most=3)
            assert [_get(hand, str(number)) is not None for number in range(5)] == [False, False, True, True, True]
            assert _near(hand, _at(0)) == "2"
            assert _get(hand, "plain") is not None
            assert _near(hand, _at(0, "theirs")) == "theirs"
