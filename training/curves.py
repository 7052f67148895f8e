"""Draws the curves that a training wrote as an SVG: python curves.py run/visual-tune.csv run/motion-tune.csv --out curves.svg"""

import argparse
import csv
from pathlib import Path
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 420, 240  # of a panel, px
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 34, 34
COLORS = ("#1f6feb", "#d1591d", "#2a8c4a", "#8a4fc7", "#777777", "#b8860b")
# Columns of both tables that share a scale, by the title of their panel.
PANELS = {
    "keyframes, dB on the pictures to tune on": ("db_at_256", "db_at_144", "db_at_64", "thumbnail_db"),
    "motion, shares on the chunks to tune on": ("kept", "explained", "false_of_still"),
}


def columns_of(path: Path) -> dict[str, list[float]]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def panel(table: dict[str, list[float]], title: str, names: list[str], x: float) -> str:
    """One diagram over minutes, its left edge at x."""
    minutes, values = table["minutes"], [value for name in names for value in table[name]]
    low, high, last = min(values), max(values), max(minutes)

    def place(minute: float, value: float) -> tuple[float, float]:
        across = LEFT + (WIDTH - LEFT - RIGHT) * minute / last
        return x + across, TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)

    def text(at: tuple[float, float], words: str, anchor: str = "start", color: str = "#333333") -> str:
        return f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" text-anchor="{anchor}" fill="{color}">{escape(words)}</text>'

    frame = place(0, high) + place(last, low)
    parts = [
        f'<rect x="{frame[0]:.1f}" y="{frame[1]:.1f}" width="{frame[2] - frame[0]:.1f}" height="{frame[3] - frame[1]:.1f}" fill="none" stroke="#bbbbbb"/>',
        text((x + LEFT, 20), title),
        text((frame[2], HEIGHT - 12), f"{last:.0f} minutes", "end"),
        *(text((x + LEFT - 6, place(0, value)[1] + 4), f"{value:.2f}", "end") for value in (low, high)),
    ]
    for name, color in zip(names, COLORS):
        points = [place(*point) for point in zip(minutes, table[name], strict=True)]
        parts.append(f'<polyline fill="none" stroke="{color}" stroke-width="1.5" points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in points)}"/>')
        parts.append(text((points[-1][0] - 4, points[-1][1] - 5), name, "end", color))
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=Path, nargs="+", help="visual-tune.csv or motion-tune.csv")
    parser.add_argument("--out", type=Path, required=True, help="the SVG")
    options = parser.parse_args()
    drawn: list[str] = []
    for path in options.tables:
        table = columns_of(path)
        for title, names in PANELS.items():
            if names[0] in table:
                drawn.append(panel(table, title, [name for name in names if name in table], len(drawn) * WIDTH))
    size = f'width="{WIDTH * len(drawn)}" height="{HEIGHT}"'
    body = "\n".join(drawn)
    options.out.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">\n'
        f'<rect {size} fill="white"/>\n{body}\n</svg>\n'
    )


if __name__ == "__main__":
    main()
