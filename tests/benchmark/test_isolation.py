"""Any misbehaving method leaves the records of all others byte-equal, on one process and two."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

import xbench
from xbench.benchmark.execute import execute
from xbench.benchmark.plan import FoundMethod, expand, units
from xbench.benchmark.request import RunContext, Study, StudyNames
from xbench.benchmark.task import load_task
from xbench.data.load import DataChoice
from xbench.data.read_options import ReadOptions
from xbench.registry.find import find
from xbench.surrogates.checkpoint import open_surrogate
from xbench.utils.fork_server import ForkServer

from ..slow_rest import rest_slow
from .workbench import explaining, lasting, stored, write_method, write_task

Run = Callable[..., pd.DataFrame]
GOOD = "return Selection(range(problem.subset_size))"
OTHERS = ["saliency", "gradient-change", "grids"]

# What a method does before it returns a selection, or instead.
DEEDS = {
    "default-dtype": "torch.set_default_dtype(torch.float64)",
    "default-device": "torch.set_default_device('meta')",
    "gradients-off": "torch.set_grad_enabled(False)",
    "inference": "torch.inference_mode().__enter__()",
    "threads": "torch.set_num_threads(2)",
    "deterministic": "torch.use_deterministic_algorithms(True)",
    "anomaly": "torch.autograd.set_detect_anomaly(True)",
    "denormals": "torch.set_flush_denormal(True)",
    "mkldnn": "setattr(torch.backends.mkldnn, 'enabled', False)",
    "numpy-errors": "np.seterr(all='raise')",
    "seeds": "np.random.seed(0); torch.manual_seed(0); __import__('random').seed(0)",
    "warnings": "__import__('warnings').simplefilter('error')",
    "recursion": "sys.setrecursionlimit(120)",
    "locale": "__import__('locale').setlocale(0, 'C')",
    "streams": "sys.stdout.close(); os.close(1); os.close(2)",
    "all-files": "os.closerange(3, 200)",
    "signals": "[signal.signal(one, signal.SIG_IGN) for one in (2, 14, 15)]",
    "environment": "os.environ.clear()",
    "folder": "os.chdir('/')",
    "paths": "sys.path.clear(); sys.modules.pop('xbench')",
    "umask": "os.umask(0o777)",
    "patched": "np.asarray = torch.Tensor.backward = None",
    "train": "problem.model.train()",
    "double": "problem.model.double()",
    "weights": "[one.data.mul_(0.5) for one in problem.model.parameters()]",
    "hooks": "problem.model.register_forward_hook(lambda module, inputs, output: output * 0)",
    "asks": "[one.requires_grad_(True) for one in problem.model.parameters()]",
    "inputs": "problem.inputs.data[:] = 0",
    "names": "problem.features.names[:] = 'same'",
    "perturbation": "problem.perturbation[:] = 1",
    "observed": "problem.observed[:] = 0",
    "counts": "problem.counts.forward = -10**9",
    "thread": "__import__('threading').Thread(target=lambda: time.sleep(100)).start()",
    "child": "os.fork() or time.sleep(100)",
    "at-exit": "__import__('atexit').register(time.sleep, 100)",
    "fills-store": "[open(one, 'a').write('x') for one in __import__('glob').glob('*')]",
    "panic": "raise type('Panic', (BaseException,), {})('index out of bounds')",
    "unprintable": "raise type('E', (Exception,), {'__str__': lambda self: 1 / 0})()",
    "interrupt": "raise KeyboardInterrupt",
    "exit": "sys.exit(0)",
    "group": "raise BaseExceptionGroup('several', [SystemExit(3), ValueError('a')])",
    "os-exit": "os._exit(0)",
    "crash": "__import__('ctypes').string_at(0)",
    "kill": "os.kill(os.getpid(), 9)",
    "kills-group": "os.killpg(0, 9)",
    "c-loop": "signal.alarm(0); sum(range(10**12))",
    "swallows": "\n    while True:\n        try: time.sleep(1)\n        except BaseException: pass",
}
SAID = {
    "inputs": "read-only",
    "names": "read-only",
    "perturbation": "read-only",
    "observed": "read-only",
    "panic": "Panic: index out of bounds",
    "unprintable": "cannot be shown",
    "interrupt": "KeyboardInterrupt",
    "exit": "SystemExit: 0",
    "group": "several (2 sub-exceptions)",
    "os-exit": "exit code 0",
    "crash": "killed by signal 11 (SIGSEGV)",
    "kill": "killed by signal 9 (SIGKILL)",
    "kills-group": "killed by signal 9 (SIGKILL)",
    "all-files": "closed files that are not its own",
    "c-loop": "no result after 1 s",
    "swallows": "no result after 1 s",
}


# One of each kind: of the settings of torch and Python, of what others read, of the model, of the
# bill, of processes and threads, of ends and of what does not end.
SHOWN = (
    "default-dtype",
    "seeds",
    "warnings",
    "streams",
    "signals",
    "environment",
    "folder",
    "patched",
    "weights",
    "inputs",
    "counts",
    "child",
    "fills-store",
    "exit",
    "crash",
    "kills-group",
    "swallows",
)


@pytest.mark.parametrize(("jobs", "names"), rest_slow([(2, SHOWN), (1, DEEDS), (2, DEEDS)], 1))
def test_no_method_changes_the_record_of_another(
    jobs: int, names: Collection[str], run: Run, tmp_path: Path
) -> None:
    deeds = {name: DEEDS[name] for name in names}
    store, late = tmp_path / "wild", [name for name in deeds if "no result" in SAID.get(name, "")]
    files = {
        name: write_method(
            tmp_path,
            f"a-{name}",
            explaining(f"import torch; {deed}\n    {GOOD}" if "\n" not in deed else deed.lstrip()),
        )
        for name, deed in deeds.items()
    }
    task = {"methods": OTHERS}
    run(task, store=tmp_path / "calm")
    slow = [files.pop(name) for name in late]
    run(task, methods=OTHERS, method_files=list(files.values()), jobs=jobs, store=store)
    run({"timeout_seconds": 1.0}, method_files=slow, jobs=jobs, store=store)
    records = stored(tmp_path / "wild")
    assert len(records) == len(deeds) + len(OTHERS)
    others = [record for record in records if record.method in OTHERS]
    assert lasting(others) == lasting(stored(tmp_path / "calm"))
    for record in records:
        name = record.method.removeprefix("a-")
        if name in SAID:
            assert record.status == ("timeout" if "no result" in SAID[name] else "failed"), record
            assert SAID[name] in record.reason
            assert record.indices == []
        elif record.method not in OTHERS:
            assert record.status in ("ok", "failed"), (name, record.reason)


# Those that begin as new programs import torch for seconds: forked ones stand for them.
NEW_PROGRAMS = ("joblib", "spawn")


@pytest.mark.parametrize(("jobs", "programs"), rest_slow([(2, False), (1, True), (2, True)], 1))
def test_methods_may_use_processes_of_their_own(
    jobs: int, programs: bool, run: Run, tmp_path: Path
) -> None:
    before = """
