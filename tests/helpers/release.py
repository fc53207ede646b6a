"""A small simulated release of a screen in DepMap's formats."""

import h5py
import numpy as np
import pandas as pd


def write_matrix(path, table):
    if path.suffix == ".csv":
        table.to_csv(path)
        return
    with h5py.File(path, "w") as file:
        file["data"] = table.to_numpy(float)
        file["dim_0"], file["dim_1"] = table.index.to_numpy("S"), table.columns.to_numpy("S")


def made_up():
    """Tables by name: 4 lines of 1 to 3 replicates in two plasmid batches, 5 genes of 4 guides."""
    rng = np.random.default_rng(4)
    replicates = [("L1", "A"), ("L1", "A"), ("L2", "A"), ("L3", "A"), ("L3", "B"), ("L3", "B"), ("L4", "B"), ("L4", "B")]
    rows = [(f"{line}_{i}", line, batch, "True") for i, (line, batch) in enumerate(replicates)]
    rows += [("p1", "pDNA", "A", "True"), ("p2", "pDNA", "A", "True"), ("p3", "pDNA", "B", "True")]
    sequences = pd.DataFrame(rows, columns=["sequence_ID", "cell_line_name", "pDNA_batch", "PassesQC"])
    guides = pd.DataFrame(
        [(f"g{g}{i}", f"GENE{g} ({g + 100})", 1.0, "") for g in range(5) for i in range(4)],
        columns=["sgrna", "gene", "nAlignments", "DropReason"],
    )
    counts = rng.poisson(rng.gamma(8, 60, (len(sequences), len(guides)))).astype(float)
    counts[-3:, 7] = [2, 3, 900]  # the plasmid of batch A has too little of g13
    counts[1, 3] = np.nan
    counts = pd.DataFrame(counts, sequences["sequence_ID"], guides["sgrna"])
    copies = np.log2(rng.gamma(4, 0.25, (5, 6)) + 1)
    copies[0, 1] = np.nan
    copies = pd.DataFrame(copies, ["L1", "L2", "L3", "L4", "L9"], [f"GENE{g} ({g + 100})" for g in range(6)])
    nonessential = pd.DataFrame({"Gene": ["GENE2 (102)", "GENE3 (103)"]})
    return {"counts": counts, "sequence_map": sequences, "guide_map": guides, "copy_number": copies, "nonessential": nonessential}


def save(folder, release, ending=".hdf5"):
    paths = {}
    for name, table in release.items():
        path = folder / f"{name}{ending if name in ('counts', 'logfc', 'copy_number') else '.csv'}"
        if name in ("counts", "logfc", "copy_number"):
            write_matrix(path, table)
        else:
            table.to_csv(path, index=False)
        paths[name] = str(path)
    return paths
