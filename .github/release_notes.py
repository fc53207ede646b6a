"""Print the section of CHANGELOG.md of one version, which other files must state too: `python .github/release_notes.py 0.2.0`."""

import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def versions() -> dict[str, str]:
    """File -> the version that it states."""
    citation = re.search(r"^version: (\S+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    return {
        "pyproject.toml": tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"],
        "CITATION.cff": citation[1] if citation else "",
        ".zenodo.json": json.loads((ROOT / ".zenodo.json").read_text(encoding="utf-8"))["version"],
    }


def notes(version: str) -> str:
    """The section of this version. Raises SystemExit where there is none, or where a file states another version."""
    wrong = [f"{name} has {found}" for name, found in versions().items() if found != version]
    if wrong:
        raise SystemExit(f"The version is {version}, but {', '.join(wrong)}. Change these files, then tag again.")
    parts = re.split(r"^## (\S+).*\n", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    if version not in sections:
        raise SystemExit(f"CHANGELOG.md has no section {version}. Rename the section Unreleased, then tag again.")
    return sections[version].strip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(notes(sys.argv[1]))
