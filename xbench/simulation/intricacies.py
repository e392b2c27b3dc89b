"""What makes regulation harder: repressing modules, peaks that serve two genes, idle neighbours."""

from dataclasses import replace

import numpy as np

from xbench.simulation.gene_positions import Genes
from xbench.simulation.parameters import Design
from xbench.simulation.regulation import WEIGHT, Regulation, far_or_near

# CREs of a repressing module.
REPRESSORS = (1, 2)
# Chance that a repressing module opens in the types of its gene, not in the others.
REPRESSED_AT_HOME = 0.5


def intricate(
    regulation: Regulation, genes: Genes, design: Design, generator: np.random.Generator
) -> Regulation:
    """Add what a design asks for to a plan; see `xbench.simulation.parameters.Design`.

    Examples
    --------
    >>> from xbench.simulation.parameters import SPARSE
    >>> from xbench.simulation.gene_positions import choose_genes
    >>> from xbench.simulation.regulation import draw_regulation
    >>> genes = choose_genes(200, np.random.default_rng(0))
    >>> plain = draw_regulation(genes, np.random.default_rng(1), SPARSE)
    >>> harder = intricate(plain, genes, SPARSE, np.random.default_rng(2))
    >>> bool(harder.module_effect.min() < 0 < plain.module_effect.min())
    True
    """
    repressed = _with_repressors(regulation, design, generator)
    shared = _with_shared_sites(repressed, genes, design, generator)
    return _with_neighbours(_with_strengths(shared, design, generator), design, generator)


def _with_repressors(
    regulation: Regulation, design: Design, generator: np.random.Generator
) -> Regulation:
    """Append repressing modules; none has synergy with another module."""
    n_genes = len(regulation.base)
    gene = np.flatnonzero(generator.random(n_genes) < design.repressed_chance)
    at_home = generator.random(len(gene)) < REPRESSED_AT_HOME
    own = regulation.active[gene]
    # A gene that is active in all types has no others.
    active = np.where(at_home[:, None] | own.all(axis=1, keepdims=True), own, ~own)
    n_cres = generator.integers(REPRESSORS[0], REPRESSORS[1] + 1, size=len(gene))
    module = len(regulation.module_gene) + np.repeat(np.arange(len(gene)), n_cres)
    count = len(module)
    distance = far_or_near(count, design.far_chance, generator).astype(np.int64)
    effect = -generator.uniform(*design.repression, len(gene))
    cre_module = np.concatenate([regulation.cre_module, module])
    return replace(
        regulation,
        module_gene=np.concatenate([regulation.module_gene, gene]),
        module_effect=np.concatenate([regulation.module_effect, effect]),
        module_active=np.concatenate([regulation.module_active, active]),
        cre_module=cre_module,
        cre_weight=np.concatenate([regulation.cre_weight, generator.uniform(*WEIGHT, count)]),
        cre_distance=np.concatenate([regulation.cre_distance, distance]),
        cre_site=np.arange(len(cre_module)),
    )


def _with_shared_sites(
    regulation: Regulation, genes: Genes, design: Design, generator: np.random.Generator
) -> Regulation:
    """Let some CREs be the peak of another gene's CRE that lies near enough to their own gene.

    A peak serves two genes at most, and never a gene and the factor that it is regulated through:
    what a gene's F depends on then holds no peak twice.
    """
    gene = regulation.cre_gene
    chrom, tss = genes.chrom[gene], genes.start[gene]
    place = tss + regulation.cre_distance
    factor_of = dict(
        zip(regulation.trans_gene.tolist(), regulation.trans_factor.tolist(), strict=True)
    )
    wishes = (generator.random(len(gene)) < design.shared_chance) & (regulation.cre_distance != 0)
    site = regulation.cre_site.copy()
    # Neither a CRE that shares a peak already, nor one whose peak is shared already.
    free = np.ones(len(site), dtype=bool)
    for cre in generator.permutation(np.flatnonzero(wishes)):
        if not free[cre]:
            continue
        own = int(gene[cre])
        near = free & (chrom == chrom[cre]) & (np.abs(place - tss[cre]) <= design.shared_within)
        others = [
            other
            for other in np.flatnonzero(near & (gene != own))
            if factor_of.get(own) != gene[other] and factor_of.get(int(gene[other])) != own
        ]
        if others:
            site[cre] = generator.choice(others)
            free[[cre, site[cre]]] = False
    return replace(regulation, cre_site=site)


def _with_strengths(
    regulation: Regulation, design: Design, generator: np.random.Generator
) -> Regulation:
    """Give each peak a strength in each type, the same for both genes that it serves."""
    shape = (len(regulation.cre_site), regulation.active.shape[1])
    strength = generator.uniform(*design.strength, shape).astype(np.float32)
    return replace(regulation, cre_strength=strength[regulation.cre_site])


def _with_neighbours(
    regulation: Regulation, design: Design, generator: np.random.Generator
) -> Regulation:
    owners = np.flatnonzero(regulation.owner)
    count = generator.poisson(design.neighbours, size=len(owners))
    site = np.repeat(owners, count)
    low, high = np.log(design.neighbour_distance)
    distance = np.exp(generator.uniform(low, high, len(site)))
    distance *= generator.choice([-1.0, 1.0], size=len(site))
    return replace(regulation, neighbour_site=site, neighbour_distance=distance.astype(np.int64))
