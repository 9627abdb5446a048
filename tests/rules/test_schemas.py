"""ONNX's schemas as the rules read them, held against the ``onnx`` package; and how they are come by without
importing it."""
from __future__ import annotations

import importlib.util
import os
import re
import sys
from importlib.machinery import SourceFileLoader
from types import SimpleNamespace

import onnx
import pytest

from archcheck.rules import _schemas
from archcheck.rules._schemas import dtypes, first_version, names, newest, schema

ALL = onnx.defs.get_all_schemas_with_history()
OPTION = onnx.defs.OpSchema.FormalParameterOption
NUMPY = {"float": "float32", "double": "float64"}


def dtype(text):
    """A type of ONNX by the names of numpy: ``optional(seq(tensor(float)))`` is ``opt(seq(float32))``."""
    plain = re.sub(r"tensor\((\w+)\)", lambda found: NUMPY.get(found[1], found[1]), text)
    return plain.replace("optional(", "opt(")


def test_schemas_are_those_of_onnx():
    for told in ALL:
        found = schema(told.domain, told.name, told.since_version)
        assert found is not None
        assert (found.since, found.deprecated) == (told.since_version, told.deprecated)
        assert [one.variadic for one in found.inputs] == [
            one.option == OPTION.Variadic for one in told.inputs]
        assert [one.required for one in (*found.inputs, *found.outputs)] == [
            one.option == OPTION.Single for one in (*told.inputs, *told.outputs)]
        assert found.types == {one.type_param_str: set(map(dtype, one.allowed_type_strs))
                               for one in told.type_constraints}
        assert {name: required for name, (_, required) in found.attributes.items()} == {
            name: one.required for name, one in told.attributes.items()}


def test_a_type_without_a_letter_allows_itself():
    found = schema("", "Loop", 17)
    assert found is not None and dtypes(found.inputs[0], found) == {"int64"}
    assert dtypes(found.inputs[1], found) == {"bool"}


@pytest.mark.parametrize(("opset", "since"), [
    (-5, 1), (0, 1), (1, 1), (2, 2), (10, 2), (11, 11), (1 << 40, None), (None, None)])
def test_opsets_that_no_release_has_are_the_nearest(opset, since):
    """Pad came with opset 1 and has changed with 2 and 11; the newest is that of the ``onnx`` package."""
    found = schema("", "Pad", opset)
    assert found is not None and found.since == (since or onnx.defs.get_schema("Pad").since_version)


def test_what_is_in_no_domain():
    assert schema("", "Rleu", 17) is None and schema("own", "Relu", 1) is None
    assert schema("", "Gelu", 17) is None and "Gelu" in names("")
    assert (first_version("", "Gelu"), first_version("", "Relu"), first_version("ai.onnx.ml", "Scaler")) == (
        onnx.defs.get_schema("Gelu", 20).since_version, 1, 1)
    assert (newest(""), newest("own")) == (onnx.defs.onnx_opset_version(), 0)


# ---------------------------------------------------------------------------- without the package
EXTENSION = "onnx.onnx_cpp2py_export"


@pytest.fixture
def bare(monkeypatch):
    """As if nothing of ``onnx`` had been imported; what is loaded is kept."""
    loaded = []
    monkeypatch.delitem(sys.modules, EXTENSION)
    monkeypatch.delitem(sys.modules, "onnx")
    monkeypatch.setattr(_schemas, "_load_extension", lambda: loaded.append(
        monkeypatch.setitem(sys.modules, EXTENSION, SimpleNamespace(defs="loaded"))))
    return loaded


def test_the_extension_is_loaded_alone(bare):
    assert (_schemas._defs(), len(bare)) == ("loaded", 1)


def test_what_was_imported_is_used(bare, monkeypatch):
    monkeypatch.setitem(sys.modules, EXTENSION, SimpleNamespace(defs="imported"))
    assert (_schemas._defs(), bare) == ("imported", [])


def test_a_package_that_is_imported_is_not_loaded_again(bare, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", onnx)
    assert (_schemas._defs(), bare) == (onnx.defs.C, [])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A package whose extension is written in Python, and gets a text; its files are told in this order."""
    monkeypatch.setattr(_schemas, "onnx_folder", lambda: str(tmp_path))
    monkeypatch.delitem(sys.modules, EXTENSION)
    files = ["onnx_cpp2py_export.pyi", "other.so", "onnx_cpp2py_export.abi3.so"]
    monkeypatch.setattr(os, "listdir", lambda _: files)
    from_loader = importlib.util.spec_from_loader
    monkeypatch.setattr(importlib.util, "spec_from_file_location", lambda name, path: (
        None if path.endswith(".pyd") else from_loader(name, SourceFileLoader(name, path))))

    def write(text):
        for name, inside in zip(files, ("1/0", "1/0", text)):
            (tmp_path / name).write_text(inside)
        return files
    return write


def test_the_extension_is_found_among_the_files(folder):
    folder("defs = 'here'")
    _schemas._load_extension()
    assert sys.modules[EXTENSION].defs == "here"


@pytest.mark.parametrize("left", [2, 1])
def test_a_package_that_is_laid_out_otherwise_is_left_alone(folder, left):
    del folder("")[left:]
    _schemas._load_extension()
    assert EXTENSION not in sys.modules


def test_a_file_of_another_system_is_left_alone(folder):
    folder("")[2] = "onnx_cpp2py_export.pyd"
    _schemas._load_extension()
    assert EXTENSION not in sys.modules


def test_an_extension_that_fails_leaves_nothing_behind(folder):
    folder("1/0")
    with pytest.raises(ZeroDivisionError):
        _schemas._load_extension()
    assert EXTENSION not in sys.modules
