"""What a worker needs to carry out runs: the study's context, its plug-ins, and their files.

The driver makes it of paths of its own machine (`portable_of`); a worker turns it back into paths
of its own (`Portable.here`), once every parcel is there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from xbench.benchmark.plan import WorkUnit
from xbench.benchmark.request import RunContext
from xbench.cluster.packed_data import PackedChoice
from xbench.cluster.parcel import Parcel, found
from xbench.data.known_links import TRUTH, KnownFile
from xbench.errors import XbenchError
from xbench.registry.find import find, source_digest
from xbench.registry.scan import Entry
from xbench.registry.sources import own_sources
from xbench.surrogates.own_model import COMMAND, ModelChoice
from xbench.utils.files import file_digest
from xbench.utils.json import json_digest

Place = Path | ModelChoice


@dataclass(frozen=True)
class CarriedEntry:
    """A plug-in, and the parcel and file that define it, where it is a file of the user's."""

    entry: Entry
    digest: str
    parcel: Parcel | None = None
    file: str = ""

    @classmethod
    def of(cls, entry: Entry) -> "CarriedEntry":
        """Look at where an entry is defined."""
        digest = source_digest(entry)
        if entry.source != "file":
            return cls(entry, digest)
        parcel, file = _of_sources(f"plug-in {entry.name}", Path(entry.location))
        return cls(entry, digest, parcel, file)

    def here(self, places: Mapping[str, Path]) -> Entry:
        """Return the entry as this machine finds it.

        Raises
        ------
        XbenchError
            Where it is not there, or is other code than on the driver's machine.
        """
        entry = self.entry
        if entry.source == "built-in":
            return find(entry.kind, entry.name)
        if self.parcel is not None:
            entry = replace(entry, location=str(places[self.parcel.digest] / self.file))
        if entry.source != "session" and source_digest(entry) != self.digest:
            raise XbenchError(
                f"{entry.kind} {entry.name} ({entry.location}): is other code on this worker; "
                "install the same version on every machine"
            )
        return entry


@dataclass(frozen=True)
class CarriedPlace:
    """A surrogate or a model, and the parcel that holds it, where it is files."""

    place: Place
    parcel: Parcel | None = None
    file: str = ""

    @classmethod
    def of(cls, what: str, place: Place) -> "CarriedPlace":
        """Look at where a surrogate or a model is opened from."""
        if isinstance(place, Path):
            if place.is_dir():
                files = [one for one in place.iterdir() if one.is_file()]
                return cls(place, Parcel.of(what, place, files))
            return cls(place, Parcel.of(what, place.parent, [place]), place.name)
        path, _, _ = place.location.partition(":")
        if place.payload or place.location.startswith(COMMAND):
            return cls(place)
        if path.endswith(".pt2"):
            return cls(place, Parcel.of(what, Path(path).parent, [Path(path)]), Path(path).name)
        if path.endswith(".py"):
            return cls(place, *_of_sources(what, Path(path)))
        return cls(place)

    def here(self, places: Mapping[str, Path]) -> Place:
        """Return it as this machine finds it."""
        if self.parcel is None:
            return self.place
        path = places[self.parcel.digest] / self.file
        if isinstance(self.place, Path):
            return path
        _, colon, name = self.place.location.partition(":")
        return replace(self.place, location=f"{path}{colon}{name}")


def _of_sources(what: str, path: Path) -> tuple[Parcel, str]:
    """Return the parcel of a Python file and its own modules, and the file's place in it."""
    files = own_sources(path)
    folder = path.absolute().parent
    return Parcel.of(what, folder, files), path.name


