"""Draws the comparison as an SVG picture: for each benchmark and peer a bar that says how many times as long the peer took.

The scale is logarithmic, so that twice and half are equally far from the line at 1; bars to the right of it are slower
than Kōdo, bars to the left faster.
"""
import math
from html import escape

COLOURS = {"go": "#00a3c4", "tokio": "#7a52b3", "may": "#c98a1b", "erlang": "#b03060"}
LEFT, WIDTH, RIGHT = 190, 560, 70  # labels, bars, numbers behind the bars
BAR, GAP, TOP = 11, 10, 64


def shown(ratio):
    return f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2g}"


def bars(rows, peers):
    """The picture of rows (label, ratio by peer)."""
    rows = [(label, [(peer, ratios[peer]) for peer in peers if peer in ratios]) for label, ratios in rows]
    rows = [(label, ratios) for label, ratios in rows if ratios]
    all_ratios = [ratio for _, ratios in rows for _, ratio in ratios] or [1]
    low = math.floor(math.log2(min(0.5, *all_ratios)))
    high = math.ceil(math.log2(max(2, *all_ratios)))

    def x(ratio):
        return LEFT + WIDTH * (math.log2(ratio) - low) / (high - low)

    parts, y = [], TOP
    for label, ratios in rows:
        middle = y + BAR * len(ratios) / 2 + 4
        parts.append(f'<text x="{LEFT - 10}" y="{middle:.0f}" text-anchor="end">{escape(label)}</text>')
        for peer, ratio in ratios:
            left, right = sorted((x(1), x(ratio)))
            parts.append(
                f'<rect x="{left:.1f}" y="{y}" width="{max(right - left, 1):.1f}" height="{BAR - 1}"'
                f' fill="{COLOURS.get(peer, "#888")}"/>'
            )
            parts.append(f'<text class="small" x="{right + 4:.1f}" y="{y + BAR - 2}">{shown(ratio)}</text>')
            y += BAR
        y += GAP
    lines = []
    for power in range(low, high + 1):
        at, strong = x(2.0**power), "1" if power == 0 else "0.2"
        lines.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP - 8}" y2="{y}" stroke="#444" stroke-opacity="{strong}"/>')
        name = f"{2**power}" if power >= 0 else f"1/{2**-power}"
        lines.append(f'<text class="small" x="{at:.1f}" y="{TOP - 14}" text-anchor="middle">{name}</text>')
    legend, at = [], LEFT
    for peer in peers:
        legend.append(f'<rect x="{at}" y="14" width="12" height="12" fill="{COLOURS.get(peer, "#888")}"/>')
        legend.append(f'<text x="{at + 18}" y="24">{escape(peer)}</text>')
        at += 90
    legend.append(f'<text x="{at}" y="24">time / Kōdo\'s time</text>')
    size = f'width="{LEFT + WIDTH + RIGHT}" height="{y + 10}"'
    style = "text { font: 12px sans-serif; fill: #222 } .small { font-size: 9px }"
    body = "\n".join([*lines, *legend, *parts])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{style}</style>\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )
