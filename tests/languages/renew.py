"""Put new texts into the catalogs, and take out what nobody says any more.

``python -m tests.languages.renew``: then translate what is empty in ``service/languages/po/``.
``python -m tests.languages.renew fr`` begins a new language.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from service.languages.catalogs import FOLDER
from tests.languages.messages import extracted, forms

# Babel's own header holds dates, and so would change with every renewal.
HEADER = """\
# Texts of Broadsheet. Renew with: python -m tests.languages.renew
msgid ""
msgstr ""
"Language: {code}\\n"
"Plural-Forms: {plurals}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def renew(path: Path, template: Catalog) -> Catalog:
    catalog = Catalog(locale=path.stem, charset="utf-8")
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale=path.stem)
    # No guesses from texts that look alike: a guess that nobody looked at is a mistake.
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    body = io.BytesIO()
    # The name of the file is enough: line numbers would change with every edit of it.
    write_po(body, catalog, width=96, omit_header=True, sort_output=True, include_lineno=False)
    header = HEADER.format(code=path.stem, plurals=catalog.plural_forms)
    path.write_text(header + body.getvalue().decode(), encoding="utf-8")
    return catalog


def main(codes: list[str]) -> None:
    template = extracted()
    for path in sorted({*FOLDER.glob("*.po"), *(FOLDER / f"{code}.po" for code in codes)}):
        catalog = renew(path, template)
        empty = [message for message in catalog if message.id and not all(forms(message.string))]
        print(f"{path.name}: {len(catalog)} texts, {len(empty)} not translated")


if __name__ == "__main__":
    main(sys.argv[1:])
