"""What a method could leave behind: in its problem, in global settings, in random states.

Each is described as texts and bytes to compare, named in words a person can act on.
"""

import decimal
import locale
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import nn

from xbench.explainers.explainer import Problem

State = dict[str, bytes]


def changed(before: State, after: State) -> list[str]:
    """Return the names of what is not as it was.

    Examples
    --------
    >>> changed({"the model": b"1", "the inputs": b"2"}, {"the model": b"1", "the inputs": b"3"})
    ['the inputs']
    """
    return [name for name, value in after.items() if value != before[name]]


def problem_state(problem: Problem) -> State:
    """Describe what a problem hands out: data, names, model."""
    inputs: Any = problem.inputs
    parts = (inputs.data, inputs.indices, inputs.indptr) if sp.issparse(inputs) else (inputs,)
    features = [getattr(problem.features, field.name) for field in fields(problem.features)]
    return {
        "the inputs": _bytes(*parts),
        "the perturbation": _bytes(problem.perturbation),
        "the features": _bytes(*features),
        "the observed values": _bytes(problem.observed),
        **_model_state(problem.model),
    }


def _model_state(model: nn.Module) -> State:
    tensors = [*model.parameters(), *model.buffers()]
    modules = list(model.modules())
    hooks = [name for name in vars(model) if name.endswith("_hooks")]
    return {
        "the model": b"".join(
            str(one.dtype).encode() + one.detach().cpu().numpy().tobytes() for one in tensors
        ),
        "the model's mode (train or eval)": repr([one.training for one in modules]).encode(),
        "the model's hooks": repr(
            [[list(getattr(one, name) or ()) for name in hooks] for one in modules]
        ).encode(),
        "which weights ask for gradients": repr([one.requires_grad for one in tensors]).encode(),
        "gradients of the weights": repr([one.grad is not None for one in tensors]).encode(),
    }


def _bytes(*arrays: Any) -> bytes:
    present = [np.ascontiguousarray(one) for one in arrays if one is not None]
    return b"".join(repr(one.dtype).encode() + one.tobytes() for one in present)


def settings() -> State:
    """Describe the settings of the process that change what others compute or show."""
    handlers = [(one, signal.getsignal(one)) for one in sorted(signal.valid_signals())]
    shown: dict[str, Any] = {
        "torch's default dtype": torch.get_default_dtype(),
        "torch's default device": torch.get_default_device(),
        "whether gradients are on": torch.is_grad_enabled(),
        "torch's inference mode": torch.is_inference_mode_enabled(),
        "torch's number of threads": torch.get_num_threads(),
        "torch's deterministic algorithms": (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        ),
        "torch's anomaly mode": torch.is_anomaly_enabled(),
        "torch's flushing of denormal numbers": _flushes_denormals(),
        "torch's precision of products": torch.get_float32_matmul_precision(),
        "torch's backends": (torch.backends.mkldnn.enabled, torch.backends.cudnn.benchmark),
        "numpy's handling of errors": sorted(np.geterr().items()),
        "numpy's way of printing": sorted(np.get_printoptions().items(), key=str),
        "the filters of warnings": [(one[0], one[2], one[4]) for one in warnings.filters],
        "the limit of recursion": sys.getrecursionlimit(),
        "the locale": locale.setlocale(locale.LC_ALL),
        "the precision of decimals": decimal.getcontext().prec,
        "the handlers of signals": handlers,
        "an alarm": signal.getitimer(signal.ITIMER_REAL)[0] > 0,
        "the environment": sorted(os.environ.items()),
        "the current folder": _folder(),
        "where modules are looked for": sys.path,
        "the standard streams": [(id(one), one.closed) for one in (sys.stdout, sys.stderr)],
        "the open standard files": [_is_open(number) for number in (0, 1, 2)],
        "the permissions of new files": _mask(),
        "traces of calls": (sys.gettrace(), sys.getprofile(), threading.gettrace()),
    }
    return {name: repr(value).encode() for name, value in shown.items()}


def running() -> State:
    """Describe what runs beside: threads that hold up the end of a program, and processes.

    Workers of joblib and multiprocessing that are kept for the next call are left out.
    """
    threads = [one.name for one in threading.enumerate() if not one.daemon]
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    children = listed.read_text().split() if listed.exists() else []
    kept = [one for one in children if not _is_kept_worker(one)]
    shown = {"running threads": threads, "running processes": kept}
    return {name: repr(sorted(one)).encode() for name, one in shown.items()}


def _is_kept_worker(process: str) -> bool:
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return True
    return b"loky" in command or b"multiprocessing" in command


def _flushes_denormals() -> bool:
    tiny = torch.tensor([1e-40], dtype=torch.float32, device="cpu")
    return float(tiny * 1) == 0


def _folder() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return "deleted"


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _mask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


_UNLIKELY = 1_234_567_891


def random_states() -> State:
    """Describe the global states of Python, NumPy and torch."""
    _, words, position, *_ = np.random.get_state()  # noqa: NPY002
    return {
        "Python's random state": repr(random.getstate()).encode(),
        "NumPy's random state": repr([*words, position]).encode(),
        "torch's random state": torch.random.get_rng_state().numpy().tobytes(),
    }


@contextmanager
def unlikely_random_states() -> Iterator[None]:
    """Seed all three, and put them back.

    A method that seeds a generator with a number of its own leaves the state unchanged where it
    was called before; from here it does not.
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    with torch.random.fork_rng(devices=[]):
        random.seed(_UNLIKELY)
        np.random.seed(_UNLIKELY)  # noqa: NPY002
        torch.manual_seed(_UNLIKELY)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002
