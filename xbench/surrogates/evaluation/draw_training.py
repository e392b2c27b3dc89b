"""The validation loss of each stage of training."""

from __future__ import annotations

from matplotlib.figure import FigureBase

from xbench.surrogates.evaluation.measure import SurrogateReport
from xbench.utils.plotting import INK, PREDICTOR_COLOURS


def draw_training(figure: FigureBase, report: SurrogateReport) -> None:
    """Draw one curve a stage, with its best step.

    Parameters
    ----------
    figure
        Empty; 11 inches wide, 2.2 inches high.
    report
        Of a surrogate that was trained in stages.
    """
    stages = list(report.subject.stages.values())
    panels = figure.subplots(1, len(stages), squeeze=False)[0]
    figure.subplots_adjust(left=0.06, right=0.97, top=0.86, bottom=0.22, wspace=0.2)
    for axes, stage in zip(panels, stages, strict=True):
        steps, losses = zip(*stage["curve"], strict=True)
        axes.plot(steps, losses, color=PREDICTOR_COLOURS["surrogate"], lw=1.2, marker="o", ms=2.5)
        best = (stage["best_step"], stage["best_validation"])
        axes.plot(*best, ls="", marker="o", ms=7, mfc="none", mec=INK, mew=1.1)
        axes.set_title(f"{stage['name']}: best at step {best[0]:,}, loss {best[1]:.4g}", loc="left")
        axes.set_xlabel("step", labelpad=1)
        axes.margins(y=0.12)
    panels[0].set_ylabel("validation loss")
