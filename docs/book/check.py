"""Every link of a built book leads to a file that is there, and to a place that is in it: check.py FOLDER."""

import pathlib
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urldefrag, urlsplit


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.places = [], set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.places.add(attributes.get("id"))
        self.links += [attributes[name] for name in ("href", "src") if attributes.get(name)]


folder = pathlib.Path(sys.argv[1]).resolve()
# That of all pages at once, and that of none, have their own ways.
pages = {path: Page(path) for path in folder.rglob("*.html") if path.name not in ("print.html", "404.html", "toc.html")}
wrong = []
for path, page in pages.items():
    for link in page.links:
        address, place = urldefrag(link)
        if urlsplit(address).scheme:
            continue
        target = (path.parent / unquote(address)).resolve() if address else path
        if not target.is_file() or (place and target in pages and unquote(place) not in pages[target].places):
            wrong.append(f"{path.relative_to(folder)}: {link}")
if wrong or not pages:
    sys.exit("these links of the book lead nowhere:\n" + "\n".join(wrong))
