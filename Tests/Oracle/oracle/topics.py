"""Topics that are matched, and topics that may be published."""

from __future__ import annotations

from typing import Optional


def match(pattern: str, topic: str) -> Optional[dict[str, str]]:
    """The captures, or `None` where the topic does not match."""
    wanted, levels = pattern.split("/"), topic.split("/")
    if levels[0].startswith("$") and (wanted[0] in ("+", "#") or wanted[0].startswith("{")):
        return None
    captures: dict[str, str] = {}
    for place, level in enumerate(wanted):
        if level == "#":
            return captures
        if level.startswith("{") and level.endswith("...}"):
            if place >= len(levels):
                return None
            captures[level[1:-4].strip()] = "/".join(levels[place:])
            return captures
        if place >= len(levels):
            return None
        if level.startswith("{"):
            captures[level[1:-1].strip()] = levels[place]
        elif level not in ("+", levels[place]):
            return None
    return captures if len(wanted) == len(levels) else None


def may_be_published(topic: str) -> bool:
    return topic != "" and not any(letter in topic for letter in "+#\0")
