"""What a store must do with delegations."""

from pathlib import Path

from podium.model.delegation import Delegation, Granted
from podium.testing.contracts.opened import OpenedStore

_BOUNDS = Delegation(
    by="ada", to="bot", agents=("mail", "crm-*"), tools=("a/b",), arguments={"mail": {"to": "*@example.org"}},
    expires=100.0, quota=2, tenant="acme",
)  # fmt: skip


class DelegationsContract(OpenedStore):
    """Delegations are kept whole, counted, and void for ever once they are."""

    def test_a_delegation_comes_back_as_it_was_granted(self, tmp_path: Path) -> None:
        granted = Granted(id="d", delegation=_BOUNDS, granted_at=1.0)
        with self.hand(tmp_path) as hand:
            hand.store.delegations.enter(granted)
            assert hand.store.delegations.get("d") == granted
            assert hand.store.delegations.get("e") is None
            assert list(hand.store.delegations.all()) == [granted]

    def test_uses_are_counted_up_to_the_quota(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            book = hand.store.delegations
            book.enter(Granted(id="d", delegation=_BOUNDS, granted_at=1.0))
            assert [book.use("d", 2.0) for _ in range(3)] == [True, True, False]
            found = book.get("d")
            assert found is not None
            assert found.used == 2

    def test_an_expired_delegation_is_of_no_use(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.store.delegations.enter(Granted(id="d", delegation=_BOUNDS, granted_at=1.0))
            assert not hand.store.delegations.use("d", 100.0)

    def test_a_delegation_is_revoked_once_and_is_then_of_no_use(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            book = hand.store.delegations
            book.enter(Granted(id="d", delegation=_BOUNDS, granted_at=1.0))
            assert book.revoke("d", 5.0)
            assert not book.revoke("d", 6.0)
            assert not book.revoke("e", 6.0)
            assert not book.use("d", 7.0)
            found = book.get("d")
            assert found is not None
            assert found.revoked_at == 5.0
