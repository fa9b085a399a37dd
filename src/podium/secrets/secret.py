"""A secret as code holds it: its reference, and the value only when asked for."""

from typing import TYPE_CHECKING, Any, Never

from podium import lazy
from podium.errors import ConfigError, UsageError
from podium.secrets.masking import MASK
from podium.secrets.reference import FORMS, PATTERN, is_reference, resolve

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import core_schema
else:
    core_schema = lazy.module("pydantic_core.core_schema")

_known: set[str] = set()
"""References that the program itself names, in its code or settings."""


class Secret:
    """A secret by reference: `Secret("env:API_KEY").reveal()` is the text, looked up at that moment and masked.

    As JSON it is its reference, so an agent may take one: the call, and what is recorded of it, has that alone.
    Printed it is `***`. One that came in as data is revealed only if the program names the same reference, in its code
    or under `[podium.secrets]`: whoever may start a run is not to choose which files and variables are read.
    """

    __slots__ = ("reference",)

    def __init__(self, reference: str) -> None:
        if not is_reference(reference):
            raise UsageError(f"{reference!r} is no reference to a secret: expected {FORMS}")
        _known.add(reference)
        self.reference = reference

    def reveal(self) -> str:
        """Return the secret itself; raises ConfigError where the reference leads nowhere, or nobody named it."""
        if self.reference not in _known:
            raise ConfigError(
                f"{self.reference} came with the input, and is not among the secrets of this program: "
                "name it under `known` in [podium.secrets] if it may be used"
            )
        return resolve(self.reference)

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reference == self.reference

    def __hash__(self) -> int:
        return hash(self.reference)

    def __reduce__(self) -> Never:
        raise UsageError("a Secret is not pickled: hand its reference on")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: "GetCoreSchemaHandler") -> "core_schema.CoreSchema":
        return core_schema.no_info_plain_validator_function(
            _given,
            serialization=core_schema.plain_serializer_function_ser_schema(_reference_of, when_used="always"),
            json_schema_input_schema=core_schema.str_schema(pattern=f"^{PATTERN}$"),
        )


def name(references: tuple[str, ...]) -> None:
    """Let data refer to secrets that the settings name."""
    _known.update(references)


def _given(value: object) -> Secret:
    """Return the Secret that data refers to; it may be revealed if the program names it too."""
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str) or not is_reference(value):
        raise ValueError(f"expected a reference to a secret: {FORMS}")
    secret = Secret.__new__(Secret)
    secret.reference = value
    return secret


def _reference_of(secret: Secret) -> str:
    return secret.reference
