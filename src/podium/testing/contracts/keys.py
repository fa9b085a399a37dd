"""What a store must do with keys, and with who asked for which change."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from podium.model.action import UserAction
from podium.model.api_key import ApiKey, KeySecret, key_digest
from podium.model.audit import Audit
from podium.reports.grant_audit import GrantAudit
from podium.store.protocol import ActionQuery
from podium.testing.contracts.hand import Hand
from podium.testing.contracts.opened import OpenedStore

_KEY = ApiKey(
    id="key_1", name="ci", who="ci-bot", tenant="acme", roles=frozenset({"operator", "editors"}),
    workflows=("desk", "crm-*"), expires=900.0, made_at=100.0, made_by="ada",
    secret=KeySecret(digest=key_digest("first"), at=100.0, by="ada"),
)  # fmt: skip


class KeysContract(OpenedStore):
    """Keys are kept whole, have at most two secrets, and are void for ever once they are; the ledger knows of all."""

    def test_a_key_comes_back_as_it_was_made(self, tmp_path: Path) -> None:
        other = replace(_KEY, id="key_0", expires=None, roles=frozenset(), workflows=("*",), made_at=200.0)
        with self.hand(tmp_path) as hand:
            for key in (other, _KEY):
                hand.store.keys.enter(key)
            assert hand.told(hand.store.keys.get("key_1")) == _KEY
            assert hand.told(hand.store.keys.get("key_2")) is None
            assert list(hand.store.keys.all()) == [_KEY, other]
            assert _faults(hand) == []

    def test_a_rotated_key_has_the_new_secret_and_for_a_while_the_one_before(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            book = hand.store.keys
            book.enter(_KEY)
            assert book.rotate("key_1", key_digest("second"), until=300.0, at=200.0, by="bob")
            assert book.rotate("key_1", key_digest("third"), until=400.0, at=250.0, by="eve")
            assert not book.rotate("key_2", key_digest("x"), until=400.0, at=250.0, by="eve")
            found = hand.told(book.get("key_1"))
            secret = KeySecret(
                digest=key_digest("third"), former=key_digest("second"), former_until=400.0, at=250.0, by="eve"
            )
            assert found == replace(_KEY, secret=secret)
            assert [secret.fits(each, 399.0) for each in ("first", "second", "third", "x")] == [
                False,
                True,
                True,
                False,
            ]
            assert [secret.fits(each, 400.0) for each in ("second", "third")] == [False, True]
            assert _faults(hand) == []

    def test_a_key_is_revoked_once_and_gets_no_secret_any_more(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            book = hand.store.keys
            book.enter(_KEY)
            assert book.revoke("key_1", at=200.0, by="bob")
            assert not book.revoke("key_1", at=300.0, by="eve")
            assert not book.revoke("key_2", at=300.0, by="eve")
            assert not book.rotate("key_1", key_digest("second"), until=300.0, at=200.0, by="bob")
            assert hand.told(book.get("key_1")) == replace(_KEY, revoked_at=200.0, revoked_by="bob")
            assert _faults(hand) == []

    def test_when_a_key_was_used_last_is_no_part_of_what_it_is(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            hand.store.keys.enter(_KEY)
            hand.store.keys.use("key_1", 150.0)
            assert hand.told(hand.store.keys.get("key_1")) == replace(_KEY, used_at=150.0)
            assert _faults(hand) == []

    def test_actions_are_listed_newest_first_and_by_what_is_asked(self, tmp_path: Path) -> None:
        with self.hand(tmp_path) as hand:
            for n, (tenant, by) in enumerate([("acme", "ann"), ("acme", "bob"), ("other", "ann"), ("acme", "ann")]):
                hand.store.action_book.enter(
                    UserAction(
                        id=f"act_{n}", at=100.0 + n // 2, by=by, tenant=tenant, what="retry runs", about=f"run_{n}",
                        said={"why": "late", "n": n},
                    )
                )  # fmt: skip
            wanted: dict[str, dict[str, Any]] = {
                "3 2 1 0": {"text": "retry"}, "3 1 0": {"tenant": "acme"},
                "3 0": {"principal": "ann", "tenant": "acme"},
                "1": {"about": "run_1"}, "3 2": {"since": 101.0}, "1 0": {"until": 101.0}, "": {"tag": "none"},
                "2": {"text": "RUN_2"},
            }  # fmt: skip
            for ids, given in wanted.items():
                found, query = list[str](), ActionQuery(limit=2, **given)
                while True:
                    page = hand.told(hand.store.actions(query))
                    found += [each.id.removeprefix("act_") for each in page.items]
                    if page.cursor is None:
                        break
                    query = replace(query, cursor=page.cursor)
                assert " ".join(found) == ids, given
            [last] = hand.told(hand.store.actions(ActionQuery(limit=1))).items
            assert (last.by, last.what, last.said) == ("ann", "retry runs", {"why": "late", "n": 3})
            assert _faults(hand) == []


def _faults(hand: Hand) -> list[str]:
    """Return what the ledger knows otherwise of keys and actions."""
    found = Audit()
    audit = GrantAudit(found)
    for entry in hand.store.ledger.entries():
        audit.take(entry)
    audit.check(hand.store.ledger)
    return [str(fault) for fault in found.faults]
