"""From the settings to the judge. Cedar is an extra: it is needed only with a policy file."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from podium.dispatch.rules.policy.default_judge import DefaultJudge
from podium.dispatch.rules.policy.request import Judge
from podium.errors import ConfigError
from podium.model.agent import Card
from podium.model.clock import Clock
from podium.model.policy import PolicySettings

_MISSING = 'policies need Cedar, which is an extra: pip install "podium[policy]"'


def load_judge(
    settings: PolicySettings, *, cards: Callable[[str], Card | None], trust: Callable[[str, str], int], clock: Clock
) -> Judge:
    """Return who decides; raises ConfigError where the file is missing or wrong, or Cedar is not installed."""
    if settings.file is None:
        return DefaultJudge(settings.ask)
    text = _read(settings.file)
    try:
        from podium.dispatch.rules.policy.cedar import CedarRules  # an extra, and 5 MB that few need
        from podium.dispatch.rules.policy.checking import require_groups
        from podium.dispatch.rules.policy.entities import EntityBuilder
        from podium.dispatch.rules.policy.judge import CedarJudge
    except ImportError as error:
        raise ConfigError(_MISSING) from error
    rules = CedarRules(text, settings.file, dangerous=settings.ask)
    require_groups(rules, settings.groups)
    cast = EntityBuilder(cards=cards, trust=trust, groups=settings.groups)
    return CedarJudge(rules, cast, clock)


def checked_rows(
    settings: PolicySettings, cards: Sequence[Card] | None, outside: Collection[str]
) -> Sequence[Mapping[str, str]]:
    """Return the rules of a file as `podium policy check` shows them; raises ConfigError where they are wrong.

    They are held against the agents whose cards are given, and the agents `outside` that may act for somebody.
    """
    assert settings.file is not None  # the caller has checked it
    text = _read(settings.file)
    try:
        from podium.dispatch.rules.policy.cedar import CedarRules  # as above
        from podium.dispatch.rules.policy.checking import mistakes_about, require_groups
    except ImportError as error:
        raise ConfigError(_MISSING) from error
    rules = CedarRules(text, settings.file, dangerous=settings.ask)
    require_groups(rules, settings.groups)
    if cards is not None and (wrong := mistakes_about(rules, cards, outside)):
        raise ConfigError("\n".join(wrong))
    return [
        {
            "line": "built in" if rule.built_in else str(rule.line), "rule": rule.id, "effect": rule.effect,
            "asks": rule.ask or "",
        }
        for rule in rules.rules.values()
    ]  # fmt: skip


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"policy.file names {file}, which cannot be read: {error}") from error
