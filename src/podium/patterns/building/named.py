"""Members that are known by name only: who they are shows in a run."""

from collections.abc import Mapping

from podium.engine.context import Context
from podium.patterns.building.members import Member
from podium.patterns.building.pinning import begun_with


def filled_by(ctx: Context, member: Member) -> Member:
    """Return the agent that the next call of a member goes to: of a name the registered one, or that where none is.

    So a name is handed what the agent itself would be. In runs that an older release began a name stays one.
    """
    if not isinstance(member, str) or not begun_with(ctx, 2):
        return member
    return ctx.agent(member) or member


async def described(ctx: Context, able: Mapping[str, str], members: Mapping[str, Member]) -> dict[str, str]:
    """Return what members say of themselves, those too that are known by name; looked up once, so it is recorded.

    `able` is what those say that are agents. In runs that an older release began names say nothing.
    """
    names = [each for who, each in members.items() if isinstance(each, str) and not able[who]]
    if not names or not begun_with(ctx, 2):
        return dict(able)
    found = {card.name: card.description for card in await ctx.cards(*names)}
    return {who: said or found.get(str(members[who]), "") for who, said in able.items()}
