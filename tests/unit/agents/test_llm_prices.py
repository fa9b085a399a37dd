"""What a model request costs."""

import pytest

from podium.agents.prices import price
from podium.model.outcome import Usage
from podium.model.prices import Rate

MILLION = Usage(input_tokens=1_000_000, output_tokens=1_000_000)


@pytest.mark.parametrize("model", ["openai:gpt-4o", "gpt-4o"])
def test_a_known_model_has_the_price_of_the_list(model: str) -> None:
    assert price(model, MILLION) == pytest.approx(12.5)


def test_an_unknown_model_has_no_price() -> None:
    assert price("own:model", MILLION) is None


def test_no_model_has_no_price() -> None:
    assert price("", MILLION) is None


def test_a_rate_of_your_own_goes_first() -> None:
    assert price("openai:gpt-4o", MILLION, rates={"gpt-4o": Rate(input=1.0, output=2.0)}) == 3.0


def test_the_rate_with_the_provider_goes_before_the_one_without() -> None:
    rates = {"gpt-4o": Rate(input=1.0, output=2.0), "openai:gpt-4o": Rate(input=0.0, output=0.0)}
    assert price("openai:gpt-4o", MILLION, rates=rates) == 0.0


def test_tokens_from_the_cache_are_cheaper() -> None:
    whole, half = price("openai:gpt-4o", MILLION), price("openai:gpt-4o", MILLION, cached=500_000)
    assert whole is not None
    assert half is not None
    assert half < whole


def test_a_model_whose_name_has_a_colon_is_found_by_its_whole_name() -> None:
    assert price("localhost:qwen3:8b", MILLION, rates={"qwen3:8b": Rate(input=1.0, output=1.0)}) == 2.0
