"""The question of a study and its answer in three sentences, with a light."""

from dataclasses import dataclass

import pandas as pd

from guidefit.assess import checks
from guidefit.report.pages import answers, correction, shown, verdicts
from guidefit.report.pages.material import Material

LIGHTS = {
    "pass": "can be relied on",
    "unchecked": "not fully checked",
    "warn": "usable, read the reasons",
    "fail": "do not use",
    "error": "no result",
}


@dataclass(frozen=True)
class Answer:
    """level: of the light (see checks.VERDICTS), sentences: three."""

    level: str
    sentences: list[str]

    @property
    def light(self) -> str:
        """What the light says."""
        return LIGHTS[self.level]


def question(material: Material) -> str:
    """What the study asks."""
    arms = material.settings["arms"]
    if material.is_real and arms.get("against"):
        of, against = (", ".join(map(str, arms[name].values())) for name in ("of", "against"))
        return f"Which knock-outs act differently in {of} than in {against}?"
    if material.is_real:
        has_copies = material.genes is not None and material.genes.genes["cna_highest"].notna().any()
        return f"Which genes do these cells need{', once the effect of copy number is removed' if has_copies else ''}?"
    if material.tables.calibration is not None:
        return "Are the fits calibrated: do their intervals contain the truth as often as they claim?"
    if not material.is_one_seed:
        return "Do these models find the truth that screens were simulated from?"
    return "Which of these models describes the simulated screen, and does it find the truth?"


def answer(material: Material) -> Answer:
    """The answer: whether the fits can be used, what they say, and how far models and correction can be trusted."""
    if not material.tables.diagnostics["verdict"].isin(checks.SOUND).any():
        return Answer(_worst_best(material), [_no_fit(material), "The reasons are below.", "Nothing else can be concluded."])
    return Answer(_level(material), [_trust(material), _finding(material), _comparison(material)])


def _worst_best(material: Material) -> str:
    found = material.tables.diagnostics["verdict"]
    return str(min(found, key=checks.VERDICTS.index))


def _level(material: Material) -> str:
    """The level of the variant that can be relied on most: over the seeds if they are judged, else that of its fit."""
    if material.is_one_seed:
        return str(material.fits.set_index("variant")["verdict"][material.chosen[0]])
    levels: dict[str, list[str]] = {}
    for row in _over_seeds(material):
        levels.setdefault(row["variant"], []).append(row["level"])
    return min((checks.verdict(each) for each in levels.values()), key=checks.VERDICTS.index, default=_worst_best(material))


def _over_seeds(material: Material) -> list[dict]:
    """Answers on calibration, or else on recovery, of each variant."""
    tables, share = material.tables, material.settings["thresholds"]["failed_share_max"]
    if tables.calibration is not None:
        return answers.of_calibration(tables.calibration, share)
    return [] if tables.recovery is None else answers.of_recovery(tables.recovery, tables.diagnostics, share)


def _no_fit(material: Material) -> str:
    table = material.tables.diagnostics
    stopped = int((table["verdict"] == "error").sum())
    return f"No fit can be used: of {len(table):,} fits {stopped:,} stopped and {len(table) - stopped:,} failed their checks."


def _trust(material: Material) -> str:
    """Which fits can be used."""
    table = material.tables.diagnostics
    if not material.is_one_seed:
        sound = int(table["verdict"].isin(checks.SOUND).sum())
        return f"{sound:,} of {len(table):,} fits can be used ({table['seed'].nunique():,} seeds)."
    name, why = material.chosen
    level = material.fits.set_index("variant")["verdict"][name]
    text = f"The estimates of {name} can be used (its verdict is {level}; {why})"
    bad = [variant for variant, each in zip(table["variant"], table["verdict"], strict=True) if each in checks.FAILED]
    if not bad:
        return f"{text}."
    rows = material.checks(bad[0])
    reasons = verdicts.by_severity(rows[rows["level"].isin(checks.FAILED)])
    reasons = reasons.sort_values("check", key=lambda names: names != checks.CONTRACTION, kind="stable")  # explains the others
    reason = shown.of_checks(reasons.head(1), tuple(reasons["check"].head(1))).rstrip(".")
    reason = reason[:1].lower() + reason[1:] if reason[1:2].islower() else reason
    others = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
    return f"{text}, but not those of {bad[0]}{others}{f' ({reason})' if reason else ''}."


def _finding(material: Material) -> str:
    """What the fits say."""
    if material.is_real:
        return _genes(material)
    if material.is_one_seed:
        covered, known = shown.inside(material.estimates(material.chosen[0]))
        if not known:
            return "No parameter has a truth on the scale of x that it could be compared with."
        return f"Of {known} true values {covered} ({covered / known:.0%}) lie within the 95 % intervals of {material.chosen[0]}."
    what = "is calibrated" if material.tables.calibration is not None else "recovers the truth"
    parts = [f"{row['variant']}: {row['answer']}" for row in _over_seeds(material)]
    return f"Whether a variant {what}: {', '.join(parts) or 'not judged'}."


def _genes(material: Material) -> str:
    """How many genes are called, and the strongest."""
    table = material.genes.genes if material.genes is not None else pd.DataFrame({"variant": []})
    table = table[table["variant"] == material.chosen[0]]
    if table.empty:
        return f"{material.chosen[0]} has no effects of genes."
    calls, low = table["call"].value_counts(), table.loc[table["effect"].idxmin()]
    return (
        f"Called at a false discovery rate of {material.settings['thresholds']['fdr']:.0%}: {calls.get('depleted', 0):,} of "
        f"{len(table):,} genes as depleted, {calls.get('enriched', 0):,} as enriched; strongest is {low['gene']} "
        f"({low['effect']:.2f} logFC, 95 % interval {low['effect_q025']:.2f} to {low['effect_q975']:.2f})."
    )


def _comparison(material: Material) -> str:
    """The correction of a real screen, the evidence on calibration, else the comparison of variants."""
    if material.tables.calibration is not None:
        return " ".join(f"{row['variant']}: {row['lines'][1]}." for row in _over_seeds(material))
    if material.genes is not None and material.genes.correction is not None:
        return f"Is the copy-number correction right? {correction.judge(material.genes.correction, material.chosen[0])[0]}"
    text = shown.sentence("comparison", "", material)
    return text or "The variants were not compared by how well they predict."
