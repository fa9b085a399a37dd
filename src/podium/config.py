"""What is set: defaults, below `podium.toml`, below the environment, below arguments."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from pathlib import Path
from types import GenericAlias
from typing import TYPE_CHECKING, Any, Literal, get_args

from podium import lazy
from podium.errors import ConfigError, UsageError
from podium.model.audit import AuditSettings
from podium.model.budget import BudgetSettings
from podium.model.delegation import DelegationSettings
from podium.model.duration import PAUSE, SECONDS, Seconds, SecondsOrNone, hold_seconds, in_seconds
from podium.model.expected import COUNT, FLAG, NAMES, TEXT, Expected, check_fields, each, instance, one_of, or_none
from podium.model.fleet import FleetSettings, fleet_settings
from podium.model.guard import GuardSettings
from podium.model.incident import MonitorSettings
from podium.model.json import Json
from podium.model.limit import LimitSettings
from podium.model.link import LinkSettings
from podium.model.loops import Loops
from podium.model.notify import NotifySettings
from podium.model.person import Person
from podium.model.policy import PolicySettings
from podium.model.prices import PriceSettings
from podium.model.rules import AgentRules
from podium.model.run import SUSPECTED
from podium.model.server import ServerSettings
from podium.model.webhooks import WebhookSettings
from podium.secrets.settings import SecretSettings

if TYPE_CHECKING:
    import tomllib

    import pydantic
    from typing_extensions import TypeForm, TypeIs
else:
    pydantic, tomllib = lazy.module("pydantic"), lazy.module("tomllib")

FILE = "podium.toml"
_PREFIX = "PODIUM_"

Compensations = Literal["as_registered", "judged_anew"]

_TABLES: Mapping[str, type] = {
    "audit": AuditSettings, "budgets": BudgetSettings, "delegation": DelegationSettings, "limits": LimitSettings,
    "links": LinkSettings, "policy": PolicySettings, "prices": PriceSettings, "secrets": SecretSettings,
    "server": ServerSettings, "webhooks": WebhookSettings,
}  # fmt: skip
_FIELDS: Mapping[str, Expected] = {
    **{name: instance(kind, f"{kind.__name__}(…)") for name, kind in _TABLES.items()},
    "agents": each(instance(AgentRules, "AgentRules()"), 'rules by agent, such as {"*": AgentRules(timeout=5)}'),
    "people": each(instance(Person, "Person()"), 'people by name, such as {"ada": Person(groups=["editors"])}'),
    "guards": each(instance(GuardSettings, "GuardSettings(…)"), "guards by name, each as GuardSettings(…)"),
    "loops": or_none(instance(Loops, "Loops()")),
    "notify": or_none(instance(NotifySettings, 'NotifySettings(to={"ann": ["env:ANN_MAIL"]})')),
    "monitor": Expected(
        "True, False, or MonitorSettings(…)", lambda value: isinstance(value, bool | MonitorSettings)
    ),
    "fleet": instance(FleetSettings, 'FleetSettings(kind="store")'),
    "store": Expected("a file or an address", lambda value: isinstance(value, str) and bool(value)),
    "alive_file": TEXT, "durability": one_of(("process", "power")),
    "compensations": one_of(get_args(Compensations)), "queues": NAMES, "telemetry": FLAG,
    "keep_messages": FLAG,
    **dict.fromkeys(("slots", "quarantine_after", "max_facts", "max_payload_bytes", "max_depth"), COUNT),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings of an app. Each can stand in `podium.toml` under `[podium]`, or in `PODIUM_NAME`."""

    store: str = ".podium/podium.db"
    """The file of the store; `:memory:` for work that need not survive."""
    durability: Literal["process", "power"] = "process"
    """What a recorded step survives: the death of the process, or that of the machine."""
    compensations: Compensations = "as_registered"
    """Whether what undoes runs as it was allowed when it was registered, or is judged anew when it is called."""
    slots: int = 2_000
    """Runs in memory at once; where `queues` are named, of each."""
    queues: tuple[str, ...] = ()
    """The queues whose runs this process drives; none are all."""
    fleet: FleetSettings = field(default_factory=FleetSettings)
    """Who decides when and where a run that is ready is driven: `fleet = "store"`, or `[podium.fleet]` with `kind`."""
    lease: Seconds = Seconds(10.0)
    """Seconds without a beat after which a worker is declared dead."""
    grace: Seconds = Seconds(8.0)
    """Seconds that what is under way has to end when the app is closed or the worker stops; then it is cut."""
    alive_file: str = ""
    """A file that is touched at each beat, and gone once nothing is driven here any more: for probes."""
    poll: Seconds = Seconds(0.2)
    """Seconds between two looks for what other processes left."""
    max_facts: int = 1_000_000
    """Facts that one run may have; it warns at half of them, and is blocked above."""
    max_payload_bytes: int = 64 * 1024 * 1024
    """Bytes that one input or value may have."""
    quarantine_after: int = 5
    """Processes in a row that may die while they drive one run, before it is set aside; at least 3."""
    run_within: SecondsOrNone = SecondsOrNone()
    """Seconds that a run may take which was started without `within`; None is no bound."""
    max_depth: int = 50
    """Workflows that may call workflows inside one another."""
    telemetry: bool = True
    """Whether runs are traced where the program has set up OpenTelemetry."""
    keep_messages: bool = True
    """Whether what is sent to models is recorded, for people to read: instructions, messages, tools, settings."""
    keep_events: Seconds = Seconds(7 * 86_400.0)
    """Seconds that the events of the system are kept, for those who watch it."""
    loops: Loops | None = None
    """What counts as going round in circles, and what is done about it: `[podium.loops]`; None looks for none."""
    agents: Mapping[str, AgentRules] = field(default_factory=dict[str, AgentRules])
    """The rules of agents that do not say them themselves: `[podium.agents.NAME]`, or `*` for all."""
    delegation: DelegationSettings = field(default_factory=DelegationSettings)
    """How agents outside may act for users: `[podium.delegation]`."""
    audit: AuditSettings = field(default_factory=AuditSettings)
    """How the ledger is sealed: `[podium.audit]`."""
    limits: LimitSettings = field(default_factory=LimitSettings)
    """How much may happen at once and in a time: `[podium.limits]`."""
    budgets: BudgetSettings = field(default_factory=BudgetSettings)
    """What may be spent: `[podium.budgets]`."""
    policy: PolicySettings = field(default_factory=PolicySettings)
    """Who may do what: `[podium.policy]`."""
    guards: Mapping[str, GuardSettings] = field(default_factory=dict[str, GuardSettings])
    """The guards that agents can name: `[podium.guards.NAME]`."""
    people: Mapping[str, Person] = field(default_factory=dict[str, Person])
    """The people whom questions can be given to, by name: `[podium.people.NAME]`."""
    links: LinkSettings = field(default_factory=LinkSettings)
    """The links with which people answer: `[podium.links]`."""
    notify: NotifySettings | None = None
    """Who is told that questions wait, and where: `[podium.notify]`; None tells nobody."""
    prices: PriceSettings = field(default_factory=PriceSettings)
    """What things cost: `[podium.prices]`."""
    monitor: MonitorSettings | bool = False
    """Whether agents, runs and workers are watched, and how: `[podium.monitor]`, or `monitor = true`."""
    server: ServerSettings = field(default_factory=ServerSettings)
    """How the server knows whoever asks, and how much one may send: `[podium.server]`."""
    secrets: SecretSettings = field(default_factory=SecretSettings)
    """What is masked from the start: `[podium.secrets]`."""
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)
    """How other programs are told what happens: `[podium.webhooks]`."""

    def __post_init__(self) -> None:
        check_fields(self, _FIELDS)
        hold_seconds(self, SECONDS, "lease", "poll", "keep_events")
        hold_seconds(self, PAUSE, "grace")
        hold_seconds(self, SECONDS, "run_within", optional=True)


