"""A plot is well-formed, its points lie where their figures say, its names do not cover each other."""

from xml.etree import ElementTree as ET

import pytest

from bench.plots import BOTTOM, LABEL_HEIGHT, LEFT, RIGHT, TOP, plot, step_for

SVG = "{http://www.w3.org/2000/svg}"


def drawn(lines: dict[str, dict[int, float]]) -> ET.Element:
    return ET.fromstring(plot("What it costs", "µs by items", lines))


def places(line: ET.Element) -> list[tuple[float, ...]]:
    return [tuple(map(float, place.split(","))) for place in line.attrib["points"].split()]


def test_points_lie_on_linear_axes_from_zero() -> None:
    [line] = drawn({"ours": {0: 0, 50: 1000, 100: 2000}}).findall(f"{SVG}polyline")
    middle = ((LEFT + RIGHT) / 2, (TOP + BOTTOM) / 2)
    assert places(line) == [(LEFT, BOTTOM), middle, (RIGHT, TOP)]


def test_the_grid_ends_with_the_first_line_above_the_biggest_figure() -> None:
    texts = [text.text for text in drawn({"ours": {1: 2190}}).iter(f"{SVG}text")]
    assert texts[2:6] == ["0", "500", "1,000", "1,500"]
    assert texts[6:8] == ["2,000", "2,500"]
    assert "3,000" not in texts


def test_each_line_is_named_at_its_end_with_its_last_figure() -> None:
    texts = [text.text for text in drawn({"ours": {1: 10, 2: 1234}, "theirs": {1: 10, 2: 99}}).iter(f"{SVG}text")]
    assert texts[-4:] == ["theirs", "99", "ours", "1,234"]


def test_names_of_lines_that_end_together_stand_apart() -> None:
    names = list(drawn({"ours": {1: 10}, "theirs": {1: 10}}).iter(f"{SVG}text"))[-4::2]
    first, second = (float(name.attrib["y"]) for name in names)
    assert first - second == LABEL_HEIGHT


@pytest.mark.parametrize(("biggest", "step"), [(2000, 500), (2501, 1000), (4, 1), (0.7, 0.2), (61280, 20000), (8, 2)])
def test_the_grid_is_round_and_reaches_the_biggest_figure(biggest: float, step: float) -> None:
    assert step_for(biggest) == pytest.approx(step)
