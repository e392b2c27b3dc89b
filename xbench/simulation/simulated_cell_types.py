"""The simulated cell types, and the genes that are told apart by name."""

# Shares of nuclei, near those of published nuclei from the adult prefrontal cortex.
SHARES: dict[str, float] = {
    "Exc": 0.44,
    "Astro": 0.11,
    "Endo": 0.02,
    "Micro": 0.05,
    "OPC": 0.06,
    "Oligo": 0.21,
    "SST": 0.05,
    "VIP": 0.06,
}
CELL_TYPES = tuple(SHARES)

# Groups that share regulation: the types in which a lineage gene is active.
LINEAGES: tuple[tuple[str, ...], ...] = (
    ("Exc", "SST", "VIP"),
    ("SST", "VIP"),
    ("Astro", "OPC", "Oligo"),
    ("OPC", "Oligo"),
    ("Endo", "Micro"),
)

# The paper's marker genes (protocol, Targets) and SATB2, with the types in which they are active.
MARKERS: dict[str, tuple[str, ...]] = {
    "SATB2": ("Exc",),
    "GAD1": ("SST", "VIP"),
    "GAD2": ("SST", "VIP"),
    "NXPH1": ("OPC",),
    "OLIG1": ("OPC",),
    "OLIG2": ("OPC",),
    "FLT1": ("Endo",),
    "CLDN5": ("Endo",),
    "ALDH1A1": ("Astro",),
    "AQP4": ("Astro",),
    "GJA1": ("Astro",),
    "MOBP": ("Oligo",),
    "MOG": ("Oligo",),
    "CX3CR1": ("Micro",),
    "APBB1IP": ("Micro",),
}

# Genes of factors that other genes are regulated through, with the types in which they are active.
TRANSCRIPTION_FACTORS: dict[str, tuple[str, ...]] = {
    "NEUROD2": ("Exc",),
    "NEUROD6": ("Exc",),
    "TBR1": ("Exc",),
    "SOX9": ("Astro",),
    "RORB": ("Astro",),
    "ERG": ("Endo",),
    "SOX17": ("Endo",),
    "SPI1": ("Micro",),
    "IRF8": ("Micro",),
    "ASCL1": ("OPC",),
    "SOX10": ("OPC", "Oligo"),
    "MYRF": ("Oligo",),
    "LHX6": ("SST",),
    "PROX1": ("VIP",),
    "DLX1": ("SST", "VIP"),
    "DLX5": ("SST", "VIP"),
}
