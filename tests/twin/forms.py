"""What can be filled in on a page, as a browser without script would see it."""

from html.parser import HTMLParser


class Forms(HTMLParser):
    """The forms of a page: by id, their fields with what stands in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("id", "")
            self.found[self._inside] = {}
        elif tag in ("input", "select") and "name" in given:
            self.found[self._inside][given["name"]] = given.get("value", "")
