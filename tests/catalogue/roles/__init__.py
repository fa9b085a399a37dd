"""Every role of every pattern, to be filled by a member of each shape."""

from collections.abc import Sequence

from tests.catalogue.roles.of_flows import FLOWS
from tests.catalogue.roles.of_teams import TEAMS
from tests.catalogue.roles.role import RoleEntry

ROLES: Sequence[RoleEntry] = (*FLOWS, *TEAMS)
