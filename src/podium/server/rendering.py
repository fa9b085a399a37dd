"""HTML from templates, and the headers it is sent with: no script, nothing from elsewhere, kept nowhere."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from fastapi.responses import HTMLResponse

from podium import lazy

if TYPE_CHECKING:
    import jinja2
else:
    jinja2 = lazy.module("jinja2")

_TEMPLATES = "templates"


@cache
def _templates() -> "jinja2.Environment":
    return jinja2.Environment(
        loader=jinja2.PackageLoader("podium.server.pages", _TEMPLATES), autoescape=True,
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


@cache
def _template(name: str) -> "jinja2.Template":
    return _templates().get_template(name)


@cache
def _style() -> str:
    loader = _templates().loader
    assert loader is not None
    return loader.get_source(_templates(), "style.css")[0]


@cache
def _headers() -> dict[str, str]:
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    policy = (
        "default-src 'none'", f"style-src 'sha256-{digest}'", "img-src data:", "form-action 'self'", "base-uri 'none'",
        "frame-ancestors 'none'",
    )  # fmt: skip
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow, noarchive",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def html(name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page from a template of `pages`; whatever is put into it is escaped."""
    return HTMLResponse(_template(name).render(style=_style(), **values), status, _headers())
