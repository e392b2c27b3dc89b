"""Every metric xbench reports, declared in one list."""

from __future__ import annotations

from xbench.metrics.base import Metric

_DECLARED = (
    Metric(
        "avg-delta",
        "Avg. Δ",
        "expression",
        "lower",
        description="Mean change of exp(F) of the target on test cells after masking "
        "(paper, Section 5.3.1); negative where masking lowers expression.",
        explains="expression",
    ),
    Metric(
        "rel-delta",
        "Rel. Δ(%)",
        "%",
        "lower",
        low=-100.0,
        description="Mean of (a - b) / b with a = exp(F(masked x)), b = exp(F(x)) on test cells "
        "(paper, Section 5.3.1).",
        explains="expression",
    ),
    Metric(
        "rel-delta-expm1",
        "Rel. Δ expm1(%)",
        "%",
        "lower",
        low=-100.0,
        description="Change of the summed expm1(F) over test cells, relative to its sum before: "
        "expression without the added 1 of exp(log1p).",
        explains="expression",
    ),
    Metric(
        "hit-ratio",
        "HR(%)",
        "%",
        "higher",
        low=0.0,
        high=100.0,
        description="100 where the selected peak closest to the target overlaps its gene body, "
        "else 0; the mean over targets is the paper's HR (Table 3).",
        pooled="targets",
    ),
    Metric(
        "hit-ratio-chance",
        "HR chance(%)",
        "%",
        "none",
        low=0.0,
        high=100.0,
        description="Exact probability that L uniformly random distinct peaks hit.",
        pooled="targets",
    ),
    Metric(
        "soft-hit-ratio",
        "SHR(%)",
        "%",
        "higher",
        low=0.0,
        high=100.0,
        description="As hit-ratio, within 10 Mb of the gene body (Table 3).",
        pooled="targets",
    ),
    Metric(
        "soft-hit-ratio-chance",
        "SHR chance(%)",
        "%",
        "none",
        low=0.0,
        high=100.0,
        description="Exact probability that L uniformly random distinct peaks soft-hit.",
        pooled="targets",
    ),
    Metric(
        "optimality",
        "optimality",
        "1",
        "higher",
        low=0.0,
        high=1.0,
        description="Drop of the true mean F on test cells, relative to the largest that any L "
        "peaks reach; only where the truth is known.",
    ),
    Metric(
        "module-recall",
        "module recall",
        "1",
        "higher",
        low=0.0,
        high=1.0,
        description="Share of the gene's own enhancer modules whose peaks are all masked; only "
        "where the truth is known.",
    ),
    Metric(
        "own-class-share-before",
        "own class before(%)",
        "%",
        "none",
        low=0.0,
        high=100.0,
        description="Share of test inputs predicted as their own class before masking.",
        explains="classes",
    ),
    Metric(
        "own-class-share-after",
        "own class after(%)",
        "%",
        "lower",
        low=0.0,
        high=100.0,
        description="Share of test inputs predicted as their own class after masking.",
        explains="classes",
    ),
    Metric(
        "target-class-share-before",
        "target class before(%)",
        "%",
        "none",
        low=0.0,
        high=100.0,
        description="Share of test inputs predicted as the target class before masking.",
        explains="classes",
    ),
    Metric(
        "target-class-share-after",
        "target class after(%)",
        "%",
        "higher",
        low=0.0,
        high=100.0,
        description="Share of test inputs predicted as the target class after masking.",
        explains="classes",
    ),
    Metric(
        "log-odds-drop",
        "log-odds drop",
        "nats",
        "higher",
        description="Mean fall of log p(own class) - log p(target class) on test inputs.",
        explains="classes",
    ),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _DECLARED}
