from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.rendering.latex import readable

SOURCE = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.sampled_from(
            ["$", "$$", "\\", "{", "}", "\\textbf{", "\\frac{1}{", "``", "''", " -- ", "~", "%"]
        ),
        st.sampled_from(["\\href{x}", "\\begin{x}", "\\'", "^", "_", "\\cite{", "$x$", "\\\\"]),
    ),
    max_size=12,
).map("".join)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain words", "plain words"),
        ("$n=40$ runs", "n=40 runs"),
        (r"a gain of $+43\%$ here", "a gain of +43% here"),
        (r"90.50\% of it", "90.50% of it"),
        ("90.50% of it stays", "90.50% of it stays"),
        (r"$\approx$ 12", "≈ 12"),
        (r"0.8 $\pm$ 0.1", "0.8 ± 0.1"),
        (r"3 \times 4", "3 \N{MULTIPLICATION SIGN} 4"),
        (r"$\tau^2$-bench", "τ²-bench"),
        (r"$10^{6}$ and $10^{-3}$ steps", "10⁶ and 10⁻³ steps"),
        (r"grows as $t^{0.6}$", "grows as t^0.6"),
        (r"$x_1$ and $H_{2}O$", "x₁ and H₂O"),
        (r"$x_{i}$ and $2^n$", "x_i and 2^n"),
        (r"a loss of $-31\%$", "a loss of \N{MINUS SIGN}31%"),
        (r"$a-1$ of $3-5$", "a-1 of 3-5"),
        (r"a law $B \propto t$, $n \leq 5$", "a law B ∝ t, n ≤ 5"),
        ("x^2 and a_1 outside of a formula", "x^2 and a_1 outside of a formula"),
        ("a -- b", "a \N{EN DASH} b"),
        ("pages 3--5", "pages 3\N{EN DASH}5"),
        ("one---two", "one — two"),
        ("--verbose stays", "--verbose stays"),
        ("``American'' English", "“American” English"),
        (
            "`quoted' word",
            "\N{LEFT SINGLE QUOTATION MARK}quoted\N{RIGHT SINGLE QUOTATION MARK} word",
        ),
        (
            "it's `code` and don't",
            "it\N{RIGHT SINGLE QUOTATION MARK}s `code` and don\N{RIGHT SINGLE QUOTATION MARK}t",
        ),
        ("the agents' own, from '24", "the agents' own, from '24"),
        (r"\textbf{bold \emph{and} more}", "bold and more"),
        (r"\textsc{Name}~et al.~\cite{x99} say", "Name et al. say"),
        (r"Erd\H{o}s and Schr\"odinger, na\"{\i}ve", None),
        ("$5 and $10", "$5 and $10"),
        ("$5-$10 a month", "$5-$10 a month"),
        ("from $5 to US$ more", "from $5 to US$ more"),
        ("costs $2.50, or $x$ times that", "costs $2.50, or x times that"),
        ("{{ braces }} stay", "{{ braces }} stay"),
        (r"see \href{https://a.example}{our code}", "see our code"),
        (r"at \url{https://a.example/x}", "at https://a.example/x"),
        ("a\x00b\x08c", "abc"),
        ("two\n  lines", "two lines"),
        (r"C:\new folder", r"C:\new folder"),
        (r"\unknownmacro", r"\unknownmacro"),
        (r"R\&D", "R&D"),
        (r"half $\frac$ written", r"half $\frac$ written"),
    ],
)
def test_it_makes_real_oddities_readable(source: str, text: str | None) -> None:
    if text is None:
        assert "Schrödinger" in readable(source)
    else:
        assert readable(source) == text


@given(SOURCE)
def test_it_never_fails_and_never_leaves_a_control_character(source: str) -> None:
    text = readable(source)
    assert text == " ".join(text.split())
    assert not any(ord(character) < 32 for character in text)


@given(st.text(alphabet=st.characters(exclude_categories=("C", "Z"), exclude_characters="\\$`~'-")))
def test_it_leaves_text_without_latex_as_it_is(text: str) -> None:
    assert readable(text) == text
