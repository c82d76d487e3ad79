"""
The documentation's site: `make docs`.

Sphinx with MyST (Markdown) and Furo, because all three are kept well, and what they build asks nothing of the outside: no
font, script or style is loaded from elsewhere, and search works from the file system too. Reference pages are
written by `_ext/codes.py` from the catalogue, the grammar, the schema and the help; none of them is stored.
"""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pygments.lexer import RegexLexer, bygroups
from pygments.token import Generic

if TYPE_CHECKING:
    from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "tdexplain"
author = "tdexplain contributors"
copyright = "tdexplain contributors, MIT licence"  # noqa: A001 - Sphinx reads this name
release = version = version_of("tdparse")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "codes",
    "machine",
    "names",
]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_ext", "**/.ipynb_checkpoints"]
suppress_warnings = ["mystnb.unknown_mime_type"]

# ---------------------------------------------------------------- Markdown and notebooks

myst_enable_extensions = ["deflist", "fieldlist", "colon_fence", "attrs_inline"]
myst_heading_anchors = 4
myst_url_schemes = ["http", "https", "mailto"]
nb_execution_mode = "off"  # the outputs are stored; tests/test_notebook.py runs the notebook and compares
nb_number_source_lines = False

# ---------------------------------------------------------------- the library

autodoc_default_options = {"members": True, "member-order": "bysource", "show-inheritance": False}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
napoleon_google_docstring = True
napoleon_use_rtype = False
add_module_names = False
default_role = "code"  # backticks in docstrings

# ---------------------------------------------------------------- pages

html_theme = "furo"
html_title = "tdexplain"
html_static_path = ["_static"]
html_css_files = ["tdexplain.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {"top_of_page_buttons": []}
copybutton_prompt_text = r"^\$ |^>>> |^\.\.\. |^tdexplain> "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True


class Asked(RegexLexer):
    """What is asked behind a prompt, and what is printed under it: Pygments' own takes `#1` for the prompt of root."""

    tokens: ClassVar = {
        "root": [
            (r"(tdexplain> |\$ )(.*\n)", bygroups(Generic.Prompt, Generic.Strong)),
            (r".*\n", Generic.Output),
        ]
    }


def setup(app: Sphinx) -> None:
    """Teach Sphinx the blocks that are our own."""
    app.add_lexer("repl", Asked)
    app.add_lexer("console", Asked)