SECTIONS: "dict[str, TypeForm[object]]" = {
    **_TABLES, "agents": dict[str, AgentRules], "guards": dict[str, GuardSettings], "loops": Loops,
    "monitor": MonitorSettings | bool, "notify": NotifySettings, "people": dict[str, Person],
}  # fmt: skip
"""The settings that are tables, and the type of what stands in them."""


def _is_list(value: object) -> "TypeIs[list[object] | tuple[object, ...]]":
    return isinstance(value, list | tuple)


def _queues(value: object) -> tuple[str, ...]:
    """Return names of queues, as they stand in a list, or in one text with commas between them."""
    names: object = value.split(",") if isinstance(value, str) else value
    if not _is_list(names):
        raise TypeError
    found = tuple(name.strip() if isinstance(name, str) else "" for name in names)
    if not all(found):
        raise ValueError
    return tuple(dict.fromkeys(found))


def _store(value: object) -> str:
    """Return where the store is; an empty text is none: a variable that nobody filled in, say."""
    if not str(value):
        raise ValueError
    return str(value)


def _switch(value: object) -> bool:
    """Return a switch, as TOML has it, or as a text in the environment."""
    found = value if isinstance(value, bool) else _SWITCHES.get(str(value).lower())
    if found is None:
        raise ValueError
    return found


