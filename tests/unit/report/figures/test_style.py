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


def test_numbers_of_a_picture_are_short_and_names_and_colours_stay():
    text = 'translate(77.001953 0) scale(0.015625) #1234567 id="m12.345678" -0.123456 3.10000 url(#p1.23456)'
    short = 'translate(77 0) scale(0.01562) #1234567 id="m12.345678" -0.12346 3.1 url(#p1.23456)'
    assert style._DECIMALS.sub(style._shorten, text) == short
