"""The mark from which a cache by meaning gives answers is the one that is chosen on labelled questions."""

from benchmarks.cache.__main__ import banking, chosen, figures, looked_up
from podium.agents.embedders import wordllama_embedder
from podium.model.cache import CacheByMeaning


async def test_the_mark_is_chosen_on_one_half_and_holds_on_the_other() -> None:
    near = CacheByMeaning(embed=wordllama_embedder())
    assert chosen(await looked_up(banking(0), near)) == near.above
    [stated] = [each for each in figures(await looked_up(banking(1), near)) if each.mark == near.above]
    assert (stated.hits, stated.wrong) == (123, 6)
    assert 0.07 < stated.found_share < 0.09
