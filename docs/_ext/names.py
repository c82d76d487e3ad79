"""
The library under its public names: three classes have another name inside the package, and fields are told by their comments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx.pycode import ModuleAnalyzer

import tdparse
from tdparse import flags, model

if TYPE_CHECKING:
    from sphinx.application import Sphinx

RENAMED = ((model, "Skipped", "Rejected"), (model, "Side", "Peer"), (flags, "Flags", "TcpFlags"))


def rename() -> None:
    """Let autodoc see each class, and the comments of its fields, under the name that `import tdparse` gives it."""
    for module, inner, public in RENAMED:
        value = getattr(module, inner)
        if getattr(tdparse, public) is not value:
            raise ValueError(f"{public} is no longer {inner}")
        value.__name__ = value.__qualname__ = public
        setattr(module, public, value)
        analyzer = ModuleAnalyzer.for_module(module.__name__)
        analyzer.analyze()
        for (owner, name), lines in list(analyzer.attr_docs.items()):
            if owner == inner:
                analyzer.attr_docs[public, name] = lines
        for tag, order in list(analyzer.tagorder.items()):
            if tag.partition(".")[0] == inner:
                analyzer.tagorder[tag.replace(inner, public, 1)] = order


def tidy(_app: Sphinx, _what: str, _name: str, _obj: object, _options: object, lines: list[str]) -> None:
    """Drop what named tuples say of every field by themselves."""
    if lines and lines[0].startswith("Alias for field number"):
        lines.clear()


def setup(app: Sphinx) -> dict[str, bool]:
    """Rename before anything is read."""
    app.connect("builder-inited", lambda _app: rename())
    app.connect("autodoc-process-docstring", tidy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
