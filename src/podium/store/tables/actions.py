"""Who asked for which change, in a table: each is entered in the ledger, in the same transaction."""

from podium.model.action import UserAction
from podium.model.entered import ACTED, action_digest
from podium.store.codec import encode
from podium.store.tables.ledger import LEDGER, enter
from podium.store.tables.statements import Statements, Tables


class TableActions:
    """The actions of a store."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def enter(self, action: UserAction) -> bool:
        """Write down an action, unless one of its id is there."""
        row = (
            action.at, action.id, action.by, action.tenant, action.what, action.about, encode(dict(action.said))
        )  # fmt: skip

        def work(statements: Statements) -> bool:
            statements.alone(LEDGER)
            if statements.one("action_there", action.id) is not None:
                return False
            statements.do("action_insert", *row)
            enter(statements, action.id, action_digest(*row), ACTED)
            return True

        return self._tables.write(work)
