# What the forecast knows of each variant's first batch, and of the jobs that it does not run.


def first_batches():
    """Where the first batch of each variant of each study leaves what the forecast reads; data that variants share count once."""
    found, shared = [], set()
    for study, settings in STUDIES.items():
        first = next(iter(BATCHES[study]))
        for variant, own in settings["variants"].items():
            source = source_of(study, variant)
            logs = {rule: f"logs/{study}/{rule}/{variant}_seeds_{first}.log" for rule in ("fit", "diagnose")}
            logs |= {"check": f"logs/{study}/check/{variant}_seeds_{first}.log"} if settings["checks"] else {}
            folders = [f"results/{study}/fits/{variant}/seeds_{first}"]
            if study in SIMULATED and (study, source) not in shared:
                of_source = "" if source == "design" else f"{source}_"
                logs["simulate"] = f"logs/{study}/simulate/{of_source}seeds_{first}.log"
                folders.append(f"results/{study}/data/{source}/seeds_{first}")
                shared.add((study, source))
            found.append(
                {
                    "study": study,
                    "variant": variant,
                    "fits": len(BATCHES[study][first]),
                    "all_fits": len(SEEDS[study]),
                    "batches": len(BATCHES[study]),
                    "threads": min(settings["threads"], workflow.cores or settings["threads"]),
                    "logs": logs,
                    "folders": folders,
                    "keeps_draws": settings["keep_draws"],
                }
            )
    return found


def count_other_jobs():
    """About how many jobs there are for tables, figures and pages."""
    count = 0
    for study, settings in STUDIES.items():
        variants, figures = len(settings["variants"]), settings["figure_seeds"]
        count += 3 + (study in CALIBRATED) + (study in COMPARED)
        if study not in POINTS:
            count += 1 + variants + figures * (1 + 2 * variants) + (study in SEVERAL_SEEDS) + variants * (study in CALIBRATED)
    return count
