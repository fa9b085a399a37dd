"""Which body of a built-in pattern a run goes on with: the one that it was begun with."""

from podium.engine.context import Context


def begun_with(ctx: Context, version: int) -> bool:
    """Whether the run was begun with this version of the built-in patterns, or with a later one.

    Where the body of a pattern asks for other things than it did in a release, it asks so where this is true, and as
    it did where it is not: what is recorded is asked for again. The version stands in the fact with which a run, or a
    generation of it, begins, so nothing more is recorded; `podium.model.run` says which versions there are.
    """
    return ctx.patterns_version >= version
