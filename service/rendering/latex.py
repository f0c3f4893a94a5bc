"""The LaTeX that real abstracts hold, as text a person reads.

pylatexenc knows the symbols but not prose: given a whole abstract it takes "$5 and $10" for a
formula and a bare ``%`` for a comment. So it sees only what is surely LaTeX, and what it cannot
read stays as it was.
"""

from __future__ import annotations

import logging
import re
from functools import lru_cache

from pylatexenc.latex2text import LatexNodes2Text

from service.rendering.filters import one_space

_ANY_LATEX = re.compile(r"[\\$`~]|''|--")
# As pandoc has it: no space inside the dollars, no digit after the closing one ("$5-$10").
_FORMULA = re.compile(r"(?<![\\$\w])\$(?!\s)([^$]{1,300}?)(?<![\s\\])\$(?![\d$])")
_SURELY_MATH = re.compile(r"[\\^_=<>+{}|]")
_ARGUMENT = r"\s*\{((?:[^{}]|\{[^{}]*\})*)\}"
_STYLED = re.compile(
    r"\\(?:text(?:bf|it|tt|sc|sl|rm|sf|up|md|normal|superscript|subscript)?|emph|underline|mbox"
    r"|url|mathrm|mathbf)" + _ARGUMENT
)
_LINKED = re.compile(r"\\href\s*\{[^{}]*\}" + _ARGUMENT)
_CITED = re.compile(r"[~ ]?\\(?:cite[a-z]*|label|footnote)\s*(?:\[[^\]]*\])?\s*\{[^{}]*\}")
_ACCENT = re.compile(r"""\{?\\['"`^~=.][ ]?(?:\{[A-Za-z]\}|[A-Za-z])\}?""")
_ESCAPED = re.compile(r"\\([%&#_${}])")
_MACRO = re.compile(r"\\[A-Za-z]+")
_SINGLE_QUOTED = re.compile(r"(?<![\w`])`(?=\w)([^`'\n]{1,80})'(?!\w)")
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")
_TIE = re.compile(r"(?<=[\w.)])~(?=[\w(])")
# Nothing is raised in part: "t^0.6" and "2^2n" stay as they are.
_RAISED = re.compile(r"\^(-?\d+)(?![\w.])")
_LOWERED = re.compile(r"_(\d+)(?![\d.])")
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_MINUS = re.compile(r"(?<![\w)\]}])-(?=\d)")
# pylatexenc drops the space that ends a macro's name: "B ∝t".
_RELATION = re.compile(r"(?<= )([∝≈≤≥≪≫→∈⊂±\u223c\u00d7])(?=[\w(])")
_READER = LatexNodes2Text(math_mode="text")
# Each macro that a stranger left half written is a warning to it; to us it is every day's text.
logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)


@lru_cache(maxsize=1024)  # the same abstracts are set for each choice, in HTML and in text
def readable(text: str) -> str:
    """*text* on one line with formulas, macros, quotes and dashes as Unicode text."""
    text = _APOSTROPHE.sub("\N{RIGHT SINGLE QUOTATION MARK}", one_space(text))
    if not _ANY_LATEX.search(text):
        return text
    text = _FORMULA.sub(_formula, text)
    text = _LINKED.sub(r"\1", _CITED.sub("", text))
    for _ in range(3):  # styles stand within styles
        text = _STYLED.sub(r"\1", text)
    text = _ACCENT.sub(lambda found: _converted(found[0]), text)
    text = _ESCAPED.sub(r"\1", text)
    text = _MACRO.sub(lambda found: _converted(found[0]), text)
    return one_space(_dashed(_quoted(_TIE.sub(" ", text))))


def _formula(found: re.Match[str]) -> str:
    inside = found[1]
    if " " in inside and not _SURELY_MATH.search(inside):
        return found[0]  # "$5 to US$" is money
    text = _converted(inside)
    return found[0] if text == inside and "\\" in inside else _set(text)


def _set(formula: str) -> str:
    """*formula* as a printer sets it in a line: whole exponents raised, a minus no hyphen."""
    formula = _RAISED.sub(lambda found: found[1].translate(_SUPERSCRIPTS), formula)
    formula = _LOWERED.sub(lambda found: found[1].translate(_SUBSCRIPTS), formula)
    return _MINUS.sub("\N{MINUS SIGN}", _RELATION.sub(r"\1 ", formula))


def _converted(source: str) -> str:
    """*source* as pylatexenc reads it, or as it is when that fails or leaves nothing."""
    try:
        text = one_space(_READER.latex_to_text(source))
    # Its parser fails on strangers' text with whatever it meets: IndexError, AttributeError,
    # its own errors, RecursionError. None of them may stop an issue.
    except Exception:
        return source
    unfilled = "%s" in text  # a macro without its arguments comes out as its pattern
    return source if unfilled or not text else text


def _quoted(text: str) -> str:
    text = text.replace("``", "“").replace("''", "”")
    return _SINGLE_QUOTED.sub(
        "\N{LEFT SINGLE QUOTATION MARK}\\1\N{RIGHT SINGLE QUOTATION MARK}", text
    )


def _dashed(text: str) -> str:
    text = re.sub(r"(?<=[\w,.)]) ?--- ?(?=\w)", " — ", text)
    text = text.replace(" -- ", " \N{EN DASH} ")
    return re.sub(r"(?<=\d)--(?=\d)", "\N{EN DASH}", text)
