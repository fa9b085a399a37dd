"""The page of a one-time link in a real Chromium: on a phone, by keyboard, without JavaScript, with axe."""

import asyncio
import json
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from pydantic import BaseModel, Field

from podium import App, Approval, Context, agent, workflow
from podium.facade.handle import AnyHandle
from podium.model.link import LinkSettings
from podium.server.application import application
from podium.server.running import listen, served
from tests.unit.server.conftest import KnownByName

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: scripts/install_system_tools installs it"),
]
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (320, 375)
DOT = "data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs="
LETTER = "Dear Ms Keller,\n\nyour order 4711 ships on Monday.\n\nYours\nThe desk"


@agent
async def look_up(order: int) -> str:
    return f"order {order} is packed"


@workflow
async def letters(ctx: Context, letter: str) -> Any:
    await ctx.call(look_up, 4711)
    while True:
        decision = await ctx.ask(
            Approval("Send this letter to Ms Keller?", letter, edit=str, questions=True), to="desk", within=86_400
        )
        if decision.question:
            letter = letter.replace("Monday", "Tuesday morning")
            continue
        return [decision.approved, decision.comment, decision.value, list(decision.by)]


@workflow
async def reports(ctx: Context, report: dict[str, str]) -> bool:
    return (await ctx.ask(Approval("Publish this?", report), to="desk")).approved


class Refund(BaseModel):
    """What is paid back."""

    amount: float = Field(gt=0, le=500, description="In dollars, at most 500.")
    reason: Literal["damaged", "late", "wrong article"]
    tell_customer: bool
    note: str = ""


@workflow
async def refunds(ctx: Context) -> Any:
    return (await ctx.ask("How much is paid back?", answer=Refund, to="desk")).model_dump()


class Desk:
    """A server with a browser in front of it."""

    def __init__(self, app: App, browser: Browser) -> None:
        self.app, self.browser = app, browser

    async def link(self, asks: Any, given: Any = None) -> tuple[AnyHandle, str]:
        handle = await self.app.start(asks, given)
        return handle, await self.next_link(handle)

    async def next_link(self, handle: AnyHandle) -> str:
        while not (found := await self.app.inbox.list(run=handle.id)).items:
            await asyncio.sleep(0.01)
        return await self.app.inbox.link(found.items[0].id, for_="ann")

    async def page(self, url: str, *, width: int = 375, script: bool = False, dark: bool = False) -> Page:
        scheme: Literal["dark", "light"] = "dark" if dark else "light"
        context = await self.browser.new_context(
            viewport={"width": width, "height": 740}, java_script_enabled=script, color_scheme=scheme
        )
        page = await context.new_page()
        await page.goto(url)
        return page


