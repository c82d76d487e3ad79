"""
The licences of what an installation brings along: `make licences` prints them, of tdparse and all it needs to run.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution

EXTRA = re.compile(r"extra\s*==")


def needed(name: str, found: dict[str, Distribution]) -> None:
    """Add a package and everything it requires without an extra."""
    try:
        package = distribution(name)
    except PackageNotFoundError:  # of another system or Python
        return
    key = package.metadata["Name"].lower()
    if key in found:
        return
    found[key] = package
    for requirement in package.requires or ():
        if not EXTRA.search(requirement):
            needed(re.split(r"[\s;<>=!~(\[]", requirement, maxsplit=1)[0], found)


def licence(package: Distribution) -> str:
    """Return the licence by its SPDX name where the package says it, else by its classifier, else its first line."""
    said = package.metadata.json
    if expression := said.get("license_expression"):
        return str(expression)
    classes = [value.rpartition(" :: ")[2] for value in said.get("classifier", ()) if value.startswith("License")]
    return ", ".join(classes) or str(said.get("license", "unknown")).strip().splitlines()[0]


def main() -> None:
    """Print a line for each package."""
    found: dict[str, Distribution] = {}
    needed("tdparse", found)
    for name, package in sorted(found.items()):
        sys.stdout.write(f"{name} {package.version}: {licence(package)}\n")


if __name__ == "__main__":
    main()
