"""What every store must do."""

from podium.testing.contracts.affinity import AffinityContract
from podium.testing.contracts.answers import AnswersContract
from podium.testing.contracts.conversation_changes import ConversationChangesContract
from podium.testing.contracts.conversations import ConversationsContract
from podium.testing.contracts.costs import CostsContract
from podium.testing.contracts.delegations import DelegationsContract
from podium.testing.contracts.events import EventsContract
from podium.testing.contracts.generations import GenerationsContract
from podium.testing.contracts.inbox import InboxContract
from podium.testing.contracts.keys import KeysContract
from podium.testing.contracts.ledger import LedgerContract
from podium.testing.contracts.lists import ListsContract
from podium.testing.contracts.ownership import OwnershipContract
from podium.testing.contracts.records import RecordsContract
from podium.testing.contracts.runs import RunsContract
from podium.testing.contracts.shared_states import SharedStatesContract
from podium.testing.contracts.streams import StreamsContract
from podium.testing.contracts.watching import WatchingContract
from podium.testing.contracts.webhooks import WebhooksContract
from podium.testing.contracts.workers import WorkersContract


class StoreContract(
    RunsContract,
    OwnershipContract,
    AffinityContract,
    WorkersContract,
    GenerationsContract,
    InboxContract,
    RecordsContract,
    ListsContract,
    CostsContract,
    ConversationsContract,
    ConversationChangesContract,
    DelegationsContract,
    KeysContract,
    WebhooksContract,
    WatchingContract,
    StreamsContract,
    EventsContract,
    SharedStatesContract,
    AnswersContract,
    LedgerContract,
):
    """The whole contract of a store. Subclass it, and give `open_store`.

    class TestMyStore(StoreContract):
        def open_store(self, folder: Path) -> Store:
            return MyStore(folder / "runs")
    """
