"""What figures share."""

from guidefit.report.figures import style


def test_some_items_are_evenly_spaced_and_counted():
    items = [str(i) for i in range(1001)]
    assert style.some_of(items[:3], 3) == (items[:3], "")
    assert style.some_of(items, 3) == (["0", "500", "1000"], "3 of 1,001")


def test_a_message_is_written_to_every_file(tmp_path):
    paths = [str(tmp_path / name) for name in ("a.svg", "b.png")]
    style.save_message("title", "a <b>reason</b> with $ and {braces}", paths)
    assert (tmp_path / "a.svg").read_text().startswith("<?xml")
    assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")
