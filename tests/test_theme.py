from itertools import combinations, pairwise
from pathlib import Path

import color_vision
import pytest
from color_vision import contrast, difference

from archviz.errors import OptionError
from archviz.theme import SHADES, STEPS, load_theme, theme_names


def test_the_shipped_themes_are_listed() -> None:
    assert theme_names() == ("auto", "dark", "gray", "light", "print")


@pytest.mark.parametrize("name", ["light", "dark", "print", "gray"])
def test_every_text_can_be_read_on_what_is_behind_it(name: str) -> None:
    theme = load_theme(name)
    color = dict(theme.palette)
    fills = [k.removesuffix("-ink") for k in color if k.endswith("-ink")]
    assert len(fills) == 9
    for fill in fills:
        assert contrast(color["on-fill"], color[fill]) >= 4.5, fill
    if color["page"] == "none":
        color["page"] = "#FFFFFF"
    for ground in ("page", "card", "scope-0", "scope-1", "scope-2"):
        assert contrast(color["ink"], color[ground]) >= 7, ground
        assert contrast(color["muted"], color[ground]) >= 4.5, ground
        assert contrast(color["edge"], color[ground]) >= 3, ground
    assert contrast(color["pill-text"], color["pill"]) >= 7


def test_the_dark_theme_has_every_colour_and_role_of_the_light_one() -> None:
    light, dark = load_theme("light"), load_theme("dark")
    assert light.palette.keys() == dark.palette.keys()
    assert light.roles.keys() == dark.roles.keys()
    assert light.palette != dark.palette


@pytest.mark.parametrize("name", ["light", "dark", "print", "gray"])
def test_text_on_every_shade_and_step_can_be_read(name: str) -> None:
    theme = load_theme(name)
    shades = [f"class-{k}-{n}" for k in range(20) for n in range(SHADES + 1)]
    steps = [f"{ramp}-{n}" for ramp in theme.ramps for n in range(STEPS)]
    assert sorted(theme.ramps) == ["above", "below", "value"]
    for color in shades + steps:
        assert contrast(theme.color("on-" + color), theme.color(color)) >= 4.5, color


@pytest.mark.parametrize("name", ["light", "dark", "print", "gray"])
def test_lightness_alone_tells_the_steps_of_a_ramp(name: str) -> None:
    theme = load_theme(name)
    for ramp in theme.ramps:
        steps = [lightness(theme.color(f"{ramp}-{n}")) for n in range(0, STEPS, 5)]
        falls = [one - other for one, other in pairwise(steps)]
        assert all(fall > 1.5 for fall in falls) or all(fall < -1.5 for fall in falls), ramp


def test_the_shades_of_a_colour_go_from_a_card_to_it() -> None:
    theme = load_theme("light")
    assert theme.color("class-4-0") == theme.palette["card"]
    assert theme.color(f"class-4-{SHADES}") == theme.palette["class-4"]
    assert theme.color(f"value-{STEPS - 1}") == theme.ramps["value"][-1]
    with pytest.raises(OptionError, match="no colour 'sky-3'"):
        theme.color("sky-3")


def test_a_hatched_colour_is_hatched_in_every_shade() -> None:
    theme = load_theme("gray")
    assert theme.hatch("class-3-5") == theme.hatch("class-3") == "crossed"
    assert theme.hatch("below-9") == "diagonal"
    assert theme.hatch("above-9") == ""


def test_classes_of_a_gray_tree_are_told_by_lightness_and_hatch() -> None:
    theme = load_theme("gray")
    looks = {
        (theme.hatch(f"class-{k}"), round(lightness(theme.color(f"class-{k}")) / 4))
        for k in range(20)
    }
    assert len(looks) == 20


def fills(name: str) -> dict[str, str]:
    """The colour of each category."""
    palette = load_theme(name).palette
    return {k: palette[k] for key in palette if (k := key.removesuffix("-ink")) != key}


LEAST_DIFFERENCE = {"light": (17, 12, 11, 10), "print": (17, 12, 11, 10), "dark": (14, 9, 7, 9)}
"""CIEDE2000 between any two categories, for each vision of color_vision.DEFICIENCIES."""


