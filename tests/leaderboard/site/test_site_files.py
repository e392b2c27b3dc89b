"""The folder of the site: the same bytes each time, and nothing of others is touched."""

from __future__ import annotations

import pytest

from xbench.errors import XbenchError
from xbench.leaderboard.site import Source, build_site
from xbench.leaderboard.site.writer import WRITTEN


def runs(make_record, methods=("random", "grids")):
    genes = ("VIP/GAD1", "VIP/GAD2", "Oligo/MOG")
    return [make_record(gene, name, -float(len(name))) for gene in genes for name in methods]


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_runs_give_the_same_bytes(make_record, make_task, tmp_path):
    records = runs(make_record)
    build_site([Source("s", records)], {"toy": make_task()}, tmp_path)
    first = contents(tmp_path)
    build_site([Source("s", records[::-1])], {"toy": make_task()}, tmp_path)
    assert contents(tmp_path) == first


def test_what_is_not_used_any_more_goes_and_all_else_stays(make_record, tmp_path):
    folder = tmp_path / "site"
    build_site([Source("s", runs(make_record))], {}, folder)
    docs, outside = folder / "docs" / "index.html", tmp_path / "outside.txt"
    docs.parent.mkdir()
    docs.write_text("docs")
    outside.write_text("not ours")
    # Whatever the list says.
    with (folder / WRITTEN).open("a") as listed:
        listed.write("../outside.txt\n/etc/hostname\n\n")
    (old,) = (folder / "study").iterdir()
    other = [make_record("VIP/GAD1", "grids", dataset="other")]
    written = build_site([Source("s", other)], {}, folder)
    assert not old.exists()
    assert docs.read_text() == "docs"
    assert outside.read_text() == "not ours"
    assert all(path.is_file() for path in written)
    assert ">Docs</a>" in (folder / "index.html").read_text()


def test_a_warning_of_the_surrogate_stands_before_the_first_number(make_record, tmp_path):
    fit = {"test_error": 3.0, "type_means_error": 2.0, "test_type_mean_r2": 0.5}
    records = [make_record("VIP/GAD1", name, surrogate_fit=fit) for name in ("grids", "random")]
    build_site([Source("s", records)], {}, tmp_path)
    (study,) = (tmp_path / "study").iterdir()
    text = study.read_text()
    warning = "worse than the means of their types"
    assert 0 < text.index(warning) < text.index("<table")
    assert warning in (tmp_path / "index.html").read_text()


def test_without_a_run_there_is_no_site(tmp_path):
    with pytest.raises(XbenchError, match="no runs to show; run 'xbench run TASK' first"):
        build_site([], {}, tmp_path / "site")
    assert not (tmp_path / "site").exists()
