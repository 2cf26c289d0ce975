"""The figures and the one table they end in."""
from dataclasses import dataclass


@dataclass
class Row:
    part: str
    what: str
    value: str
    target: str = ""
    verdict: str = ""  # pass or short; empty where there is no target


def row(part, what, value):
    return Row(part, what, value)


def at_most(part, what, value, limit, text="{:.3f}"):
    return Row(part, what, text.format(value), f"≤ {limit:g}", "pass" if value <= limit else "short")


def at_least(part, what, value, limit, text="{:.3f}"):
    return Row(part, what, text.format(value), f"≥ {limit:,g}", "pass" if value >= limit else "short")


def table(rows):
    """The rows as text in aligned columns; a part's name stands at its first row only."""
    lines = [("part", "figure", "value", "target", "")]
    previous = None
    for entry in rows:
        lines.append((entry.part if entry.part != previous else "", entry.what, entry.value,
                      entry.target, entry.verdict))
        previous = entry.part
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    lines.insert(1, tuple("─" * width for width in widths))
    return "\n".join("  ".join((part.ljust(widths[0]), what.ljust(widths[1]), value.rjust(widths[2]),
                                target.rjust(widths[3]), verdict)).rstrip()
                     for part, what, value, target, verdict in lines)
