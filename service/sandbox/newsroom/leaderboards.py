"""Two leaderboards: JSON in pages behind a key, and a CSV. Scores move from day to day."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import date, timedelta
from typing import Any

from .entries import seeded, slug_of
from .tables import number, rows

PAGE_SIZE = 18
INDEX_VERSION = "4.1"
_COLUMNS = (
    "rank",
    "model",
    "organization",
    "resolved_rate",
    "cost_per_problem",
    "date",
    "window",
)
_NEWCOMERS = {"Halcyon 5.5": 0, "Atlas 3.2": 0, "Mosaic 4": 0, "Quill 2.5": -4}


def index_page(day: int, page: int, version: str = INDEX_VERSION) -> dict[str, Any]:
    """One page of the intelligence index, 1 the first, best score first, unknown ones last."""
    models = [_model(row, day) for row in _listed("models", 1, day)]
    models.sort(key=lambda m: -(m["evaluations"]["artificial_analysis_intelligence_index"] or 0))
    pages = -(-len(models) // PAGE_SIZE)
    return {
        "status": 200,
        "pagination": {
            "page": page,
            "page_size": PAGE_SIZE,
            "total_pages": pages,
            "total": len(models),
            "has_more": page < pages,
        },
        "intelligence_index_version": version,
        "data": models[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
    }


def coding_csv(anchor: date, day: int) -> bytes:
    """A row a model; *date* is when it was submitted, *window* is the tasks': the edition."""
    scored = [
        (_moved(float(score), model, day), model, organization, cost)
        for model, organization, score, cost in _listed("coding", 0, day)
    ]
    scored.sort(key=lambda row: (-row[0], row[1]))
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(_COLUMNS)
    window = f"{anchor - timedelta(days=75):%Y-%m} to {anchor - timedelta(days=15):%Y-%m}"
    for rank, (score, model, organization, cost) in enumerate(scored, 1):
        age = -_NEWCOMERS[model] if model in _NEWCOMERS else 10 + seeded(model, "age") % 300
        submitted = (anchor - timedelta(days=age)).isoformat()
        table.writerow([rank, model, organization, f"{score:.1f}", cost, submitted, window])
    return out.getvalue().encode()


def _listed(table: str, name_column: int, day: int) -> list[tuple[str, ...]]:
    return [row for row in rows(table) if day >= _NEWCOMERS.get(row[name_column], -1000)]


def _model(row: tuple[str, ...], day: int) -> dict[str, Any]:
    creator, name, score, price_in, price_out, speed = row
    slug = slug_of(name)
    index, tokens = number(score), number(speed)
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, slug)),
        "name": name,
        "slug": slug,
        "model_creator": {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, creator)),
            "name": creator,
            "slug": slug_of(creator),
        },
        "evaluations": {
            "artificial_analysis_intelligence_index": None
            if index is None
            else _moved(index, slug, day)
        },
        "pricing": {
            "price_1m_input_tokens": number(price_in),
            "price_1m_output_tokens": number(price_out),
        },
        "performance": {
            "median_output_tokens_per_second": None
            if tokens is None
            else round(tokens * (0.94 + seeded(slug, day, "speed") % 120 / 1000), 3)
        },
    }


def _moved(score: float, name: str, day: int) -> float:
    """The written score is day 0's. About one in five moves in a night, by at most a point."""
    nights = range(day, 0) if day < 0 else range(0, day)
    moves = [
        (seeded(name, night, "move") % 21 - 10) / 10
        for night in nights
        if seeded(name, night, "moves") % 5 == 0
    ]
    return round(score - sum(moves) if day < 0 else score + sum(moves), 1)
