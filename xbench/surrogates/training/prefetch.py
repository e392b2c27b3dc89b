"""Making the next batch while the present one is trained on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

Batch = TypeVar("Batch")


class Prefetched(Generic[Batch]):
    """Batches in the order they are made, each made by a thread while the one before is used.

    NumPy and SciPy let other threads run while they work, and a batch takes a third of a step. One
    thread makes them all, one after the other: the random numbers are the same as without.

    Parameters
    ----------
    make
        Makes the next batch.

    Examples
    --------
    >>> numbers = iter(range(5))
    >>> with Prefetched(lambda: next(numbers)) as batches:
    ...     batches.next(), batches.next()
    (0, 1)
    """

    def __init__(self, make: Callable[[], Batch]) -> None:
        self._make = make
        self._pool = ThreadPoolExecutor(1)
        self._coming: Future[Batch] = self._pool.submit(make)

    def next(self) -> Batch:
        """Return the next batch, and begin the one after."""
        batch = self._coming.result()
        self._coming = self._pool.submit(self._make)
        return batch

    def __enter__(self) -> Prefetched[Batch]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Waits for the one begun last, so that nothing draws random numbers afterwards.
        self._pool.shutdown(wait=True)
