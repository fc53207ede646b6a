"""A page opened in headless Chromium: what it logs, requests and shows, and what axe-core finds wrong."""

import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OWN_HOSTS = re.compile(r"https?://[^/]*\b(googleapis|google|gvt1|gstatic)\.com[:/]")  # of the browser itself
AXE = """<script>
axe.run().then(found => {
  const texts = found.violations.flatMap(each => each.nodes.map(node => each.id + ": " + node.target + ": " + node.failureSummary));
  document.documentElement.dataset.axe = JSON.stringify(texts);
});
</script>"""


@dataclass
class Page:
    """messages: of the console; requests: URLs; violations: of axe-core's rules; links: targets; images: their attributes."""

    messages: list[str]
    requests: set[str]
    violations: list[str]
    links: list[str]
    ids: set[str]
    images: list[dict[str, str | None]]


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.images: list[dict[str, str | None]] = []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "a":
            self.links.append(found.get("href") or "")
        if tag == "img":
            self.images.append(found)
        self.ids.add(found.get("id") or "")


def opened(page: Path, profile: Path, *options: str) -> Page:
    """The page after its scripts ran, in a browser that resolves no host. profile: a folder for the browser's files."""
    axe = Path(find_spec("axe_core_python").submodule_search_locations[0]) / "axe.min.js"
    with_axe = page.with_name(f"axe-{page.name}")
    script = f"<script>{axe.read_text(encoding='utf-8')}</script>{AXE}"
    with_axe.write_text(page.read_text(encoding="utf-8").replace("</body>", f"{script}</body>"), encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", "--enable-logging=stderr", *options]
    command += ["--virtual-time-budget=20000", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"]
    command += [f"--user-data-dir={profile}", f"--log-net-log={profile / 'net.json'}", f"file://{with_axe}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    elements = _Elements()
    elements.feed(done.stdout)
    found = re.search(r'data-axe="([^"]*)"', done.stdout[:1_000_000])
    assert found, f"axe-core did not finish: {done.stderr[-2000:]}"
    urls = set(re.findall(r'"url":"(https?://[^"]*)"', (profile / "net.json").read_text(errors="replace")))
    return Page(
        re.findall(r"CONSOLE.*", done.stderr),
        {url for url in urls if not OWN_HOSTS.match(url)},
        json.loads(html.unescape(found[1])),
        elements.links,
        elements.ids,
        elements.images,
    )


def broken(page: Page, folder: Path) -> list[str]:
    """The links of a page in this folder that lead nowhere."""
    return [
        link
        for link in page.links
        if (link[1:] not in page.ids if link.startswith("#") else not link or not (folder / link.split("#")[0]).exists())
    ]
