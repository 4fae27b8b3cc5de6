"""A curve as an SVG image: linear, both axes from zero, each line named where it ends. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from math import ceil, log10

WIDTH, HEIGHT = 640, 340
LEFT, RIGHT, TOP, BOTTOM = 60, 500, 66, 296
COLOURS = ("#1f5fbf", "#c2410c")
INK, GREY, PALE = "#24292f", "#6e7781", "#d8dee4"
MOST_STEPS = 5
LABEL_HEIGHT = 34

Line = Mapping[int, float]


def plot(title: str, what: str, lines: Mapping[str, Line]) -> str:
    """`what` says what is drawn over what. The lines have the same sizes, at most two lines."""
    biggest = max(value for line in lines.values() for value in line.values())
    step = step_for(biggest)
    scale = _Scale(max(chain.from_iterable(lines.values())), step, ceil(biggest / step))
    drawn = [
        f"<rect width='{WIDTH}' height='{HEIGHT}' fill='#fff'/>",
        _text(16, 26, title, size=15, more="font-weight='600'"),
        _text(16, 46, what, fill=GREY),
        *_grid(scale, next(iter(lines.values()))),
        *chain.from_iterable(_line(line, scale, colour) for line, colour in zip(lines.values(), COLOURS, strict=False)),
        *_names(lines, scale),
    ]
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {HEIGHT}' width='{WIDTH}' height='{HEIGHT}'"
    return (
        "\n".join([f"{head} font-family='system-ui, sans-serif'>", f"<title>{title}</title>", *drawn, "</svg>"]) + "\n"
    )


def step_for(biggest: float) -> float:
    """The distance of the grid's lines: 1, 2 or 5 times a power of ten, so that at most MOST_STEPS reach `biggest`."""
    power = 10.0 ** (ceil(log10(biggest / MOST_STEPS)) - 1)
    return next(factor * power for factor in (1, 2, 5, 10) if biggest <= MOST_STEPS * factor * power)


@dataclass(frozen=True, slots=True)
class _Scale:
    biggest_size: float
    step: float
    steps: int

    def x(self, size: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * size / self.biggest_size, 1)

    def y(self, value: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * value / (self.steps * self.step), 1)


def _grid(scale: _Scale, sizes: Line) -> Iterator[str]:
    for number in range(scale.steps + 1):
        y = scale.y(number * scale.step)
        yield f"<path d='M{LEFT} {y}H{RIGHT}' stroke='{PALE if number else GREY}'/>"
        yield _text(LEFT - 8, y + 4, f"{number * scale.step:,g}", fill=GREY, more="text-anchor='end'")
    for size in sizes:
        yield _text(scale.x(size), BOTTOM + 20, str(size), fill=GREY, more="text-anchor='middle'")


def _line(line: Line, scale: _Scale, colour: str) -> Iterator[str]:
    places = [(scale.x(size), scale.y(value)) for size, value in line.items()]
    joined = " ".join(f"{x},{y}" for x, y in places)
    yield f"<polyline points='{joined}' fill='none' stroke='{colour}' stroke-width='2'/>"
    yield from (f"<circle cx='{x}' cy='{y}' r='3.5' fill='{colour}'/>" for x, y in places)


def _names(lines: Mapping[str, Line], scale: _Scale) -> Iterator[str]:
    """From the bottom up, each at the end of its line, or just above the one below."""
    ends = sorted((line[max(line)], name, colour) for (name, line), colour in zip(lines.items(), COLOURS, strict=False))
    lowest = float(HEIGHT)
    for value, name, colour in ends:
        lowest = min(scale.y(value), lowest - LABEL_HEIGHT)
        yield _text(RIGHT + 12, lowest, name, fill=colour, more="font-weight='600'")
        yield _text(RIGHT + 12, lowest + 15, f"{value:,.0f}", fill=colour)


def _text(x: float, y: float, text: str, *, fill: str = INK, size: int = 12, more: str = "") -> str:
    return f"<text x='{x}' y='{y}' fill='{fill}' font-size='{size}' {more}>{text}</text>"
