"""What one test has to be masked, no other one finds masked."""

import pytest

from podium.secrets.masking import MASKING


@pytest.mark.parametrize("secret", ["password", "elsewhere"])
def test_no_test_knows_the_secrets_of_another_one(secret: str) -> None:
    assert not MASKING.active
    MASKING.learn(secret, "of a test")
    assert MASKING.text(f"I forgot my {secret}") == "I forgot my ***"
