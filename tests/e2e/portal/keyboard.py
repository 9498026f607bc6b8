"""Somebody at the portal with a keyboard and no mouse."""

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Locator, Page

from tests.e2e.portal.conftest import Visitor

_LONGEST_WAY = 300
"""Keys that somebody presses at most to reach something."""

_WAY = """target => {
  const here = document.activeElement;
  if (here === target) return "";
  const isBefore = here.compareDocumentPosition(target) & Node.DOCUMENT_POSITION_PRECEDING;
  return isBefore ? "Shift+Tab" : "Tab";
}"""
"""The key that leads nearer to an element; none where the focus is there."""

_HAS_FOCUS = "document.activeElement !== document.body"

_LOOKS = """target => {
  const style = getComputedStyle(target);
  return ["outline", "boxShadow", "borderColor", "backgroundColor", "color", "textDecoration"]
    .map(name => style[name]).join();
}"""
"""How an element looks, as far as the focus may change it."""

_IS_SEEN = """target => {
  const box = target.getClientRects()[0];
  const [x, y] = [box.left + box.width / 2, box.top + Math.min(box.height / 2, 16)];
  return target.contains(document.elementFromPoint(x, y));
}"""
"""Whether the first line of an element is in the window, and nothing is before it.

A browser shows no more of a tall field than the line where one begins to write.
"""

_PLACES = """(field, value) => [
  [...field.options].findIndex(one => one.value === value), field.selectedIndex
]"""

_CHOSEN = """box => {
  if (box.type !== "radio") return "";
  const chosen = box.form.querySelector(`[name="${box.name}"]:checked`);
  return chosen ? `[name="${box.name}"][value="${chosen.value}"]` : "";
}"""
"""Of a button of several, which of them is chosen: Tab comes to no other one."""

_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Keyboard(Visitor):
    """A visitor who reaches by Tab whatever is used, and sees the focus there.

    No page that it comes to is wider than its window, nor with a part of it opened.
    """

    def go(self, path: str) -> Page:
        """Open a page by its address."""
        super().go(path)
        return self._fitting()

    def press(self, selector: str) -> Page:
        """Press Enter on a button or a link, and wait for the page that it leads to."""
        self._reach(selector)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        return self._fitting()

    def open(self, selector: str) -> None:
        """Open a closed part of the page by its heading."""
        heading = self._reach(selector)
        self.page.keyboard.press("Enter")
        assert heading.evaluate("heading => heading.parentElement.open"), f"{selector} is closed"
        self._fitting()

    def fill(self, selector: str, text: str) -> None:
        """Write into a field in place of what it holds."""
        field = self._reach(selector)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)
        assert field.input_value() == text

    def choose(self, selector: str, value: str) -> None:
        """Go up or down in a list to one of its lines."""
        field = self._reach(selector)
        wanted_place, at = field.evaluate(_PLACES, value)
        for _ in range(abs(wanted_place - at)):
            self.page.keyboard.press("ArrowDown" if wanted_place > at else "ArrowUp")
        assert field.input_value() == value

    def check(self, selector: str) -> None:
        """Tick a box, or a button of several, to which arrows lead from the one that is chosen."""
        box = self.page.locator(selector).first
        chosen = box.evaluate(_CHOSEN)
        self._reach(chosen or selector)
        self.page.keyboard.press("ArrowDown" if chosen else "Space")
        while chosen and not box.is_checked():
            self.page.keyboard.press("ArrowDown")
        assert box.is_checked()

    def save(self, selector: str) -> Path:
        """Save what a link leads to; the file."""
        self._reach(selector)
        with self.page.expect_download() as saved:
            self.page.keyboard.press("Enter")
        return Path(saved.value.path())

    def _reach(self, selector: str) -> Locator:
        """The element, once the focus was moved there and is seen."""
        if not self.page.evaluate(_HAS_FOCUS):
            self._skip_menu()
        element = self.page.locator(selector).first
        # It is asked at each key: a handle need not be looked for again.
        target = element.element_handle()
        looked, keys = target.evaluate(_LOOKS), 0
        while key := target.evaluate(_WAY):
            assert keys < _LONGEST_WAY, f"{selector} of {self.page.url} is not reached by Tab"
            self.page.keyboard.press(key)
            keys += 1
        assert target.evaluate(_IS_SEEN), f"{selector} of {self.page.url} is out of sight"
        assert not keys or target.evaluate(_LOOKS) != looked, f"{selector}: the focus is not seen"
        return element

    def _skip_menu(self) -> None:
        """Go to what a page is about, by its first link; an address may lead there already."""
        if self.page.evaluate("document.querySelector(':target') !== null"):
            return
        self.page.keyboard.press("Tab")
        self.page.keyboard.press("Enter")
        assert self.page.evaluate("document.activeElement.id") == "contenu"

    def _fitting(self) -> Page:
        wide = self.page.evaluate(_TOO_WIDE)
        assert wide <= 0, f"{self.page.url} is {wide} px wider than the window"
        return self.page
