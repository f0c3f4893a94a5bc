"""One question to a JSON column that holds a list of texts, on both databases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Boolean, Text, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class HoldsAny(FunctionElement[bool]):
    """Whether a list (or null, which holds nothing) has one of some texts in it."""

    name = "holds_any"
    type = Boolean()
    inherit_cache = True

    def __init__(self, listed: InstrumentedAttribute[Any], texts: Iterable[str]) -> None:
        super().__init__(listed, *(literal(text, Text()) for text in texts))


@compiles(HoldsAny)
def _on_sqlite(element: HoldsAny, compiler: SQLCompiler, **kw: Any) -> str:
    listed, *texts = (compiler.process(part, **kw) for part in element.clauses)
    among = f"value IN ({', '.join(texts)})"
    return f"EXISTS (SELECT 1 FROM json_each({listed}) WHERE {among})"  # noqa: S608 (pieces made by SQLAlchemy, values as parameters)


@compiles(HoldsAny, "postgresql")
def _on_postgresql(element: HoldsAny, compiler: SQLCompiler, **kw: Any) -> str:
    listed, *texts = (compiler.process(part, **kw) for part in element.clauses)
    return f"({listed} ?| ARRAY[{', '.join(texts)}]::text[])"
