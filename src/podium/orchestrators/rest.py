"""The REST interface of another system, asked over HTTP. Needs the extra `podium[http]`."""

from collections.abc import Mapping

import httpx

from podium.agents.http_service import MAX_ANSWER, Endpoint, HttpService
from podium.errors import UsageError
from podium.model.expected import TEXT, TEXTS, or_none
from podium.orchestrators.job import JobOptions


class RestOptions(JobOptions, total=False):
    """How a job is started and waited for in a system with a REST interface."""

    headers: Mapping[str, str]
    """Sent with each request; a value may be or end in a reference to a secret: `"Bearer env:TOKEN"`."""


def rest(what: str, url: str, headers: Mapping[str, str] | None) -> HttpService:
    """Return what asks the interface at a url; raises UsageError for one that is none."""
    TEXT.check(f"the url of the {what}", url)
    or_none(TEXTS).check(f"headers of the {what}", headers)
    if httpx.URL(url).scheme not in ("http", "https"):
        raise UsageError(f"the url of the {what} must begin with http:// or https://, not {url!r}")
    endpoint = Endpoint(name=what, url=url.rstrip("/"), method="GET", headers=headers or {}, max_answer=MAX_ANSWER)
    return HttpService(endpoint)
