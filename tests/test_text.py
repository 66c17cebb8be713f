import pytest

from archviz.text import fit, printable, text_width


def test_widths_are_helveticas() -> None:
    # Advance widths of Helvetica in 1/1000 em: H 722, e 556, l 222, l 222, o 556.
    assert text_width("Hello", 1000) == pytest.approx(722 + 556 + 222 + 222 + 556, abs=2)
    assert text_width("Hello", 1000, bold=True) == pytest.approx(722 + 556 + 278 * 2 + 611, abs=2)


def test_wide_and_combining_characters_are_counted_as_such() -> None:
    assert text_width("日本", 10) == 20
    assert text_width("e\u0301", 10) == text_width("e", 10)


def test_a_text_that_fits_is_left_alone() -> None:
    assert fit("relu", 12, 100) == "relu"


@pytest.mark.parametrize("width", [0, 8, 20, 60, 90, 120])
def test_a_shortened_text_fits_and_keeps_its_end(width: int) -> None:
    text = "encoder.layer.11.attention.output.dense"
    short = fit(text, 10.5, width)
    assert "…" in short
    assert text_width(short, 10.5) <= max(width, text_width("…", 10.5))
    if width >= 60:
        assert short.endswith("dense")


def test_printable_text_is_one_clean_capped_line() -> None:
    assert printable("a\nb\tc") == "a b c"
    assert printable("\x1b[31mred\x00\u202e\ud800") == "[31mred"
    assert len(printable("x" * 1000)) == 200
