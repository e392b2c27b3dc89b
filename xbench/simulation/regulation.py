"""Draw how genes are regulated: in which types, by how many modules of how many CREs, where."""

from dataclasses import dataclass, field

import numpy as np

from xbench.simulation.gene_positions import Genes
from xbench.simulation.parameters import OBSERVED, Design
from xbench.simulation.simulated_cell_types import (
    CELL_TYPES,
    LINEAGES,
    MARKERS,
    TRANSCRIPTION_FACTORS,
)

# Active in one type; in a group of types; in all; and the named markers, in types of their own.
SPECIFIC, LINEAGE, BROAD, MARKER = range(4)
KIND_SHARES = (0.35, 0.25, 0.40)
MODULES = {1: 0.3, 2: 0.4, 3: 0.3}
CRES = {1: 0.20, 2: 0.25, 3: 0.25, 4: 0.20, 5: 0.10}
# Markers mostly have more CREs than L = 10 can mask.
MARKER_MODULES = {2: 0.1, 3: 0.9}
MARKER_CRES = {3: 0.2, 4: 0.4, 5: 0.4}
WEIGHT = (0.5, 0.95)
# Sum of a gene's effects a, by kind.
TOTAL_EFFECT = ((3.5, 5.0), (2.5, 4.0), (1.0, 2.5), (4.0, 5.5))
# Mean and standard deviation of b, before all are shifted to a mean sum of 1e5.
BASE = ((0.4, 0.5), (0.8, 0.6), (2.4, 1.0), (0.4, 0.5))
SYNERGY_CHANCE, SYNERGY = 0.5, (0.2, 1.0)
TRANS_CHANCE, TRANS_EFFECT = 0.3, (0.5, 1.5)
# Distance to the TSS: density falls as 1 / distance, in two ranges; some promoters are CREs too.
PROMOTER_CHANCE = 0.7
NEAR, FAR = (2e3, 1e6), (1e6, 1e7)


@dataclass(frozen=True, eq=False)
class Regulation:
    """A plan without peaks; the fields that `Truth` has too mean the same.

    Parameters
    ----------
    kind
        SPECIFIC, LINEAGE, BROAD or MARKER, shape (genes,).
    active
        Types in which the gene's CREs open, shape (genes, types).
    module_active
        Types in which a module's CREs open, shape (modules, types): mostly those of its gene.
    cre_distance
        Signed base pairs from the TSS, shape (CREs,).
    cre_site
        The CRE whose peak it is, shape (CREs,): its own number, unless it shares another's.
    cre_strength
        Of each CRE in each type, shape (CREs, types); None where all are 1.
    neighbour_site, neighbour_distance
        The CRE beside which an idle peak lies, and how many base pairs away, shape (neighbours,).
    """

    kind: np.ndarray
    active: np.ndarray
    base: np.ndarray
    module_gene: np.ndarray
    module_effect: np.ndarray
    cre_module: np.ndarray
    cre_weight: np.ndarray
    cre_distance: np.ndarray
    pair_first: np.ndarray
    pair_second: np.ndarray
    pair_effect: np.ndarray
    trans_gene: np.ndarray
    trans_factor: np.ndarray
    trans_effect: np.ndarray
    module_active: np.ndarray
    cre_site: np.ndarray
    cre_strength: np.ndarray | None = None
    neighbour_site: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    neighbour_distance: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def owner(self) -> np.ndarray:
        """Whether a CRE has a peak of its own, shape (CREs,)."""
        return self.cre_site == np.arange(len(self.cre_site))

    @property
    def cre_gene(self) -> np.ndarray:
        """Gene of each CRE, shape (CREs,)."""
        return self.module_gene[self.cre_module]


def draw_regulation(
    genes: Genes, generator: np.random.Generator, design: Design = OBSERVED
) -> Regulation:
    """Draw the regulation of every gene; `xbench.simulation.intricacies` makes it harder."""
    kind, active = _kinds(genes, generator)
    marker = kind == MARKER
    n_modules = _pick(MODULES, MARKER_MODULES, marker, generator)
    module_gene = np.repeat(np.arange(len(genes)), n_modules)
    n_cres = _pick(CRES, MARKER_CRES, marker[module_gene], generator)
    cre_module = np.repeat(np.arange(len(module_gene)), n_cres)
    first, second = _pairs(module_gene)
    kept = generator.random(len(first)) < SYNERGY_CHANCE
    trans_gene, trans_factor = _trans(genes, kind, active, generator)
    return Regulation(
        kind=kind,
        active=active,
        base=_by_kind(BASE, kind, generator.standard_normal(len(genes))),
        module_gene=module_gene,
        module_effect=_effects(kind, module_gene, generator),
        cre_module=cre_module,
        cre_weight=generator.uniform(*WEIGHT, len(cre_module)),
        cre_distance=_distances(module_gene, cre_module, design.far_chance, generator),
        pair_first=first[kept],
        pair_second=second[kept],
        pair_effect=generator.uniform(*SYNERGY, kept.sum()),
        trans_gene=trans_gene,
        trans_factor=trans_factor,
        trans_effect=generator.uniform(*TRANS_EFFECT, len(trans_gene)),
        module_active=active[module_gene],
        cre_site=np.arange(len(cre_module)),
    )


