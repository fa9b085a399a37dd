"""Retries of a vendor's client are switched off: they are Podium's, which records them."""

from collections.abc import Callable, Mapping

from pydantic_ai.models import Model
from pydantic_ai.settings import ModelSettings

from podium.agents.pydantic_ai.bound import members_of
from podium.model.json import is_object

_COPY = "with_options"
"""What Pydantic AI calls for each request that has settings of its own for retries; it takes longer than a step."""

MakeCopy = Callable[..., object]


def unretried(model: Model[object], settings: ModelSettings | None) -> ModelSettings | None:
    """Return settings under which a request is sent once, where its model knows of retries."""
    if "max_retries" in model.unsupported_settings:
        return settings
    for member in members_of(model):
        _keep_copies(getattr(member, "client", None))
    single = (settings or ModelSettings()).copy()
    single["max_retries"] = 0
    return single


def _keep_copies(client: object) -> None:
    """Have a client keep the copy of itself that is made for requests without retries, instead of one for each."""
    made = getattr(type(client), _COPY, None)
    if made is None:
        return
    kept = vars(client).get(_COPY)
    if not isinstance(kept, _KeptCopy) or kept.client is not client:  # a copy of a client has that of the other
        setattr(client, _COPY, _KeptCopy(client, made))


class _KeptCopy:
    """Copies a client as its own method does; the last copy serves while client and options are the same."""

    def __init__(self, client: object, made: MakeCopy) -> None:
        self.client = client
        self._made = made
        self._last: tuple[Mapping[str, object], Mapping[str, object], object] | None = None

    def __call__(self, **options: object) -> object:
        state = _state(self.client)
        if self._last is not None and self._last[:2] == (state, options):
            return self._last[2]
        made = self._made(self.client, **options)
        self._last = state, options, made
        return made


def _state(client: object) -> Mapping[str, object]:
    """Return what a client is set to, as it is now."""
    return {name: {**value} if is_object(value) else value for name, value in vars(client).items()}