def _length(expected: Expected) -> Callable[[object], float]:
    """Return what reads a length of time in seconds; that raises ValueError for what is none."""

    def read(value: object) -> float:
        if not expected.fits(value):
            raise ValueError
        return in_seconds(value, "it", expected)

    return read


_SWITCHES = {"true": True, "false": False}
_LENGTHS = {"lease": SECONDS, "poll": SECONDS, "keep_events": SECONDS, "run_within": SECONDS, "grace": PAUSE}
_TYPES: dict[str, Callable[[Any], Any]] = {
    **{each.name: type(each.default) for each in fields(Config) if each.name not in SECTIONS},
    **{name: _length(expected) for name, expected in _LENGTHS.items()},
    "store": _store,
    "queues": _queues,
    "fleet": fleet_settings,
    **dict.fromkeys(("telemetry", "keep_messages"), _switch),
}
_EXPECTED = {
    **{name: expected.words for name, expected in _LENGTHS.items()},
    "store": "a file, an address such as postgresql://USER@HOST/DATABASE, or :memory: for one that keeps nothing",
    "queues": "names of queues: a list, or a text with commas between them",
    "fleet": 'the name of a fleet, such as "store", or a table with its `kind` and its options',
    **dict.fromkeys(("telemetry", "keep_messages"), "true or false"),
}
_POSITIVE = ("slots", "max_facts", "max_payload_bytes", "max_depth")


def load_config(
    folder: Path | None = None, *, environment: Mapping[str, str] | None = None, **arguments: object
) -> Config:
    """Return the settings for a folder; raises ConfigError that names the place of what is wrong."""
    folder = Path.cwd() if folder is None else folder
    environment = os.environ if environment is None else environment
    config = Config()
    path = folder / FILE
    if path.is_file():
        config = _with(config, _read(path), str(path))
    names = set(_TYPES)
    found = {name: environment[_PREFIX + name.upper()] for name in names if _PREFIX + name.upper() in environment}
    config = _with(config, found, "the environment")
    return override(config, arguments)


def override(config: Config, arguments: Mapping[str, object]) -> Config:
    """Return the settings with arguments laid over them; None leaves a setting as it is."""
    return _with(config, {name: value for name, value in arguments.items() if value is not None}, "an argument")


def _read(path: Path) -> dict[str, Json]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")).get("podium", {})
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is no valid TOML: {error}") from error


def _with(config: Config, values: Mapping[str, object], place: str) -> Config:
    changes: dict[str, Json] = {}
    for name, value in values.items():
        if name in SECTIONS:
            changes[name] = _section(name, value, place)
            continue
        if name not in _TYPES:
            known = ", ".join(sorted([*_TYPES, *SECTIONS]))
            raise ConfigError(f"{place} sets {name!r}, which does not exist. Settings: {known}.")
        try:
            changes[name] = _TYPES[name](value)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{place} sets {name} to {value!r}; expected {_expected(name)}.") from error
        if name in _POSITIVE and changes[name] <= 0:
            raise ConfigError(f"{place} sets {name} to {value!r}; expected more than 0.")
    if changes.get("quarantine_after", SUSPECTED + 1) <= SUSPECTED:
        raise ConfigError(
            f"{place} sets quarantine_after to {changes['quarantine_after']!r}; expected at least {SUSPECTED + 1}: "
            "before that it is not known which of the runs of a process made it die."
        )
    if changes.get("compensations", "as_registered") not in get_args(Compensations):
        kinds = " or ".join(map(repr, get_args(Compensations)))
        raise ConfigError(f"{place} sets compensations to {changes['compensations']!r}; expected {kinds}.")
    if changes.get("durability", "process") not in ("process", "power"):
        raise ConfigError(f"{place} sets durability to {changes['durability']!r}; expected 'process' or 'power'.")
    return replace(config, **changes)


def _expected(name: str) -> str:
    return _EXPECTED.get(name) or _TYPES[name].__name__


def _section(name: str, value: object, place: str) -> object:
    """Return a table of settings as what it says; raises ConfigError with the place of each mistake."""
    try:
        return _adapter(name).validate_python({name: value})[name]
    except pydantic.ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise ConfigError(f"{place} sets {wrong}.") from error
    except UsageError as error:
        raise ConfigError(f"{place} sets {name}: {error}") from error


@cache
def _adapter(name: str) -> "pydantic.TypeAdapter[dict[str, object]]":
    named: Any = GenericAlias(dict, (str, SECTIONS[name]))  # a dataclass by itself would not take the `config`
    return pydantic.TypeAdapter(named, config=pydantic.ConfigDict(extra="forbid"))
