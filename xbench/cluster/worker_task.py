"""One task of the driver's on a worker, such as a training: asked for, and done in a process there.

The worker says which files it lacks, is sent them, and is asked again.
"""

from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, Protocol

from distributed import get_worker

from xbench.benchmark.workers import Surroundings, forked_from_program
from xbench.cluster.connect import Connection
from xbench.cluster.on_worker import Answer
from xbench.cluster.parcel import Parcel
from xbench.cluster.portable import own_digest, parcels_here
from xbench.errors import XbenchError
from xbench.utils.apart import plain_streams
from xbench.utils.fork_server import ProcessEnded

Send = Callable[[str, Sequence[Parcel]], str]


class Order(Protocol):
    """What a worker is asked for: a training, an analysis."""

    @property
    def source(self) -> str:
        """Digest of xbench's sources on the driver's machine."""

    def parcels(self) -> list[Parcel]:
        """Return every parcel that it needs."""


def carried_out(
    connection: Connection, send: Send, what: Any, order: Order, *, cuda: bool = False
) -> Any:
    """Let a worker do one task, sending what it lacks; return what it gives.

    Parameters
    ----------
    connection, send
        The cluster, and what sends parcels to a worker.
    what, order
        A function that returns an `Answer`, or anything else, and what it is given.
    cuda
        Whether it needs a GPU.

    Raises
    ------
    XbenchError
        What the last of the tries said.
    """
    problem = ""
    for _ in range(connection.choice.retries):
        for _ in range(2):
            future = connection.submit(what, order, cuda=cuda)
            try:
                answer = future.result()
            except XbenchError:
                raise
            except Exception as error:
                answer = Answer("", problem=" ".join(f"{type(error).__name__}: {error}".split()))
            if not isinstance(answer, Answer):
                return answer
            problem = send(answer.address, answer.absent) if answer.absent else answer.problem
            if problem:
                break
    raise XbenchError(f"the cluster could not do it: {problem or 'the files did not arrive'}")


def places_here(order: Order) -> dict[str, Path] | Answer:
    """Return the folder of each parcel on this worker by its digest, or what is missing for it."""
    address = get_worker().address
    if order.source != own_digest():
        return Answer(address, problem=f"worker {address}: has other xbench sources")
    places, absent = parcels_here(order.parcels())
    return Answer(address, absent=tuple(absent)) if absent else places


def done_apart(what: str, work: Callable[..., Any], *given: Any) -> Any:
    """Let a process of its own do a piece of work on this worker, and return what it gives.

    Parameters
    ----------
    what
        In a word, for the `Answer` that is returned where the process ends.
    work, given
        A function of a module, and what it is given.

    Raises
    ------
    XbenchError
        What the work raised.
    """
    channel = forked_from_program(_working, Surroundings(), work, given)
    try:
        said = channel.recv()
    except (EOFError, OSError):
        said = ProcessEnded(1)
    finally:
        channel.close()
    if isinstance(said, ProcessEnded):
        address = get_worker().address
        return Answer(address, problem=f"worker {address}: the {what} ended ({said.status})")
    if isinstance(said, BaseException):
        raise said
    return said


def _working(
    channel: Pipe,
    surroundings: Surroundings,
    work: Callable[..., Any],
    given: Sequence[Any],
    files: Sequence[int] = (),
) -> None:
    """Be the process that works."""
    plain_streams()
    surroundings.enter()
    try:
        channel.send(work(*given))
    except XbenchError as error:
        channel.send(error)
