"""No file is too long to be read in one go."""

from helpers import ROOT


def test_files_stay_short_enough_to_be_read():
    folders = {"scripts/guidefit": 350, "workflow/rules": 350, "benchmarks": 350, "scripts": 50}
    long = {}
    for folder, most in folders.items():
        files = (ROOT / folder).glob("*.py") if folder == "scripts" else (ROOT / folder).rglob("*")
        for path in files:
            if path.suffix in (".py", ".smk") and (lines := len(path.read_text().splitlines())) > most:
                long[str(path.relative_to(ROOT))] = lines
    assert not long, "split these files"
