"""A content factory: from what people talk about to a published article, with a person where it matters.

podium run examples/content_factory/factory.py --input '"garden"'
"""

from podium import days
from podium.patterns import approve, gate, parallel, sequence
from staff.desk import brief, find_keywords, research, watch_trends
from staff.page import assemble, illustrate, keep_text, optimise
from staff.panel import is_ready, judge, review_finding, review_reading, review_sources
from staff.press import publish
from staff.text import check_facts, edit, write

factory = sequence(
    watch_trends,
    parallel(research, find_keywords, merge=brief),
    gate(check_facts, worker=write, fails="back", rounds=3, then="ask", to="editors"),
    edit,
    parallel(keep_text, optimise, illustrate, merge=assemble),
    parallel(review_reading, review_sources, review_finding, merge=judge),
    gate(is_ready, fails="ask", to="editors"),
    approve("editor-in-chief", text="Publish this?", within=days(2), default="reject"),
    publish,
    name="factory",
)
