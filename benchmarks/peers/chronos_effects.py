"""Gene effects by cell line of Chronos (PyPI `crispr-chronos`), as its README runs it: outgrowths removed, 801 epochs.

python chronos_effects.py FOLDER     reads counts.parquet, sequence_map.csv, guide_map.csv, copy_number.parquet and controls.json,
                                     writes chronos.parquet, chronos_corrected.parquet (line x gene) and chronos.json to FOLDER

Needs an environment of its own: benchmarks/peers/requirements-screens.txt.
"""

import json
import resource
import sys
import time
from pathlib import Path

import pandas as pd

EPOCHS = 801


def main(folder: Path) -> None:
    """Train the model on counts, then correct its effects for copy number."""
    started = time.perf_counter()
    import chronos

    counts = pd.read_parquet(folder / "counts.parquet")
    sequences, guides = (pd.read_csv(folder / f"{name}.csv") for name in ("sequence_map", "guide_map"))
    controls = json.loads((folder / "controls.json").read_text())
    negative = guides.sgrna[guides.gene.isin(controls["nonessential"])].tolist()
    chronos.nan_outgrowths(readcounts=counts, sequence_map=sequences, guide_gene_map=guides)
    model = chronos.Chronos(
        sequence_map={"screen": sequences},
        guide_gene_map={"screen": guides},
        readcounts={"screen": counts},
        negative_control_sgrnas={"screen": negative},
    )
    model.train(EPOCHS, report_freq=200)
    effects = model.gene_effect
    effects.to_parquet(folder / "chronos.parquet")
    trained = time.perf_counter()
    copies = pd.read_parquet(folder / "copy_number.parquet")
    shared = effects.columns[effects.columns.isin(copies.columns)]
    lines = effects.index[effects.index.isin(copies.index)]
    corrected, _ = chronos.alternate_CN(effects.loc[lines, shared], copies.loc[lines, shared])
    corrected.to_parquet(folder / "chronos_corrected.parquet")
    record = {
        "seconds": trained - started,
        "seconds_correction": time.perf_counter() - trained,
        "cpu_seconds": time.process_time(),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    (folder / "chronos.json").write_text(json.dumps(record))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
