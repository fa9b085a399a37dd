"""How values of one type are written and read, and which look tells that they come back; made once for each type."""

import inspect
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from podium import lazy
from podium.agents.changes import Comparison, Free
from podium.agents.core_schemas import (
    Coder,
    asks_validators,
    coder_of,
    demanding,
    drops_keys,
    excluded,
    goes_once,
    has_any,
    has_bytes,
    has_floats,
    kept,
    marked,
    masked,
    narrow,
    needs_care,
    overruled,
    private,
    tells_enums,
    tells_tuples,
    unrefused,
)
from podium.agents.survival import look_of, may_be_out_of_bounds
from podium.errors import InvalidValue, UsageError
from podium.model.json import Json, is_array, is_object

if TYPE_CHECKING:
    import pydantic
    import pydantic.errors

    from podium.agents.core_schemas import Validator
else:
    pydantic = lazy.module("pydantic")


_OWN = f"{Path(__file__).parents[1]}{os.sep}"


@dataclass(frozen=True, slots=True)
class Reading:
    """How what is written is read for a comparison."""

    coder: Coder
    marking: Coder
    """Marks the places where anything may stand; the coder itself where there are none."""


_UNWRITABLE = "\0 unwritable"


class TypeCodec:
    """What is known of one type."""

    def __init__(self, adapter: "pydantic.TypeAdapter[Json]", name: str, free: Free) -> None:
        self.adapter = adapter
        schema: Json = adapter.core_schema
        self.by_text = has_bytes(schema)
        """Whether it is read as JSON text."""
        self._plain, self._free = schema, free
        with_care = needs_care(schema)
        self._schema = kept(schema, free) if with_care else schema
        self.coder = coder_of(self._schema) if with_care else Coder(adapter.validator, adapter.serializer)
        self.look = look_of(schema)
        """Tells of a value that it certainly comes back, if it is within the bounds of its type; None where all do."""
        self.bounded = may_be_out_of_bounds(schema)
        """Whether instances may hold what is out of bounds, so that they have to be read to know."""
        self.has_floats = has_floats(schema)
        """Whether integers are taken for floats."""
        left_out = excluded(schema)
        self.has_enums = tells_enums(schema)
        """Whether an enum is another value than the text or number that it is equal to."""
        self.comparison = Comparison(
            [*left_out, *masked(schema)],
            free=free,
            tuples_as_lists=not tells_tuples(schema),
            enums_as_values=not self.has_enums,
        )
        self.foreign = Comparison(enums_as_values=not self.has_enums)
        """Compares what is given by its JSON."""
        _warn_of(left_out, "excluded from JSON", name)
        _warn_of(private(schema), "private", name)

    @cached_property
    def writing(self) -> Coder:
        """What writes values for the first time: a dict that is given for a model has no keys that would be lost."""
        return coder_of(demanding(self._schema)) if drops_keys(self._schema) else self.coder

    @cached_property
    def narrow(self) -> "Validator | None":
        """What accepts a value only if no integer in it is too large for a float; None where nobody has to ask.

        That is where there are no floats, and where validators of users are in the type: its values are all compared.
        """
        asks = self.has_floats and not asks_validators(self._plain)
        return coder_of(narrow(self._plain)).validator if asks else None

    @cached_property
    def reading(self) -> Reading:
        """What reads what was just written, for a comparison."""
        return Reading(self.coder, coder_of(self._marked) if has_any(self._plain) else self.coder)

    @cached_property
    def rereading(self) -> Reading:
        """The same, for what nobody will read as of this type: no validator is asked."""
        if not asks_validators(self._plain):
            return self.reading
        coder = self.overruling
        return Reading(coder, coder_of(overruled(self._marked)) if has_any(self._plain) else coder)

    def refused_place(self, value: Json) -> str:
        """Return where in what is written of a value nothing can be written, though anything may stand there."""

        def attempted(part: Json) -> Json:
            try:
                return self._free(part)
            except InvalidValue:
                return _UNWRITABLE

        serializer = coder_of(kept(self._plain, attempted)).serializer
        written = serializer.to_python(value, mode="json", by_alias=True, round_trip=True, warnings="none")
        return next(_places_of(_UNWRITABLE, written), "").lstrip(".")

    @property
    def _marked(self) -> Json:
        return kept(marked(self._plain), self._free)

    @cached_property
    def overruling(self) -> Coder:
        """What writes and reads again what was recorded: validators that refuse it now are overruled."""
        return coder_of(overruled(self._schema)) if asks_validators(self._schema) else self.coder

    @cached_property
    def normalising(self) -> Coder:
        """What writes again what is compared with what was recorded: validators may change it, but not refuse it."""
        return coder_of(unrefused(self._schema)) if asks_validators(self._schema) else self.coder


def _places_of(mark: str, plain: Json, place: str = "") -> Iterator[str]:
    """Give the places in JSON at which a mark stands."""
    if plain == mark:
        yield place
    inside = plain.items() if is_object(plain) else enumerate(plain) if is_array(plain) else ()
    for key, part in inside:
        yield from _places_of(mark, part, f"{place}.{key}")


def _warn_of(fields: list[str], how: str, name: str) -> None:
    if not fields:
        return
    are = "is" if len(fields) == 1 else "are"
    warnings.warn(
        f"{name}: {', '.join(fields)} {are} {how}, so not recorded: whoever is handed the value finds the "
        "default there",
        stacklevel=_level_of_user(),
    )


def _level_of_user() -> int:
    """Return how far up, for a warning, the code is that makes Podium make this."""
    level, frame = 0, inspect.currentframe()
    while frame is not None and frame.f_code.co_filename.startswith(_OWN):
        level, frame = level + 1, frame.f_back
    return level


def codec_of(kind: Json, name: str, free: Free) -> TypeCodec:
    """Return what is known of a type; raises UsageError where it cannot be turned into JSON."""
    try:
        adapter = pydantic.TypeAdapter(kind)
    except (pydantic.errors.PydanticSchemaGenerationError, pydantic.errors.PydanticUserError) as error:
        remedy = "Use a Pydantic model, a dataclass or a plain type"
        first = str(error).strip().partition("\n")[0].rstrip(".")
        raise UsageError(f"{name} cannot be turned into JSON: {first}. {remedy}") from error
    if not adapter.pydantic_complete:
        raise UsageError(f"{name} refers to a type that is not defined yet: define that one first")
    schema: Json = adapter.core_schema
    if goes_once(schema):
        raise UsageError(f"{name} has an Iterable in it, which can be gone through only once: use `list[…]`")
    return TypeCodec(adapter, name, free)
