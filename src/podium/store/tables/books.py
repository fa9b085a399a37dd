"""Small books that few programs open: what keeps them is imported when it is asked for."""

from typing import TYPE_CHECKING

from podium import lazy
from podium.store.tables.costs import keep_costs
from podium.store.tables.statements import Tables

if TYPE_CHECKING:
    from podium.store.tables import actions, api_keys, inbox, webhooks
else:
    actions, api_keys = lazy.module("podium.store.tables.actions"), lazy.module("podium.store.tables.api_keys")
    inbox = lazy.module("podium.store.tables.inbox")
    webhooks = lazy.module("podium.store.tables.webhooks")


class TableBooks:
    """The small books of a store that has tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def keep_costs(self, limit: int) -> int:
        """Add up what trees of runs spent that have ended, of at most so many that are not yet; returns of how many."""
        return await keep_costs(self._tables, limit)

    @property
    def keys(self) -> "api_keys.TableKeys":
        """With what programs sign in."""
        return api_keys.TableKeys(self._tables)

    @property
    def action_book(self) -> "actions.TableActions":
        """Where it is written down who asks for which change."""
        return actions.TableActions(self._tables)

    @property
    def inbox(self) -> "inbox.TableInbox":
        """What is said of questions, and who is away."""
        return inbox.TableInbox(self._tables)

    @property
    def webhooks(self) -> "webhooks.TableWebhooks":
        """Who is told what happens to runs and questions, and what was delivered to them."""
        return webhooks.TableWebhooks(self._tables)
