from __future__ import annotations

from io import StringIO

from service.cli.progress import CLEAR, clear, shown


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_it_says_on_a_terminal_what_is_worked_on_and_takes_it_away() -> None:
    stream = Terminal()
    for thing in shown([("acme", 7), ("wire", 8)], 2, stream):
        clear(stream)
        stream.write(f"{thing} done\n")
    assert stream.getvalue() == (
        f"{CLEAR}[1/2] acme …{CLEAR}7 done\n{CLEAR}[2/2] wire …{CLEAR}8 done\n"
    )


def test_it_writes_nothing_into_a_file_or_a_pipe() -> None:
    stream = StringIO()
    assert list(shown([("acme", 7)], 1, stream)) == [7]
    clear(stream)
    assert stream.getvalue() == ""
