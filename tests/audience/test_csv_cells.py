"""A spreadsheet runs no cell of ours, and none is changed by that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.audience.csv_cells import guarded, unguarded


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff20"])
def test_it_lets_no_spreadsheet_run_a_cell(start: str) -> None:
    assert guarded(f"{start}1+1") == f"'{start}1+1"


@given(cell=st.text())
def test_it_gives_back_every_cell_as_it_was(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell
    assert not guarded(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