def _pick(
    shares: dict[int, float],
    marker_shares: dict[int, float],
    marker: np.ndarray,
    generator: np.random.Generator,
) -> np.ndarray:
    """Draw a number for each, by other shares for markers."""
    drawn = [
        generator.choice(list(table), size=len(marker), p=list(table.values()))
        for table in (shares, marker_shares)
    ]
    return np.where(marker, drawn[1], drawn[0])


def _kinds(genes: Genes, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    kind = generator.choice(3, size=len(genes), p=KIND_SHARES)
    active = np.zeros((len(genes), len(CELL_TYPES)), dtype=bool)
    own = generator.integers(len(CELL_TYPES), size=len(genes))
    lineage = generator.integers(len(LINEAGES), size=len(genes))
    groups = np.array([[name in group for name in CELL_TYPES] for group in LINEAGES])
    active[np.arange(len(genes)), own] = True
    active[kind == LINEAGE] = groups[lineage[kind == LINEAGE]]
    active[kind == BROAD] = True
    for name, types in {**TRANSCRIPTION_FACTORS, **MARKERS}.items():
        row = np.flatnonzero(genes.names == name)
        kind[row] = MARKER if name in MARKERS else SPECIFIC
        active[row] = [cell_type in types for cell_type in CELL_TYPES]
    return kind, active


def _by_kind(
    table: tuple[tuple[float, float], ...], kind: np.ndarray, normal: np.ndarray
) -> np.ndarray:
    mean, deviation = np.array(table)[kind].T
    return mean + deviation * normal


def _effects(
    kind: np.ndarray, module_gene: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Return a of each module: a gene's total, shared out as gamma(4) variables."""
    low, high = np.array(TOTAL_EFFECT)[kind].T
    total = generator.uniform(low, high)
    part = generator.gamma(4.0, size=len(module_gene))
    return part * (total / np.bincount(module_gene, part))[module_gene]


def far_or_near(count: int, far_chance: float, generator: np.random.Generator) -> np.ndarray:
    """Draw signed distances to the TSS of CREs that are not at it, in base pairs."""
    far = generator.random(count) < far_chance
    low, high = np.where(far, FAR[0], NEAR[0]), np.where(far, FAR[1], NEAR[1])
    distance = np.exp(generator.uniform(np.log(low), np.log(high)))
    return distance * generator.choice([-1.0, 1.0], size=count)


def _distances(
    module_gene: np.ndarray,
    cre_module: np.ndarray,
    far_chance: float,
    generator: np.random.Generator,
) -> np.ndarray:
    count = len(cre_module)
    distance = far_or_near(count, far_chance, generator)
    gene = module_gene[cre_module]
    is_first = np.concatenate([[True], gene[1:] != gene[:-1]])
    distance[is_first & (generator.random(count) < PROMOTER_CHANCE)] = 0
    return distance.astype(np.int64)


def _pairs(module_gene: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return all pairs of modules of one gene; its at most 3 modules are neighbours."""
    every = np.arange(len(module_gene))
    first = np.concatenate([every[:-1], every[:-2]])
    second = np.concatenate([every[1:], every[2:]])
    same = module_gene[first] == module_gene[second]
    return first[same], second[same]


def _trans(
    genes: Genes, kind: np.ndarray, active: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return genes regulated through a factor that is active in one of their own types."""
    is_factor = np.isin(genes.names, list(TRANSCRIPTION_FACTORS))
    factors = np.flatnonzero(is_factor)
    chosen = (generator.random(len(genes)) < TRANS_CHANCE) & (kind != BROAD) & ~is_factor
    regulated = np.flatnonzero(chosen)
    shared = active[regulated].astype(int) @ active[factors].T.astype(int) > 0
    # The largest of random numbers among the factors allowed is one of them at random.
    lottery = np.where(shared, generator.random(shared.shape), -1.0)
    return regulated, factors[lottery.argmax(axis=1)]
