"""What docstrings show is true, and no public name is without one."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest

import tdparse

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(tdparse.__path__, "tdparse.")
    if not module.name.endswith("__main__")
)
FUNCTIONS = [name for name in tdparse.__all__ if inspect.isfunction(getattr(tdparse, name))]
CLASSES = [name for name in tdparse.__all__ if inspect.isclass(getattr(tdparse, name))]


@pytest.mark.parametrize("name", ["tdparse", *MODULES])
def test_the_examples_of_a_module_run(name: str) -> None:
    """Each prints what stands under it."""
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:  # parquet, serve: extras
        if (error.name or "").startswith("tdparse"):
            raise
        pytest.skip(f"{error.name} is not installed")
    assert not doctest.testmod(module).failed


@pytest.mark.parametrize("name", FUNCTIONS + CLASSES)
def test_a_public_name_has_an_example(name: str) -> None:
    """In its own docstring, and every method that is offered says what it does."""
    value = getattr(tdparse, name)
    assert ">>> " in (value.__doc__ or ""), name
    for method, told in members(value):
        assert told, f"{name}.{method}"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_options_are_keywords(name: str) -> None:
    """Only what a function is about is positional."""
    parameters = list(inspect.signature(getattr(tdparse, name)).parameters.values())
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters[1:])


def members(value: object) -> Iterator[tuple[str, str | None]]:
    """Return the public methods and properties of a class of this package, with what they say."""
    for name, member in vars(value).items() if inspect.isclass(value) else ():
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
            yield name, inspect.getdoc(member)
