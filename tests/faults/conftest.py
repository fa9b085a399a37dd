"""The stores that the processes of a test share."""

import pytest

from tests.faults.stores import Shared, in_files, share
from tests.postgres import PostgresServer

STORES = ("file", pytest.param("postgresql", marks=pytest.mark.kill))


@pytest.fixture(params=STORES)
def shared(request: pytest.FixtureRequest) -> Shared:
    """Return what has those who work in a folder share a store: in a file, or with the long tests on PostgreSQL too."""
    if request.param == "file":
        return in_files
    server: PostgresServer = request.getfixturevalue("postgres")
    return lambda folder: share(folder, server.address())
