"""The documentation builds without a warning, and every link inside it leads somewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

DOCS = Path(__file__).parents[2] / "docs"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built from a copy, since a build writes generated pages beside its sources."""
    root = tmp_path_factory.mktemp("docs")
    shutil.copytree(DOCS, root / "docs", ignore=shutil.ignore_patterns("generated", "_build"))
    (root / "fixtures").symlink_to(DOCS.parent / "fixtures")
    told = subprocess.run([sys.executable, "-m", "sphinx", "-q", "-n", "-W", "--keep-going", "-b", "html",
                           str(root / "docs"), str(root / "site")], capture_output=True, text=True, timeout=1200)
    assert told.returncode == 0, told.stderr[-4000:]
    return root / "site"


def test_every_link_inside_leads_somewhere(built: Path) -> None:
    anchors: dict[Path, set[str]] = {}
    pages = sorted(built.rglob("*.html"))
    assert len(pages) > 100

    def anchors_of(page: Path) -> set[str]:
        if page not in anchors:
            anchors[page] = set(re.findall(r'\bid="([^"]+)"', page.read_text(encoding="utf-8")))
        return anchors[page]

    broken = []
    for page in pages:
        for link in re.findall(r'<a\b[^>]*\bhref="([^"]+)"', page.read_text(encoding="utf-8")):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = unquote(link.replace("&amp;", "&")).partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.is_file() or (anchor and target.suffix == ".html" and anchor not in anchors_of(target)):
                broken.append(f"{page.relative_to(built)}: {link}")
    assert not broken, broken[:20]


def test_a_page_a_rule_and_the_rules_in_the_pep(built: Path) -> None:
    from wsgicheck.rules import every_card

    for card in every_card():
        assert list((built / "generated" / "rules").rglob(f"{card.id}.html")), card.id
    pep = (built / "generated" / "pep.html").read_text(encoding="utf-8")
    assert pep.count('class="judged"') > 100
    assert "chunks-are-bytes" in pep
