"""Everything that can go wrong in Podium.

PodiumError
├── UsageError                  a mistake of whoever calls: one clear sentence, no traceback in the CLI
│   ├── ConfigError
│   ├── UnknownAgent
│   ├── UnknownRun
│   ├── UnknownQuestion
│   ├── UnknownConversation
│   ├── UnknownWebhook
│   ├── InvalidValue            a value that does not fit its type, or would not come back as it was
│   ├── AlreadyAnswered
│   ├── NotPossible             the run's state does not allow it
│   ├── NotAllowed              the principal has no role that may do this
│   ├── NotSignedIn             nobody is known who asks the server
│   ├── TooManyRequests         whoever asks the server asks too often
│   ├── NotVerified             what came as a webhook is not from whoever has its secret
│   ├── OtherEmbedder           the memory has vectors of another embedder
│   ├── WrongLoop               the app was opened in another event loop or thread
│   ├── TokenRefused            a delegation's token is forged, void, used up, or for something else
│   └── PatternError            a pattern was given agents, rules or bounds that do not fit
├── StoreError
│   ├── NotAStore               a file, but not ours
│   ├── StoreDamaged
│   ├── StoreUnavailable        read-only, full, missing folder
│   │   ├── StoreLost           the file was deleted or replaced while it was open
│   │   └── MoveInDoubt         whether a store was moved is not known
│   ├── StoreMoved              it goes on at another place, which is named
│   ├── Unwritable              one thing that cannot be stored; whatever else was to be stored with it is
│   └── StoreBusy               another process writes; whoever may wait tries again
├── ProviderAway                by whom one signs in to the server cannot be asked
├── ServerError                 the server has a fault, or what answered is none of Podium's
│   └── ServerUnavailable       it was not reached, or did not answer in time
├── WorkerFailed                a service of this process's worker failed: its runs were handed back
├── WorkflowError               a mistake in a workflow's code
│   ├── WrongBranch
│   ├── NotAwaitable
│   ├── NotAwaited              what was asked of the context was never awaited
│   └── CalledDirectly          an agent was called as a function
├── CallError                   raised in a workflow where a call did not give a value
│   ├── CallFailed
│   ├── CallRefused
│   ├── TooFew                  fewer branches gave a value than the quorum
│   └── QuestionExpired
├── TeamError                   raised by a pattern whose agents came to no result
│   ├── NoDecision
│   ├── Deadlock
│   ├── BoundReached
│   ├── PingPong
│   ├── InvalidTransition
│   ├── GateClosed
│   └── PlanRefused
├── RunError                    raised to whoever awaits a run's result
│   ├── RunFailed
│   ├── RunCancelled
│   └── RunBlocked
└── AgentError                  for agents to raise: says what sort of failure it is
    ├── NotDone
    ├── RateLimited
    ├── TransportFailed
    ├── Refusal
    │   └── ContextTooLong      what a model would be sent does not fit into its window
    └── BadAnswer

asyncio.CancelledError
└── CallCancelled               raised in a workflow at the call at which it was cancelled

Interrupt (BaseException)       passes through agents untouched; nobody but the engine catches it
├── Suspended                   a step has to wait; the agent runs again later
├── Forbidden                   a rule refuses a step, and with it the call
├── Blocked                     the run cannot go on with this code
│   ├── MissingAgent            an agent is not registered
│   ├── TooManyFacts            as many as the settings allow
│   └── Diverged                the code asks for something else than the journal has
└── Evicted                     this process no longer drives the run
"""

from podium.errors.agents import AgentError, BadAnswer, ContextTooLong, NotDone, RateLimited, Refusal, TransportFailed
from podium.errors.base import PodiumError
from podium.errors.calls import (
    CallCancelled,
    CalledDirectly,
    CallError,
    CallFailed,
    CallRefused,
    NotAwaitable,
    NotAwaited,
    QuestionExpired,
    RunBlocked,
    RunCancelled,
    RunError,
    RunFailed,
    TooFew,
    WorkflowError,
    WrongBranch,
)
from podium.errors.interrupts import (
    Blocked,
    Diverged,
    Evicted,
    Forbidden,
    Interrupt,
    MissingAgent,
    Suspended,
    TooManyFacts,
)
from podium.errors.servers import ServerError, ServerUnavailable
from podium.errors.stores import (
    MoveInDoubt,
    NotAStore,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreLost,
    StoreMoved,
    StoreUnavailable,
    Unwritable,
    WorkerFailed,
)
from podium.errors.teams import (
    BoundReached,
    Deadlock,
    GateClosed,
    InvalidTransition,
    NoDecision,
    PingPong,
    PlanRefused,
    TeamError,
)
from podium.errors.usage import (
    AlreadyAnswered,
    ConfigError,
    InvalidValue,
    NotAllowed,
    NotPossible,
    NotSignedIn,
    NotVerified,
    OtherEmbedder,
    PatternError,
    ProviderAway,
    TokenRefused,
    TooManyRequests,
    UnknownAgent,
    UnknownConversation,
    UnknownQuestion,
    UnknownRun,
    UnknownWebhook,
    UsageError,
    WrongLoop,
)

__all__ = [
    "AgentError",
    "AlreadyAnswered",
    "BadAnswer",
    "Blocked",
    "BoundReached",
    "CallCancelled",
    "CallError",
    "CallFailed",
    "CallRefused",
    "CalledDirectly",
    "ConfigError",
    "ContextTooLong",
    "Deadlock",
    "Diverged",
    "Evicted",
    "Forbidden",
    "GateClosed",
    "Interrupt",
    "InvalidTransition",
    "InvalidValue",
    "MissingAgent",
    "MoveInDoubt",
    "NoDecision",
    "NotAStore",
    "NotAllowed",
    "NotAwaitable",
    "NotAwaited",
    "NotDone",
    "NotPossible",
    "NotSignedIn",
    "NotVerified",
    "OtherEmbedder",
    "PatternError",
    "PingPong",
    "PlanRefused",
    "PodiumError",
    "ProviderAway",
    "QuestionExpired",
    "RateLimited",
    "Refusal",
    "RunBlocked",
    "RunCancelled",
    "RunError",
    "RunFailed",
    "ServerError",
    "ServerUnavailable",
    "StoreBusy",
    "StoreDamaged",
    "StoreError",
    "StoreLost",
    "StoreMoved",
    "StoreUnavailable",
    "Suspended",
    "TeamError",
    "TokenRefused",
    "TooFew",
    "TooManyFacts",
    "TooManyRequests",
    "TransportFailed",
    "UnknownAgent",
    "UnknownConversation",
    "UnknownQuestion",
    "UnknownRun",
    "UnknownWebhook",
    "Unwritable",
    "UsageError",
    "WorkerFailed",
    "WorkflowError",
    "WrongBranch",
    "WrongLoop",
]

for _name in __all__:
    globals()[_name].__module__ = __name__  # the name by which they are recorded, and imported
