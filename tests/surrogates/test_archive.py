"""Archives of torch.export: a program of tensor operations is opened, anything else refused."""

from __future__ import annotations

import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from xbench.errors import XbenchError
from xbench.surrogates.archive import _is_expression, _is_plain, load_archive


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Path]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3)).eval()
    rows = torch.export.Dim("rows", min=1, max=4096)
    program = torch.export.export(net, (torch.zeros(3, 1, 4, 4),), dynamic_shapes=({0: rows},))
    path = tmp_path_factory.mktemp("archive") / "net.pt2"
    torch.export.save(program, path)
    return net, path


def test_it_answers_as_the_module_does(exported: tuple[nn.Module, Path]) -> None:
    net, path = exported
    x = torch.rand(7, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.equal(load_archive(path)(x), net(x))


def changed(path: Path, new: Path, edit: Callable[[str, bytes], bytes], **more: bytes) -> Path:
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(new, "w") as archive:
        for member in old.infolist():
            archive.writestr(member.filename, edit(member.filename, old.read(member)))
        for name, content in more.items():
            archive.writestr(name, content)
    return new


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("open('ran', 'w')",)


def test_what_could_run_code_is_refused(
    exported: tuple[nn.Module, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path, new = exported[1], tmp_path / "bad.pt2"

    def calls(name: str, content: bytes) -> bytes:
        return content.replace(b"torch.ops.aten.relu.default", b"torch.hub.load")

    def evaluates(name: str, content: bytes) -> bytes:
        return (
            content.replace(b"positive=True", b"positive=exec('1')")
            if name.endswith(".json")
            else content
        )

    def pickles(name: str, content: bytes) -> bytes:
        return content.replace(b'"use_pickle": false', b'"use_pickle": true')

    for edit, said in (
        (calls, "no tensor operation"),
        (evaluates, "has the expression"),
        (pickles, "pickled weights"),
    ):
        with pytest.raises(XbenchError, match=said):
            load_archive(changed(path, new, edit))
    with pytest.raises(XbenchError, match="could run code"):
        load_archive(changed(path, new, lambda name, content: content, custom_obj_0=b""))
    bomb = pickle.dumps(_Bomb())
    with pytest.raises(XbenchError):
        load_archive(
            changed(path, new, lambda name, content: bomb if name.endswith("model.pt") else content)
        )
    assert not Path("ran").exists()


def test_what_is_no_archive_is_refused(exported: tuple[nn.Module, Path], tmp_path: Path) -> None:
    path = tmp_path / "net.pt2"
    for content in (b"", b"nothing", exported[1].read_bytes()[:-200]):
        path.write_bytes(content)
        # Cut off, the archive of the sample inputs inside may be taken for the whole.
        with pytest.raises(XbenchError, match=r"cannot be read as an archive|could run code"):
            load_archive(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.json", json.dumps({}))
    with pytest.raises(XbenchError, match=r"holds no program|could run code"):
        load_archive(path)
    shutil.copy(exported[1], path)
    assert isinstance(load_archive(path), nn.Module)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Symbol('s31', positive=True, integer=True)", True),
        ("s0 + 2*u1", True),
        ("Mod(s0, 2)", True),
        ("().__class__", False),
        ("exec(chr(49))", False),
        ("'a'.upper()", False),
        ("s0.subs(1)", False),
        (3, False),
    ],
)
def test_expressions(text: object, plain: bool) -> None:
    assert bool(_is_expression(text)) is plain


def test_targets() -> None:
    assert _is_plain("torch.ops.aten.linear.default")
    assert _is_plain("_operator.getitem")
    for target in (
        "torch.load",
        "torch.ops.aten.from_file.default",
        "builtins.exec",
        "_operator.attrgetter",
        "os;x",
    ):
        assert not _is_plain(target)


def test_what_the_library_would_run_or_read_otherwise_is_refused(
    exported: tuple[nn.Module, Path], tmp_path: Path
) -> None:
    """Guards are executed, layouts import modules, and members are known by their folder alone."""
    path, new = exported[1], tmp_path / "bad.pt2"

    def edited(change: Callable[[dict[str, Any]], None]) -> Callable[[str, bytes], bytes]:
        def edit(name: str, content: bytes) -> bytes:
            if not name.endswith("models/model.json"):
                return content
            parsed = json.loads(content)
            change(parsed)
            return json.dumps(parsed).encode()

        return edit

    def guards(parsed: dict[str, Any]) -> None:
        parsed["guards_code"] = ["open('ran', 'w') is None"]

    def layout(parsed: dict[str, Any]) -> None:
        signature = parsed["graph_module"]["module_call_graph"][0]["signature"]
        spec = json.loads(signature["in_spec"])
        spec[1]["children_spec"][0]["context"] = json.dumps(
            {"__enum__": True, "fqn": "antigravity:X", "name": "y"}
        )
        signature["in_spec"] = json.dumps(spec)

    for change, said in ((guards, "guards"), (layout, "type of its own")):
        with pytest.raises(XbenchError, match=said):
            load_archive(changed(path, new, edited(change)))
    with zipfile.ZipFile(path) as archive:
        (model,) = [name for name in archive.namelist() if name.endswith("models/model.json")]
        content = archive.read(model)
    for name in (model.replace("model.json", "other.jsom"), model.upper()):
        with pytest.raises(XbenchError, match="could run code"):
            load_archive(changed(path, new, lambda _, same: same, **{name: content}))
