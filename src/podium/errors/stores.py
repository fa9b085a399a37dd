"""What goes wrong with a store, or with who drives its runs."""

from podium.errors.base import PodiumError


class StoreError(PodiumError):
    """The store cannot do its work."""

    code = "store"


class NotAStore(StoreError):
    """The file is not a Podium store, or of a newer Podium."""

    code = "not-a-store"


class StoreDamaged(StoreError):
    """The file is a Podium store, but its content is damaged."""

    code = "store-damaged"


class StoreUnavailable(StoreError):
    """The file cannot be opened, read or written now."""

    code = "store-unavailable"


class StoreLost(StoreUnavailable):
    """The file was deleted or replaced while it was open: nothing is recorded any more."""

    code = "store-lost"


class StoreMoved(StoreError):
    """The store was moved to another place: nobody drives runs here any more."""

    code = "store-moved"


class MoveInDoubt(StoreUnavailable):
    """Whether a store was moved is not known: nobody drives runs at either place until the move is made again."""

    code = "move-in-doubt"


class Unwritable(StoreError):
    """One operation cannot be stored, by what it holds. Only its sender is told; all others are carried out."""

    code = "unwritable"


class StoreBusy(StoreError):
    """Another process holds the write lock."""

    code = "store-busy"


class WorkerFailed(PodiumError):
    """A service of this process's worker failed, so it drives nothing any more: its runs were handed back.

    Other processes take them up; so does this one once the app is opened anew.
    """

    code = "worker-failed"
