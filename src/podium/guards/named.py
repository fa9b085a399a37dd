"""The guards of the settings, by name."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from podium.errors import ConfigError, UsageError
from podium.guards.own import BOTH, Check
from podium.guards.patterns import patterns
from podium.guards.pii import ALL, pii
from podium.guards.schema import OUTPUT, schema
from podium.guards.screen import screen_by
from podium.guards.size import size
from podium.model.agent import AnyAgent
from podium.model.guard import GuardSettings

T = TypeVar("T")

_BUILT_IN = GuardSettings(kind="pii")


class NamedGuards:
    """Makes the guards of `[podium.guards.NAME]` when they are first wanted. `pii` is there by itself."""

    def __init__(self, settings: Mapping[str, GuardSettings], agent: Callable[[str], AnyAgent]) -> None:
        self._settings = {"pii": _BUILT_IN, **settings}
        self._agent = agent
        self._made: dict[str, Check] = {}
        for name, said in settings.items():
            if said.kind != "screen":  # whose agent may be registered later
                self(name)

    def __call__(self, name: str) -> Check:
        """Return a guard; raises ConfigError where there is none of that name, or it is not set up as it should be."""
        if name not in self._made:
            self.require([name])
            try:
                self._made[name] = self._make(name, self._settings[name])
            except UsageError as error:
                raise ConfigError(f"[podium.guards.{name}]: {error}") from error
        return self._made[name]

    def require(self, guards: Iterable[object]) -> None:
        """Raise ConfigError where there is no guard of a name."""
        for each in guards:
            if isinstance(each, str) and each not in self._settings:
                known = ", ".join(sorted(self._settings))
                raise ConfigError(f"no guard is called {each!r}: describe it in [podium.guards.{each}]; known: {known}")

    def _make(self, name: str, said: GuardSettings) -> Check:
        on = BOTH if said.on is None else said.on
        match said.kind:
            case "pii":
                return pii(
                    kinds=ALL if said.kinds is None else said.kinds, repair=said.repair is not False,
                    restore=said.restore, on=on, ask=said.ask, name=name,
                )  # fmt: skip
            case "patterns":
                repair = said.repair is True
                return patterns(deny=said.deny, allow=said.allow, repair=repair, on=on, ask=said.ask, name=name)
            case "size":
                return size(_given(said.most, "most"), on=on, ask=said.ask, name=name)
            case "schema":
                return schema(
                    _given(said.schema, "schema"), on=OUTPUT if said.on is None else said.on, ask=said.ask, name=name
                )
            case "screen":
                return screen_by(self._agent(_given(said.agent, "agent")), on=on, ask=said.ask, name=name)


def _given(value: T | None, key: str) -> T:
    if value is None:
        raise UsageError(f"it needs `{key}`")
    return value
