"""Reviews the reader's own repository: several reviewers at once, a merge, a judge and a report.

Each reviewer is an agent, so what it found is recorded: killed in the middle and started again, the review runs no
tool again that had finished. One that is missing, crashes or takes too long leaves a gap, with the reason.
"""

from podium import Context, workflow
from podium.errors import CallFailed
from reviewing.finding import Checked
from reviewing.history import read_history
from reviewing.judge import Evidence, judge
from reviewing.linter import lint
from reviewing.merge import merge
from reviewing.project import Project, Review, open_project
from reviewing.report import Draft, write_report
from reviewing.security import check_security
from reviewing.suite import run_tests
from reviewing.type_checker import check_types

REVIEWERS = {each.card.name: each for each in (lint, check_types, check_security, run_tests, read_history)}


@workflow(version="1")
async def code_review(ctx: Context, request: Review) -> str:
    """Review a project and write a report."""
    project = await ctx.call(open_project, request)
    wanted = {name: each for name, each in REVIEWERS.items() if name not in request.skip}
    looks = [ctx.call(each, project, timeout=request.seconds) for each in wanted.values()]
    models = [] if project.model is None else [ctx.branch(ask_model, project, project.model)]
    answers = await ctx.gather(*looks, *models, return_exceptions=True)
    results = dict(zip([*wanted, "model"] if models else wanted, answers, strict=True))

    checked = {name: result for name, result in results.items() if isinstance(result, Checked)}
    partial = {name: reason(result) for name, result in results.items() if isinstance(result, Exception)}
    merged = await ctx.call(merge, [finding for each in checked.values() for finding in each.findings])
    hotness = checked["history"].hotness if "history" in checked else {}
    ranked = await ctx.call(judge, Evidence(findings=merged, hotness=hotness))
    draft = Draft(project=project, run=ctx.run_id, at=ctx.now(), checked=checked, partial=partial, ranked=ranked)
    return await ctx.call(write_report, draft)


async def ask_model(ctx: Context, project: Project, model: str) -> Checked:
    """Have a model read some files; one that it fails on is noted."""
    from reviewing.model import findings, pick_files, reviewer

    began = ctx.now()
    sources = await ctx.call(pick_files, project)
    reader = reviewer(model)
    reads = [ctx.call(reader, source, timeout=180.0) for source in sources]
    answers = list(zip(sources, await ctx.gather(*reads, return_exceptions=True), strict=True))
    failed = [(source, answer) for source, answer in answers if isinstance(answer, Exception)]
    if failed and len(failed) == len(answers):
        raise failed[0][1]
    found = [each for source, defects in answers if isinstance(defects, list) for each in findings(source, defects)]
    notes = [f"The model did not read `{source.file}`: {reason(error)}" for source, error in failed]
    return Checked(tool=model, seconds=round(ctx.now() - began, 2), findings=found, notes=notes)


def reason(error: Exception) -> str:
    """Return why a reviewer could not do its work: what the agent said, without where it stands in the run."""
    said = str(error)
    return said.partition(f"{error.type}: ")[2] or said if isinstance(error, CallFailed) else said
