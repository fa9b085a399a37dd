"""What a request counts as: what was told of it, or the most that it may have come to."""

from dataclasses import replace
from typing import NamedTuple

from podium.model.budget import MOST_COUNT, MOST_USD, Bound
from podium.model.outcome import Usage


class Payer(NamedTuple):
    """Whose spending something in a call is, where that is not the agent which was asked first."""

    by: str = ""
    """The name of a fallback, or of an agent that is asked beside the one of the call; empty is the one asked first."""
    beside: bool = False
    """Whether it is asked beside the agent of the call, as a judge or to summarize: its price is then apart."""


ASKED_FIRST = Payer()


class StepUsage(NamedTuple):
    """What a step used up, and who."""

    usage: Usage | None = None
    payer: Payer = ASKED_FIRST


NOTHING_USED = StepUsage()


def counted(usage: Usage | None, bound: Bound | None) -> Usage | None:
    """Return what a request counts as that was answered: in doubt, at its bound, where nobody told what it used.

    None where there is neither. A price without tokens tells enough, such as one by the picture. No tokens at all are
    no usage, unless it says as well that no model was asked and nothing is to be paid (`Usage(usd=0.0)`).
    """
    if bound is None:
        return usage
    if usage is None or not _tells(usage):
        return _most(usage or Usage(requests=1), bound)
    if usage.usd is None and bound.usd is not None:
        return replace(usage, usd=bound.usd, in_doubt=True)
    return usage


def is_price(usd: float) -> bool:
    """Whether a price can be one: finite, neither negative nor absurd."""
    return 0 <= usd <= MOST_USD


def is_count(tokens: int) -> bool:
    """Whether a number of tokens can be one."""
    return 0 <= tokens <= MOST_COUNT


def _tells(usage: Usage) -> bool:
    given, said, usd = usage.input_tokens, usage.output_tokens, usage.usd
    if not (is_count(given) and is_count(said) and is_count(given + said)) or not (usd is None or is_price(usd)):
        return False
    return bool(given or said or usd or (usd is not None and not usage.requests))


def _most(usage: Usage, bound: Bound) -> Usage:
    usd = usage.usd if bound.usd is None and usage.usd is not None and is_price(usage.usd) else bound.usd
    return replace(
        usage, input_tokens=bound.input_tokens, output_tokens=bound.output_tokens, usd=usd,
        requests=max(1, usage.requests), in_doubt=True,
    )  # fmt: skip
