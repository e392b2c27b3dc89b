"""What is public is there, is documented, and its examples are true."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import types

import pytest

import xbench

from ..slow_rest import rest_slow

PUBLIC = [name for name in xbench.__all__ if name != "__version__"]
NAMED_IN_DESIGN = ("run", "load_dataset", "Explainer", "Selection", "Problem", "Dataset")


def _modules(package: str) -> list[str]:
    found = importlib.import_module(package)
    names = pkgutil.walk_packages(found.__path__, f"{package}.")
    return sorted(one.name for one in names if not one.name.endswith("__main__"))


def test_names_are_public_once_and_the_documented_ones_among_them() -> None:
    assert len(set(xbench.__all__)) == len(xbench.__all__)
    assert set(NAMED_IN_DESIGN) <= set(PUBLIC)
    assert dir(xbench) == sorted(xbench.__all__)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_there_and_no_module_hides_it(name: str) -> None:
    # A submodule of the same name would take its place as soon as it is imported.
    for module in _modules("xbench"):
        assert module != f"xbench.{name}"
    for _ in range(2):
        assert not isinstance(getattr(xbench, name), types.ModuleType)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_documented_with_an_example(name: str) -> None:
    value = getattr(xbench, name)
    if not isinstance(value, type | types.FunctionType):
        assert name == "METRICS"
        assert all(metric.description for metric in value.values())
        return
    text = inspect.getdoc(value) or ""
    assert text.strip()
    assert text != inspect.getdoc(object)
    # A protocol and a base of models are only ever subclassed or handed out.
    if name not in ("MaskedPopulation", "Surrogate"):
        assert "Examples\n--------\n>>> " in text or doctest.DocTestFinder().find(value), name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'explain_all'"):
        xbench.explain_all  # noqa: B018


# Their examples run and check a method, as tests/docs/test_guides.py does with those of a page.
LONG = ("xbench.benchmark.runner", "xbench.testing.conformance")
QUICK = [module for module in ("xbench", *_modules("xbench")) if module not in LONG]


@pytest.mark.parametrize("module", rest_slow([*QUICK, *LONG], len(QUICK)))
def test_the_examples_of_a_module_are_true(module: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(module), report=False)
    assert failed == 0


@pytest.mark.parametrize("name", ["run", "load_dataset", "Explainer", "Selection"])
def test_the_python_interface_has_a_runnable_example(name: str) -> None:
    value = getattr(xbench, name)
    tests = [test for test in doctest.DocTestFinder().find(value, name) if test.examples]
    assert tests
    # They are run with those of their module, once.
    assert value.__module__ in _modules("xbench")
