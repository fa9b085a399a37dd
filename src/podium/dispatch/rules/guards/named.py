"""The guards of the settings, by name."""

from collections.abc import Callable, Iterable, Mapping

from podium.errors import ConfigError, UsageError
from podium.model.guard import Guard, GuardSettings

_BUILT_IN = GuardSettings(kind="pii")


class NamedGuards:
    """Makes the guards of `[podium.guards.NAME]` when they are first wanted. `pii` is there by itself."""

    def __init__(self, settings: Mapping[str, GuardSettings], make: Callable[[str, GuardSettings], Guard]) -> None:
        self._settings = {"pii": _BUILT_IN, **settings}
        self._make = make
        self._made: dict[str, Guard] = {}
        for name, said in settings.items():
            if said.kind != "screen":  # whose agent may be registered later
                self(name)

    def __call__(self, name: str) -> Guard:
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