@pytest.mark.parametrize("vision", color_vision.DEFICIENCIES)
@pytest.mark.parametrize("name", LEAST_DIFFERENCE)
def test_any_two_categories_can_be_told_apart_with_any_colour_vision(
    name: str, vision: str
) -> None:
    seen = {fill: color_vision.lab(color, vision) for fill, color in fills(name).items()}
    assert len(seen) == 9
    nearest = min(difference(seen[a], seen[b]) for a, b in combinations(seen, 2))
    least = dict(zip(color_vision.DEFICIENCIES, LEAST_DIFFERENCE[name], strict=True))
    assert nearest >= least[vision]


@pytest.mark.parametrize("vision", color_vision.DEFICIENCIES)
@pytest.mark.parametrize("name", ["light", "dark", "print", "gray"])
def test_outlines_stand_out_from_what_they_surround(name: str, vision: str) -> None:
    palette = load_theme(name).palette
    for fill, color in fills(name).items():
        inner, outer = (color_vision.lab(c, vision) for c in (color, palette[f"{fill}-ink"]))
        assert difference(inner, outer) >= 20, fill


def test_the_formula_for_colour_differences_gives_its_authors_values() -> None:
    assert difference((50, 2.6772, -79.7751), (50, 0, -82.7485)) == pytest.approx(2.0425, abs=1e-4)
    assert difference((50, -1, 2), (50, 0, 0)) == pytest.approx(2.3669, abs=1e-4)
    one, other = (60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387)
    assert difference(one, other) == pytest.approx(1.2644, abs=1e-4)


def test_a_missing_sense_for_red_makes_red_and_green_alike() -> None:
    red, green = "#B02020", "#586010"
    for vision in ("normal", "protanopia"):
        seen = [color_vision.lab(color, vision) for color in (red, green)]
        assert (difference(*seen) < 20) == (vision == "protanopia")


def lightness(color: str) -> float:
    """CIE 1976 L* of a colour."""
    return color_vision.lab(color)[0]


def test_gray_tells_every_category_by_lightness_or_hatch() -> None:
    theme = load_theme("gray")
    fills = [k.removesuffix("-ink") for k in theme.palette if k.endswith("-ink")]
    plain = sorted(lightness(theme.palette[f]) for f in fills if f not in theme.hatches)
    assert min(b - a for a, b in pairwise(plain)) >= 3.5
    hatched = [theme.hatches[f] for f in fills if f in theme.hatches]
    assert len(set(hatched)) == len(hatched) == 3
    assert theme.legend
    for color in (*theme.palette.values(),):
        assert color == "none" or color[1:3] == color[3:5] == color[5:7]


def test_a_users_theme_extends_a_shipped_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('extends = "light"\n[palette]\nconv = "#123456"\n')
    theme = load_theme(str(path))
    assert theme.palette[theme.style("header conv").fill] == "#123456"
    assert theme.palette["norm"] == load_theme("light").palette["norm"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[palette", "not TOML"),
        ('extends = "sepia"', "extends"),
        ('[palette]\nconv = "red"', "#RRGGBB"),
        ("[role.card]\nopacity = 0.5", "role.card"),
        ('[role.card]\nstroke-width = "thin"', "role.card"),
        ("colour = 3", "unknown entry"),
        ('extends = "gray"\n[hatch]\nconv = "wavy"', "the hatch 'wavy'"),
        ('extends = "light"\n[ramp]\nvalue = ["red", "blue"]', "the ramp value"),
        ('extends = "gray"\n[hatch]\nsky = "dots"', "gives sky"),
    ],
)
def test_a_broken_theme_is_one_clear_sentence(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(OptionError, match=complaint):
        load_theme(str(path))


def test_an_unknown_theme_lists_the_known_ones() -> None:
    with pytest.raises(OptionError, match="auto, dark, gray, light, print"):
        load_theme("solarized")


def test_a_theme_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(OptionError, match="cannot be read"):
        load_theme("nowhere/mine.toml")


def test_a_theme_that_is_no_text_is_one_clear_sentence() -> None:
    with pytest.raises(OptionError, match="the theme is 3"):
        load_theme(3)  # type: ignore[arg-type]
