"""Who is told, and where, that questions wait for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from podium.model.duration import FINITE, PAUSE, Seconds, hold_seconds
from podium.model.expected import NAME, Expected, are_names, check_fields, each, instance
from podium.model.person import folded
from podium.model.principal import INSTALLATION

_OWN = ("default", INSTALLATION)
"""The tenants whose people stand at the top of the settings."""


def _are_addresses(value: object) -> bool:
    return are_names(value) and all(map(NAME.fits, value))


_ADDRESSES = Expected('addresses, or references to them, such as ["env:ANN_MAIL"]', _are_addresses)
_TO = each(_ADDRESSES, 'addresses by person or group, such as {"ann": ["env:ANN_MAIL"]}')


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantRecipients:
    """Who of one tenant is told where: `[podium.notify.tenants.NAME]`."""

    to: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """By person, group or role, the addresses of apprise, each as a reference (`env:NAME`) or as it is."""
    default: Sequence[str] = ()
    """Where it is said what is put to somebody else. There is no link in it: nobody knows who reads it."""

    def __post_init__(self) -> None:
        check_fields(self, {"to": _TO, "default": _ADDRESSES})


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifySettings:
    """`[podium.notify]`: who is told where that questions wait for them, and how often."""

    to: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    """By person, group or role, the addresses of apprise, each as a reference (`env:NAME`) or as it is."""
    default: Sequence[str] = ()
    """Where it is said what is put to somebody else. There is no link in it: nobody knows who reads it."""
    tenants: Mapping[str, TenantRecipients] = field(default_factory=dict[str, TenantRecipients])
    """The same for other tenants than `default`, by name."""
    digest: Seconds = Seconds(30.0)
    """Seconds that a message waits for other questions to the same people, which it tells of too."""
    before: Seconds = Seconds(3_600.0)
    """Seconds before the deadline of an open question at which people are told again; 0 tells them not."""
    every: Seconds = Seconds(5.0)
    """Seconds between two looks for what is to be sent."""

    def __post_init__(self) -> None:
        hold_seconds(self, PAUSE, "digest", "before")
        hold_seconds(self, FINITE, "every")
        tenants = each(instance(TenantRecipients, "TenantRecipients()"), "recipients by the name of their tenant")
        check_fields(self, {"to": _TO, "default": _ADDRESSES, "tenants": tenants})

    def of(self, tenant: str) -> TenantRecipients:
        """Return who of a tenant is told where."""
        if tenant in _OWN and tenant not in self.tenants:
            return TenantRecipients(to=self.to, default=self.default)
        return self.tenants.get(tenant, TenantRecipients())

    def addresses(self) -> Mapping[str, Sequence[str]]:
        """Return all addresses, by where they stand in the settings."""
        found: dict[str, Sequence[str]] = {"notify.default": self.default}
        found |= {f"notify.to.{name}": each for name, each in self.to.items()}
        for tenant, told in self.tenants.items():
            found[f"notify.tenants.{tenant}.default"] = told.default
            found |= {f"notify.tenants.{tenant}.to.{name}": each for name, each in told.to.items()}
        return found


def recipient_named(recipients: TenantRecipients, name: str) -> str | None:
    """Return how a person or group is called in the settings; None where they do not stand there."""
    return next((each for each in recipients.to if folded(each) == folded(name)), None)
