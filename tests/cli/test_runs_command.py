"""``xbench runs`` as a user types it, on runs that were really made."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., tuple[int, str, str]]

BROKEN = '''
from xbench.explainers.explainer import Explainer


class Broken(Explainer):
    """Fails."""

    name = "broken"

    def explain(self, problem):
        raise RuntimeError("no answer today")
'''


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, one of which failed."""
    import xbench

    folder = tmp_path_factory.mktemp("runs")
    (folder / "broken.py").write_text(BROKEN)
    xbench.run(
        "quick", methods=["random"], method_files=[str(folder / "broken.py")], store=folder / "s"
    )
    return folder / "s"


def ids(store: Path) -> dict[str, str]:
    lines = (store / "runs.jsonl").read_text().splitlines()
    return {one["method"]: one["run_id"] for one in map(json.loads, lines)}


def test_runs_are_listed_with_their_reasons(store: Path, xbench_command: Command) -> None:
    code, out, _ = xbench_command("runs", "list", "--store", store)
    assert code == 0
    assert all(one in out for one in ids(store).values())
    assert "1 x failed: RuntimeError: no answer today" in out
    code, out, _ = xbench_command("runs", "list", "--store", store, "--status", "ok", "--json")
    assert [json.loads(line)["method"] for line in out.splitlines()] == ["random"]


def test_one_run_is_shown_by_name_and_a_failed_one_with_its_traceback(
    store: Path, xbench_command: Command
) -> None:
    code, out, _ = xbench_command("runs", "show", ids(store)["random"][:6], "--store", store)
    assert code == 0
    assert out.count("  pixel ") == 16
    code, out, _ = xbench_command("runs", "show", ids(store)["broken"], "--store", store)
    assert 'raise RuntimeError("no answer today")' in out
    assert "reason: RuntimeError: no answer today" in out


def test_a_run_is_shown_in_the_words_of_its_page(store: Path, xbench_command: Command) -> None:
    from xbench.results.run_facts import SECTIONS

    code, out, _ = xbench_command("runs", "show", ids(store)["random"], "--store", store)
    assert code == 0
    for title in ("What was asked", "How it ended", "Scores", "Cost", "Made with"):
        assert f"{title}:\n" in out
    for name in ("dataset_digest", "seed", "seconds", "machine"):
        label = next(named[name] for named in SECTIONS.values() if name in named)
        assert f"  {label}: " in out
    assert "(own-class-share-after): " in out


def test_positions_of_an_old_run_get_names_from_its_data(
    store: Path, xbench_command: Command, tmp_path: Path
) -> None:
    old = next(
        record
        for record in map(json.loads, (store / "runs.jsonl").read_text().splitlines())
        if record["method"] == "random"
    )
    names = old["features"]
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "store.json").write_bytes((store / "store.json").read_bytes())
    (tmp_path / "old" / "runs.jsonl").write_text(json.dumps(old | {"features": []}) + "\n")
    words = ("runs", "show", old["run_id"], "--store", tmp_path / "old")
    code, out, _ = xbench_command(*words)
    assert code == 0
    assert "these are positions" in out
    assert out.count("  feature ") == 16
    code, out, _ = xbench_command(*words, "--data")
    assert code == 0
    assert all(name in out for name in names)
    assert "these are positions" not in out


def test_selections_are_exported_without_tracks_where_nothing_has_a_place(
    store: Path, xbench_command: Command, tmp_path: Path
) -> None:
    # Of an earlier export: beside the new table it would be taken for that one's.
    (tmp_path / "selection.bed").write_text("chr1\t1\t2\n")
    code, out, errors = xbench_command("runs", "export", "--store", store, "--out", tmp_path)
    assert code == 0
    assert out == f"wrote {tmp_path / 'selection.tsv'}\n"
    assert "selection.bed is left out: no feature has coordinates" in errors
    assert not (tmp_path / "selection.bed").exists()
    assert len((tmp_path / "selection.tsv").read_text().splitlines()) == 17


def test_stores_are_merged_and_runs_forgotten(
    store: Path, xbench_command: Command, tmp_path: Path
) -> None:
    into = tmp_path / "into"
    code, out, _ = xbench_command("runs", "merge", store, "--into", into)
    assert (code, out) == (0, f"2 runs and 0 findings in {into}\n")
    code, _, errors = xbench_command("runs", "forget", "--store", into)
    assert code == 2
    assert "say which runs" in errors
    code, out, _ = xbench_command("runs", "forget", "--status", "failed", "--store", into)
    assert code == 0
    assert out.startswith("1 runs forgotten; they are kept in ")
    assert list(ids(into)) == ["random"]


@pytest.mark.parametrize("words", [("list",), ("show", "a"), ("export",), ("forget", "a")])
def test_a_store_that_is_not_there_is_one_line(
    words: tuple[str, ...], xbench_command: Command, tmp_path: Path
) -> None:
    code, _, errors = xbench_command("runs", *words, "--store", tmp_path / "none")
    assert code == 2
    assert errors.startswith(f"xbench: {tmp_path / 'none'}: no results are there")
    assert not (tmp_path / "none").exists()


def test_a_metric_that_finished_runs_lack_is_told_and_shown_once_it_is_computed(
    xbench_command: Command, tmp_path: Path
) -> None:
    asked = ("--dataset", "mnist-binary", "--target", "8:3", "-L", 4, "--methods", "random")
    words = ("run", *asked, "--jobs", 1, "--store", tmp_path / "own")
    assert xbench_command(*words, "--metric", "log-odds-drop")[0] == 0
    code, _, errors = xbench_command(*words, "--metric", "own-class-share-after")
    assert code == 0
    assert "own-class-share-after: 1 runs were finished before it was asked for" in errors
    scored = ("score", "--metric", "own-class-share-after", "--store", tmp_path / "own")
    assert xbench_command(*scored)[0] == 0
    code, out, errors = xbench_command(*words, "--metric", "own-class-share-after")
    assert code == 0
    assert "were finished before" not in errors
    assert "–" not in out
