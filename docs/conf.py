"""The documentation's configuration; pages about rules are made from the cards when it is built."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import pages  # noqa: E402

from wsgicheck import __version__  # noqa: E402

project = "wsgicheck"
author = "The wsgicheck developers"
copyright = "2026, the wsgicheck developers"
version = release = __version__

extensions = ["myst_parser"]
myst_enable_extensions = ["attrs_inline", "colon_fence"]
myst_heading_anchors = 4
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "wsgicheck"
html_static_path = ["static"]
html_css_files = ["rules.css"]
html_copy_source = False
nitpicky = True


def setup(app):
    """Write the generated pages before anything is read."""
    app.connect("builder-inited", lambda app: pages.write(HERE / "generated"))
