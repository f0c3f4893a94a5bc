"""A leaderboard: JSON, in pages if need be, or CSV, its columns mapped by ``config``."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from w3lib.url import add_or_replace_parameter

from service.models.figures import ColumnSpec, Figure
from service.sources.kinds.base import (
    BadFeed,
    Kind,
    KindConfig,
    Page,
    Parsed,
    ParsedSnapshot,
    SourceView,
    read_config,
    read_json,
    refuse_html,
)
from service.sources.kinds.paths import check_path, find
from service.sources.text import one_line

MOST_ROWS = 2000
KEY_LENGTH = 200

Path = Annotated[str, AfterValidator(check_path)]


class TableConfig(KindConfig):
    """How a leaderboard is read, and what ``issues`` says around it.

    Paths are those of :mod:`service.sources.kinds.paths`. A CSV reads as ``{"rows": [...]}``, each
    row a field for each heading.
    """

    format: Literal["json", "csv"] = "json"
    rows: Path = "rows"
    """Path to the list of rows."""
    row_key: Path = "id"
    """Path in a row to what the row is known by; its name stands in where it has none."""
    row_name: Path = "name"
    columns: tuple[ColumnSpec, ...] = Field(min_length=1)
    rank_by: str = ""
    """Key of the column that ranks the rows, highest first; '' keeps the source's own order."""
    ascending: bool = False
    edition: Path | None = None
    """Path to the version of the index or the window of its tasks; figures of two editions are
    never compared."""
    page_parameter: str = ""
    """Query parameter that asks for a page, counted from 1; '' when there is one page only."""
    more: Path | None = None
    """Path to what says that there is a further page."""

    measure: str = ""
    note: str = ""
    attribution: str = ""
    link: str = ""
    """The page that a reader is sent to."""
    empty: str = ""
    topics: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        keys = [column.key for column in self.columns]
        if len(set(keys)) < len(keys):
            raise ValueError("two columns have the same key")
        if self.rank_by and self.rank_by not in keys:
            raise ValueError(f"rank_by '{self.rank_by}' is the key of no column")
        if bool(self.page_parameter) != bool(self.more):
            raise ValueError("page_parameter and more belong together: set both or neither")
        for column in self.columns:
            for path, _ in column.parts:
                check_path(path)
        return self


class Table(Kind):
    config: ClassVar[type[KindConfig]] = TableConfig
    headers: ClassVar[Mapping[str, str]] = {"Accept": "application/json, text/csv;q=0.9, */*;q=0.5"}

    def next_url(self, pages: Sequence[Page], source: SourceView) -> str | None:
        config = read_config(TableConfig, source.config)
        if not config.more or not find(_document(pages[-1], config), config.more):
            return None
        # Made of the source's own address and never read out of the answer: its key goes along.
        return add_or_replace_parameter(source.url, config.page_parameter, str(len(pages) + 1))

    def parse(self, pages: Sequence[Page], source: SourceView) -> Parsed:
        config = read_config(TableConfig, source.config)
        documents = [_document(page, config) for page in pages]
        skipped: list[str] = []
        rows = list(_rows(documents, config, skipped))
        if not rows:
            raise BadFeed(f"The table has no rows that can be read at '{config.rows}'.")
        skipped.extend(_columns_without_figures(rows, config))
        if config.rank_by:
            rows.sort(key=lambda row: _rank(row["values"][config.rank_by], config.ascending))
        edition = find(documents[0], config.edition) if config.edition else None
        said = one_line(str(edition), KEY_LENGTH) if edition is not None else ""
        return Parsed(snapshot=ParsedSnapshot(tuple(rows), said), skipped=tuple(skipped))


def _document(page: Page, config: TableConfig) -> Any:
    if config.format == "json":
        return read_json(page)
    refuse_html(page.body, "CSV")
    try:
        text = page.body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = page.body.decode("cp1252", "replace")
    try:
        return {"rows": list(csv.DictReader(io.StringIO(text, newline="")))}
    except csv.Error as error:
        raise BadFeed(f"The answer is not CSV: {error}") from error


def _rows(
    documents: Sequence[Any], config: TableConfig, skipped: list[str]
) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for document in documents:
        found = find(document, config.rows)
        if not isinstance(found, list):
            raise BadFeed(f"There is no list of rows at '{config.rows}'.")
        for raw in found:
            name = _text(find(raw, config.row_name))
            key = _text(find(raw, config.row_key)) or name
            if not name:
                skipped.append(f"a row without a name at '{config.row_name}'")
            elif key in seen:
                skipped.append(f"a second row for '{key}'")
            elif len(seen) == MOST_ROWS:
                skipped.append(f"the rows after the first {MOST_ROWS}")
                return
            else:
                seen.add(key)
                values = {column.key: _cell(raw, column) for column in config.columns}
                yield {"key": key, "name": name, "values": values}


def _text(value: Any) -> str:
    return one_line(str(value), KEY_LENGTH) if isinstance(value, str | int | float) else ""


def _cell(row: Any, column: ColumnSpec) -> Figure:
    if not column.numeric:
        return _text(find(row, column.path)) or None
    total = weights = 0.0
    for path, weight in column.parts:
        value = _number(find(row, path))
        if value is None:
            return None
        if not column.blend:
            return _finite(value * column.scale) if column.scale != 1 else value
        total += weight * value
        weights += weight
    return _finite(total / weights * column.scale)


def _number(value: Any) -> int | float | None:
    """A figure, also out of text such as '$1,250.00' or '45.6%'; None where there is none."""
    if isinstance(value, str):
        try:
            value = float(value.strip().strip("$%").replace(",", ""))
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return _finite(value)


def _finite(value: float) -> int | float | None:
    # 1e999 reads as infinity, which no database keeps as JSON; nor is 10**400 a figure.
    return value if math.isfinite(value) and abs(value) < 1e15 else None


def _rank(value: Figure, ascending: bool) -> tuple[bool, float]:
    """Sorts figures by size, and what has none to the end."""
    if not isinstance(value, int | float):
        return (True, 0.0)
    return (False, value if ascending else -value)


def _columns_without_figures(
    rows: Sequence[Mapping[str, Any]], config: TableConfig
) -> Iterator[str]:
    for column in config.columns:
        if all(row["values"][column.key] is None for row in rows):
            yield f"column '{column.key}': no row has a figure at '{column.parts[0][0]}'"
