"""Time zones and hours, as a form offers them."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

from service.audience.preferences import timezones

REGIONS = ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")


def zones_by_region() -> dict[str, list[str]]:
    """Time zones that people live in, by continent; old aliases are left out."""
    found: dict[str, list[str]] = {region: [] for region in REGIONS}
    for name in sorted(timezones()):
        region, _, place = name.partition("/")
        if place and region in found:
            found[region].append(name)
    return {"UTC": ["UTC"], **found}


@lru_cache(maxsize=1)
def zone_options() -> Markup:
    """All of them as options of a select, none selected. Made once: there are hundreds."""
    groups = [
        Markup('<optgroup label="{}">{}</optgroup>').format(region, _options(names))
        for region, names in zones_by_region().items()
    ]
    return Markup("").join(groups)


@lru_cache(maxsize=25)
def hour_options(chosen: int | None) -> Markup:
    """The hours of a day as options of a select."""
    option = Markup('<option value="{0}"{1}>{0:02d}:00</option>')
    selected = Markup(" selected")
    return Markup("").join(
        option.format(hour, selected if hour == chosen else "") for hour in range(24)
    )


def _options(names: list[str]) -> Markup:
    option = Markup('<option value="{}">{}</option>')
    return Markup("").join(option.format(name, name.replace("_", " ")) for name in names)