@dataclass(frozen=True)
class Portable:
    """A study that can be carried to another machine.

    Parameters
    ----------
    session
        Names this start of the driver.
    source
        Digest of xbench's own sources there (`own_digest`).
    context
        As the driver has it.
    data
        The dataset, packed.
    surrogate, judge
        What is explained, and what judges.
    plugins
        In use, and methods of files.
    known
        A parcel for each file of known links, by its path on the driver's machine.
    """

    session: str
    source: str
    context: RunContext
    data: Parcel
    surrogate: CarriedPlace
    judge: CarriedPlace | None = None
    plugins: tuple[CarriedEntry, ...] = ()
    known: Mapping[str, Parcel] = field(default_factory=dict)

    def parcels(self) -> list[Parcel]:
        """Return every parcel, each once."""
        judge = None if self.judge is None else self.judge.parcel
        parcels = [self.data, self.surrogate.parcel, judge]
        parcels += [one.parcel for one in self.plugins]
        parcels += self.known.values()
        return list({one.digest: one for one in parcels if one is not None}.values())

    def here(self, places: Mapping[str, Path], store: Path) -> tuple[RunContext, list[Entry]]:
        """Return context and plug-ins by paths of this machine.

        Parameters
        ----------
        places
            The folder of each parcel, by its digest.
        store
            Where the worker keeps records until they have arrived at the driver.
        """
        digest = self.context.names.dataset_digest
        context = replace(
            self.context,
            data=PackedChoice(folder=places[self.data.digest], digest=digest),
            checkpoint=self.surrogate.here(places),
            judge=None if self.judge is None else self.judge.here(places),
            store=store,
            since=0,
        )
        return context, [one.here(places) for one in self.plugins]

    def unit_here(self, unit: WorkUnit, places: Mapping[str, Path]) -> WorkUnit:
        """Return a unit whose method and known links are found on this machine."""
        known = {
            path: KnownFile(str(places[parcel.digest] / Path(path).name), "")
            for path, parcel in self.known.items()
        }
        keys = tuple(
            replace(
                key,
                known=tuple(
                    one if one.path == TRUTH else one._replace(path=known[one.path].path)
                    for one in key.known
                ),
            )
            for key in unit.keys
        )
        carried = {(one.entry.kind, one.entry.name): one for one in self.plugins}
        method = carried.get(("method", unit.method.name)) or CarriedEntry(unit.method, "")
        return replace(unit, keys=keys, method=method.here(places))


def portable_of(
    session: str,
    context: RunContext,
    data: Parcel,
    units: Sequence[WorkUnit],
    plugins: Sequence[Entry],
) -> Portable:
    """Gather what workers need for some units.

    Raises
    ------
    XbenchError
        Where a file cannot be read.
    """
    methods = [unit.method for unit in units if unit.method.source != "built-in"]
    entries = dict.fromkeys([*plugins, *methods])
    files = dict.fromkeys(one.path for unit in units for key in unit.keys for one in key.known)
    return Portable(
        session,
        own_digest(),
        context,
        data,
        CarriedPlace.of("surrogate", context.checkpoint),
        None if context.judge is None else CarriedPlace.of("judge", context.judge),
        tuple(CarriedEntry.of(one) for one in entries if one.kind != "task"),
        {
            path: Parcel.of("known links", Path(path).parent, [Path(path)])
            for path in files
            if path != TRUTH
        },
    )


def parcels_here(parcels: Sequence[Parcel]) -> tuple[dict[str, Path], list[Parcel]]:
    """Return where parcels are on this machine, by digest, and those that are absent."""
    places, absent = {}, []
    for parcel in parcels:
        folder = found(parcel)
        if folder is None:
            absent.append(parcel)
        else:
            places[parcel.digest] = folder
    return places, absent


@cache
def own_digest() -> str:
    """Return 16 hexadecimal digits of every Python file and task that xbench runs from.

    They are the same for a checkout and for the package that is installed from it.
    """
    files: dict[str, Path] = {}
    for room in ("", "datasets", "leaderboard", "methods", "tasks"):
        spec = find_spec(f"xbench.{room}" if room else "xbench")
        for place in (spec and spec.submodule_search_locations) or []:
            for path in Path(place).rglob("*"):
                if path.suffix in (".py", ".toml"):
                    files[(Path(room) / path.relative_to(place)).as_posix()] = path
    return json_digest(sorted([name, file_digest(path)] for name, path in files.items()))
