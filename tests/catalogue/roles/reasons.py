"""Why a pattern differs from the others where a member does not do what it should."""

from collections.abc import Mapping

ALIKE: tuple[Mapping[str, str], ...] = (
    {
        "answers badly once": "asked again", "fails": "fails", "fails once, with a retry": "asked again",
        "says no": "fails", "is denied by a policy": "fails", "a person says no": "fails",
    },
    {
        "answers badly once": "any answer will do", "answers badly always": "any answer will do", "fails": "fails",
        "fails once, with a retry": "asked again", "says no": "fails", "is denied by a policy": "fails",
        "a person says no": "fails",
    },
)  # fmt: skip
"""How it is in most roles: in those that decide or judge, and in those whose answer is taken as it is."""

_FORBIDDEN = "nobody else does it in its place where that is forbidden"
_ABSENT = "several do the same: one that is missing does not count"

REASONS: Mapping[str, str] = {
    "cascade_confident": "an answer of which nobody says that it can be trusted is not trusted: the next tier is asked",
    "cascade_tier": f"the next tier is there for that; {_FORBIDDEN}",
    "debate_debater": "a vote that names nobody is an abstention",
    "ensemble_contestant": _ABSENT,
    "magentic_worker": f"the orchestrator reads of it, and goes on otherwise; {_FORBIDDEN}",
    "plan_execute_worker": "it is tried again, then planned again; in the end no replan is left",
    "plan_execute_worker_with_an_alternative": f"its alternatives are there for that; {_FORBIDDEN}",
    "race_agent": "the others go on; here none is left",
    "race_agent_beside_another": "the others go on; a retry takes time, in which another one wins",
    "route_classifier": "an unknown key leads to `otherwise`",
    "saga_undo": "what is not undone is named in the reason of the run",
    "saga_undo_of_a_text": "what is not undone is named in the reason of the run",
    "supervisor_worker": f"the manager reads of it, and goes on otherwise; {_FORBIDDEN}",
    "task_force_member": "whoever may not be called is not recruited; here nobody else offers what is needed",
    "vote_voter": f"{_ABSENT}; so is a vote for what is none of the options",
    "vote_voter_without_options": _ABSENT,
}
"""By the id of a role."""
