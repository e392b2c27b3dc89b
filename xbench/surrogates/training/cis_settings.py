"""Settings of `cis`: its network of all peaks, and each gene's own."""

from dataclasses import dataclass

from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt

from xbench.surrogates.training.batches import LARGEST_SIZE
from xbench.surrogates.training.own_modules import ModuleSettings
from xbench.surrogates.training.paired import USUAL_SIZE, PairedTraining, Share

LOSSES = ("negative-binomial", "poisson")
FORMS = ("likelier", "modules", "shrunken")
NETWORKS = ("likelier", "fixed", "trained", "dropped")


@dataclass(frozen=True)
class CisTraining(PairedTraining):
    """Settings of `cis`, on top of those of `end-to-end`, which are for its network.

    Parameters
    ----------
    network
        ``"fixed"``: the network's first layer stays what it begins with, the leading directions of
        the data. ``"trained"``: it is trained, with the type as a second output, and twice the
        steps. ``"dropped"``: it is trained as that of `end-to-end`, which is shown half of a cell's
        open peaks at a time (or all but `peaks_dropped`, where that is above 0), with its rate and
        five times the steps. ``"likelier"``: the network under which validation cells are
        likeliest, or the fixed one where cells have more than 1,000 open peaks on average:
        directions of so many are known well, and to train them would take longer than all else.
    window
        How far from a gene's body its own peaks may lie, in base pairs.
    form
        What a gene's own peaks are: ``"modules"`` of peaks that stand in for each other, each gene
        for itself; ``"shrunken"``, a sum of effects drawn to what all genes' peaks say; or
        ``"likelier"``, that of the two under which validation cells of some genes are; where it is
        modules, a gene that they do not help has shrunken effects, if these do.
    tests
        Peaks that each of two score tests chooses for a gene's modules: one over all cells, one
        within cell types.
    modules
        Modules of peaks that stand in for each other.
    sparsity
        Penalty on the sum of the weights of a gene's modules, relative to a cell's loss.
    rounds
        Most steps of each gene's fit of modules.
    """

    steps: PositiveInt = 400
    learning_rate: PositiveFloat = 1e-2
    first_layer: bool = False
    peaks_dropped: Share = 0.0
    cell_type_weight: NonNegativeFloat = 0.0
    network: str = "likelier"
    window: PositiveFloat = 1e7
    form: str = "likelier"
    tests: PositiveInt = 20
    modules: PositiveInt = 3
    sparsity: NonNegativeFloat = 3e-4
    rounds: PositiveInt = 8

    @property
    def own_modules(self) -> ModuleSettings:
        """What the fit of one gene heeds."""
        poisson = self.loss == "poisson"
        size = LARGEST_SIZE if poisson else USUAL_SIZE
        return ModuleSettings(self.tests, self.modules, self.sparsity, self.rounds, poisson, size)