import torch
from joblib import Parallel, delayed
from multiprocessing import get_context
from torch.utils.data import DataLoader, Dataset
def score(j): return -float(j)
class Rows(Dataset):
    def __len__(self): return 30
    def __getitem__(self, j): return torch.tensor(score(j))
"""
    ways = {
        "joblib": "Parallel(n_jobs=2)(delayed(score)(j) for j in range(30))",
        "spawn": "get_context('spawn').Pool(1).map(score, range(30))",
        "fork": "get_context('fork').Pool(2).map(score, range(30))",
        "loader": "torch.cat(list(DataLoader(Rows(), batch_size=8, num_workers=2))).numpy()",
        # Annotations are values, not texts: the file does not ask for them to be put off.
        "flags": "[-j for j in range(30)] if score.__code__.co_flags & 0x1000000 == 0 else None",
    }
    if not programs:
        ways = {way: code for way, code in ways.items() if way not in NEW_PROGRAMS}
    files = [
        write_method(
            tmp_path, way, explaining(f"return Selection.from_scores({code}, 4)"), before=before
        )
        for way, code in ways.items()
    ]
    frame = run(method_files=files, jobs=jobs)
    assert frame.set_index("method")["status"].to_dict() == dict.fromkeys(ways, "ok")
    assert frame["indices"].tolist() == [[0, 1, 2, 3]] * len(ways)


def test_nothing_is_scored_where_outputs_are_no_numbers(
    tmp_path: Path, small_data: Path, small_surrogate: Path
) -> None:
    choice = DataChoice(reading=ReadOptions(path=small_data))
    dataset = choice.load()
    surrogate = open_surrogate(small_surrogate, dataset)
    with torch.no_grad():
        for parameter in surrogate.model.parameters():
            parameter.fill_(float("nan"))
    keys = expand(load_task(str(write_task(tmp_path))))
    names = StudyNames(
        "small", dataset.digest, surrogate.name, surrogate.digest, dataset.n_features
    )
    context = RunContext(choice, small_surrogate, tmp_path / "store", "cpu", names)
    (unit,) = units(keys, ["0" * 16], {"random": FoundMethod(find("method", "random"), 1, "d")})
    (record,) = execute(Study(context, dataset, surrogate), unit)
    assert record.status == "failed"
    assert "NaN or infinite outputs for" in record.reason
    assert record.metrics == {}


@pytest.mark.parametrize("starts", rest_slow([2, 3], 1))
def test_several_starts_share_the_work(
    starts: int,
    tmp_path: Path,
    small_data: Path,
    small_surrogate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = tmp_path / "log"
    file = write_method(
        tmp_path,
        "slowly",
        explaining(f"time.sleep(0.2); open({str(log)!r}, 'a').write('x'); {GOOD}"),
    )
    store = tmp_path / "store"
    frames: list[pd.DataFrame] = []
    awaited: list[int] = []

    def counted(workers: list[Any], seconds: float) -> list[Any]:
        awaited.append(len(workers))
        return wait(workers, seconds)

    monkeypatch.setattr("xbench.benchmark.workers.wait", counted)
    task = str(write_task(tmp_path, repetitions=8))
    options = {"data": small_data, "checkpoint": small_surrogate, "method_files": [file]}

    def start() -> None:
        frames.append(xbench.run(task, **options, store=store))

    threads = [threading.Thread(target=start) for _ in range(starts)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(log.read_text()) == 8
    assert (store / "runs.jsonl").read_text().count("\n") == 8
    assert [frame["status"].tolist() for frame in frames] == [["ok"] * 8] * starts
    # Nobody waits until claims are due for workers that it does not have: all is finished then.
    assert 0 not in awaited


@pytest.mark.parametrize(
    ("repetitions", "jobs", "workers"), rest_slow([(2, 8, 2), (5, 2, 2), (1, 4, 1)], 2)
)
def test_there_are_no_more_workers_than_units(
    repetitions: int, jobs: int, workers: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, fork = [], ForkServer.fork

    def counted(server: ForkServer, work: Callable[..., None], *given: Any, **files: Any) -> Any:
        started.append(work.__name__)
        return fork(server, work, *given, **files)

    monkeypatch.setattr(ForkServer, "fork", counted)
    frame = run({"repetitions": repetitions}, methods=["random"], jobs=jobs)
    assert frame["status"].tolist() == ["ok"] * repetitions
    assert 1 <= started.count("_work") <= workers
