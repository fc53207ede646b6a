"""What a whole config will cost, forecast from one batch of each variant of each study.

A batch of n fits that took the time t, of N fits in all, gives N t / n. Fits differ: with the sd s of their times, the total
differs from the forecast by about N s sqrt(1 / n - 1 / N), since the n fits are a sample of the N (Cochran 1977, chapter 2).
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from guidefit.base import parquet, usage
from guidefit.base.errors import UserError
from guidefit.base.usage import Usage

OTHER_SECONDS = 4.0  # of a job for tables, figures or pages, which are not run for the forecast
START_SECONDS = 10.0  # until Snakemake starts the first job, and after the last one


@dataclass(frozen=True)
class Batch:
    """One batch of one variant, as it ran.

    fits: in the batch; all_fits, batches: of the variant in its study, at most where the study stops when its answer is known.
    jobs: what each job of the batch used, by its rule. threads: cores that the fit holds. seconds: of each fit (its compiling and
    sampling), which says how much fits differ. kept_mb: size of the files that stay.
    """

    study: str
    variant: str
    fits: int
    all_fits: int
    batches: int
    jobs: Mapping[str, Usage]
    threads: int
    seconds: np.ndarray
    kept_mb: float


def read_batch(
    *,
    study: str,
    variant: str,
    fits: int,
    all_fits: int,
    batches: int,
    threads: int,
    logs: Mapping[str, str],
    folders: Sequence[str],
    keeps_draws: bool,
) -> Batch:
    """A batch that ran. logs: of its jobs, by rule; folders: of its files, of which the first one has those of the fits.

    Raises UserError where a job has not noted what it used.
    """
    jobs = {rule: usage.read(log) for rule, log in logs.items()}
    lost = [rule for rule, used in jobs.items() if used is None]
    if lost:
        raise UserError(
            f"what the job {lost[0]} of {study}, {variant} used was not recorded: {usage.file_of(logs[lost[0]])} is missing. "
            f"A job writes this file when it ends. Delete {folders[0]} and forecast again."
        )
    table = parquet.read(f"{folders[0]}/diagnostics.parquet", ["seconds_compile", "seconds_sampling"])
    seconds = table.dropna().sum(axis=1).to_numpy()
    files = [file for folder in folders for file in Path(folder).iterdir() if keeps_draws or file.name != "posterior.nc"]
    kept = sum(file.stat().st_size for file in files) / 1e6
    used = {rule: each for rule, each in jobs.items() if each is not None}
    return Batch(study, variant, fits, all_fits, batches, used, threads, seconds, kept)


def forecast(batches: Sequence[Batch]) -> pd.DataFrame:
    """The costs of each variant of each study: one row each, with the 95 % interval of its core-hours.

    Core-hours are what jobs hold: wall seconds x cores. cpu_hours are what they use of them.
    """
    return pd.DataFrame([_row(batch) for batch in batches])


def _row(batch: Batch) -> dict[str, object]:
    share = batch.all_fits / batch.fits
    held = {rule: used.seconds * (batch.threads if rule == "fit" else 1) for rule, used in batch.jobs.items()}
    core_seconds, spread = share * sum(held.values()), np.nan
    if len(batch.seconds) > 1:
        sd = batch.threads * np.std(batch.seconds, ddof=1)
        spread = 1.96 * batch.all_fits * sd * np.sqrt(max(1 / len(batch.seconds) - 1 / batch.all_fits, 0))
    return {
        "study": batch.study,
        "variant": batch.variant,
        "fits": batch.all_fits,
        "measured_fits": batch.fits,
        "batches": batch.batches,
        "cpu_hours": share * sum(used.cpu_seconds for used in batch.jobs.values()) / 3600,
        "core_hours": core_seconds / 3600,
        "core_hours_lower": max(core_seconds - spread, 0) / 3600 if np.isfinite(spread) else np.nan,
        "core_hours_upper": (core_seconds + spread) / 3600,
        "longest_job_minutes": max(used.seconds for used in batch.jobs.values()) / 60,
        "memory_mb": max(used.memory_mb for used in batch.jobs.values()),
        "disk_mb": share * batch.kept_mb,
        "slurm_jobs": batch.batches * 2 + int(np.ceil(batch.batches / 20)),  # fit; check and diagnose; simulate, 20 in a job
    }


def describe(table: pd.DataFrame, other_jobs: int, cores: int, bounded: Sequence[str] = ()) -> str:
    """The forecast as text. other_jobs: for tables, figures and pages; bounded: studies that stop when their answer is known."""
    other = other_jobs * OTHER_SECONDS / 3600
    total, cpu = table["core_hours"].sum() + other, table["cpu_hours"].sum() + other
    widths = table["core_hours_upper"] - table["core_hours"]
    width, unknown = float(np.sqrt((widths**2).sum())), int(widths.isna().sum())
    wall = [max(each, 0) / cores + START_SECONDS / 3600 for each in (total, total - width, total + width)]
    spread = f"{_time(wall[1])} to {_time(wall[2])}"
    memory = table["memory_mb"].max()
    slurm_jobs = table["slurm_jobs"].sum() + table["study"].nunique() + int(np.ceil(other_jobs / 20))
    lines = [
        f"{'study':24} {'variant':22} {'fits':>8} {'measured':>8} {'core-hours':>11} {'95 %':>17} {'MB/job':>7} {'disk':>9}",
        *(_line(row) for row in table.to_dict("records")),
        "",
        f"In all {table['fits'].sum():,} fits: {cpu:.2g} CPU-hours in jobs that hold {total:.2g} core-hours.",
        f"Of these {other:.2g} are for about {other_jobs:,} tables, figures and pages, which were not measured.",
        f"Wall time on {cores} core(s): {_time(wall[0])} ({spread}, as far as fits differ; other work on the machine adds to it).",
        f"Memory: at most {memory:,.0f} MB a job, so {cores * memory / 1000:.1f} GB for {cores} at a time.",
        f"Disk: {_size(table['disk_mb'].sum())}.",
        f"On SLURM: about {slurm_jobs:,} jobs; the longest takes {_time(table['longest_job_minutes'].max() / 60)}.",
    ]
    if unknown:
        lines.append(f"{unknown} of {len(table)} variants have one measured fit: how much their fits differ is not known.")
    if bounded:
        lines.append(f"At most: {', '.join(bounded)} will stop when the answer is known.")
    return "\n".join(lines) + "\n"


def _line(row: Mapping[Hashable, Any]) -> str:
    lower, upper = row["core_hours_lower"], row["core_hours_upper"]
    interval = f"{lower:.2g} to {upper:.2g}" if np.isfinite(lower) else "unknown"
    fits = f"{row['study']:24} {row['variant']:22} {row['fits']:8,} {row['measured_fits']:8,}"
    return f"{fits} {row['core_hours']:11.2g} {interval:>17} {row['memory_mb']:7,.0f} {_size(row['disk_mb']):>9}"


def _size(megabytes: float) -> str:
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"


def _time(hours: float) -> str:
    if hours >= 48:
        return f"{hours / 24:.0f} days"
    if hours >= 2:
        return f"{hours:.1f} hours"
    return f"{60 * hours:.0f} minutes" if hours >= 1 / 30 else f"{3600 * hours:.0f} s"