@asynccontextmanager
async def desk(store: Path) -> AsyncGenerator[Desk]:
    with listen("127.0.0.1", 0) as listening:
        links = LinkSettings(url=f"http://127.0.0.1:{listening.getsockname()[1]}")
        async with (
            App.open(store, agents=[letters, reports, refunds, look_up], links=links) as app,
            served(application(app, KnownByName()), listening),
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            try:
                yield Desk(app, browser)
            finally:
                await browser.close()


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_letter_is_approved_on_a_phone(tmp_store: Path, width: int) -> None:
    async with desk(tmp_store) as at:
        handle, url = await at.link(letters, LETTER)
        page = await at.page(url, width=width)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Send this letter to Ms Keller?")
        await expect(
            page.get_by_role("region", name="What it is about").get_by_text("your order 4711 ships")
        ).to_be_visible()
        await must_fit(page, width)
        await page.get_by_role("button", name="Approve", exact=True).click()
        await expect(page.get_by_text("This question is answered: by ann.")).to_be_visible()
        assert await handle.result() == [True, "", None, ["ann"]]
        await page.reload()
        await expect(page.get_by_role("button")).to_have_count(0)
        await page.go_back()
        assert (await at.app.inbox.list(state=None)).items[0].answered_by == ("ann",)


async def test_a_button_that_is_pressed_twice_answers_once_and_going_back_shows_the_answer(tmp_store: Path) -> None:
    async with desk(tmp_store) as at:
        handle, url = await at.link(letters, LETTER)
        page = await at.page(url)
        before = await at.page(url)
        await page.get_by_role("button", name="Approve", exact=True).dblclick()
        await expect(page.get_by_text("This question is answered: by ann.")).to_be_visible()
        await expect(page.get_by_role("alert")).to_have_count(0)
        assert await handle.result() == [True, "", None, ["ann"]]
        await page.goto("about:blank")
        await page.go_back()
        await expect(page.get_by_text("This question is answered: by ann.")).to_be_visible()
        await expect(page.get_by_role("button")).to_have_count(0)
        await before.locator("summary", has_text="Refuse").click()
        await before.get_by_role("button", name="Refuse").click()
        await expect(before.get_by_role("alert")).to_have_text(
            "What you sent now was not taken: you have answered before."
        )
        (question,) = (await at.app.inbox.list(state=None)).items
        assert question.answered_by == ("ann",)


async def test_a_letter_is_refused_with_a_reason(tmp_store: Path) -> None:
    async with desk(tmp_store) as at:
        handle, url = await at.link(letters, LETTER)
        page = await at.page(url)
        await page.locator("summary", has_text="Refuse").click()
        await page.get_by_label("Reason").fill("Monday is a holiday.")
        await page.get_by_role("button", name="Refuse").click()
        await expect(page.get_by_text("Monday is a holiday.")).to_be_visible()
        assert await handle.result() == [False, "Monday is a holiday.", None, ["ann"]]


async def test_a_letter_is_edited_and_what_was_changed_is_shown(tmp_store: Path) -> None:
    async with desk(tmp_store) as at:
        handle, url = await at.link(letters, LETTER)
        page = await at.page(url)
        await page.locator("summary", has_text="Change it, and approve").click()
        await page.get_by_label("Approved instead").fill(LETTER.replace("Monday", "Tuesday"))
        await page.get_by_role("button", name="Approve with these changes").click()
        await expect(page.locator("ins", has_text="Tuesday")).to_be_visible()
        assert await handle.result() == [True, "", LETTER.replace("Monday", "Tuesday"), ["ann"]]


async def test_a_question_back_leads_to_another_draft_whose_changes_are_shown(tmp_store: Path) -> None:
    async with desk(tmp_store) as at:
        handle, url = await at.link(letters, LETTER)
        page = await at.page(url)
        await page.locator("summary", has_text="Ask back first").click()
        await page.get_by_role("button", name="Ask back").click()
        await expect(page.get_by_text("Fill this in.")).to_be_visible()
        await page.get_by_label("Your question").fill("Is Monday right?")
        await page.get_by_role("button", name="Ask back").click()
        await expect(page.get_by_text("Is Monday right?")).to_be_visible()
        page = await at.page(await at.next_link(handle))
        await expect(page.locator("del", has_text="Monday")).to_be_visible()
        await expect(page.locator("ins", has_text="Tuesday morning")).to_be_visible()


async def test_a_form_is_filled_in_by_keyboard_alone(tmp_store: Path) -> None:
    async with desk(tmp_store) as at:
        handle, url = await at.link(refunds)
        page = await at.page(url)
        await tab_to(page, "answer/amount")
        await page.keyboard.type("700")
        await tab_to(page, "answer/reason")
        await page.keyboard.press("ArrowDown")
        await tab_to(page, "answer/tell_customer")
        await page.keyboard.press("Space")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Give 500 or less.")).to_be_visible()
        field = page.locator("input[name='answer/amount']")
        await expect(field).to_have_value("700")
        await expect(field).to_have_attribute("aria-invalid", "true")
        await tab_to(page, "answer/amount")
        await page.keyboard.press("Control+A")
        await page.keyboard.type("12.50")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("This question is answered: by ann.")).to_be_visible()
        answered = await handle.result()
        assert answered == {"amount": 12.5, "reason": "late", "tell_customer": True, "note": ""}


async def test_a_long_draft_leads_to_the_answer_with_one_touch(tmp_store: Path) -> None:
    async with desk(tmp_store) as at:
        _, url = await at.link(letters, LETTER * 40)
        page = await at.page(url, width=320)
        approve = page.get_by_role("button", name="Approve", exact=True)
        await expect(approve).not_to_be_in_viewport()
        await page.get_by_role("link", name="Go to your answer").click()
        await expect(approve).to_be_in_viewport()


async def test_tables_code_and_pictures_are_shown_as_such_and_fit(tmp_store: Path) -> None:
    async with desk(tmp_store) as at:
        wide = " | ".join(["a long heading"] * 9)
        text = f"{wide}\n{'|---' * 9}|\n| 1 |\n```python\n{'x = 1; ' * 40}\n```\nשלם"
        _, url = await at.link(reports, {"report": text, "picture": DOT})
        page = await at.page(url, width=320, script=True)
        await expect(page.get_by_role("region", name="Table").get_by_role("columnheader")).to_have_count(9)
        await expect(page.get_by_role("region", name="Code")).to_contain_text("x = 1;")
        assert await page.get_by_role("img").evaluate("image => image.naturalWidth") == 1
        assert await page.evaluate("document.documentElement.scrollWidth") == 320
        assert await violations(page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_nothing_keeps_people_from_using_the_page(tmp_store: Path, *, dark: bool) -> None:
    async with desk(tmp_store) as at:
        _, letter = await at.link(letters, LETTER)
        _, refund = await at.link(refunds)
        for url in (letter, refund, letter[:-3]):
            page = await at.page(url, script=True, dark=dark)
            await page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
            assert await violations(page) == []
            if url == refund:
                await page.get_by_role("button").click()
                assert await violations(page) == []


async def must_fit(page: Page, width: int) -> None:
    """Raise where one has to scroll sideways, or something to be touched is small."""
    boxes = await asyncio.gather(
        *[each.bounding_box() for each in await page.locator("button:visible, summary:visible, textarea:visible").all()]
    )
    assert boxes
    for box in boxes:
        assert box is not None
        assert box["height"] >= 44
        assert box["x"] + box["width"] <= width


async def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is in a field."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.locator(f"[name='{name}']:focus").count():
            return
    raise AssertionError(f"the keyboard does not lead to {name}")


async def violations(page: Page) -> list[str]:
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("axe.run()")
    return [f"{each['id']}: {json.dumps([node['html'] for node in each['nodes']])}" for each in found["violations"]]
