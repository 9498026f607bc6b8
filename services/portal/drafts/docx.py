"""A draft as a DOCX file, which people complete in their word processor."""

import re
from io import BytesIO

from docx import Document
from docx.oxml.ns import qn

from services.portal.drafts.draft import Draft

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What a file of XML 1.0 cannot hold (2.2)."""


def written(draft: Draft) -> bytes:
    """The file; what others wrote in it is text."""
    document = Document()
    about = document.core_properties
    about.title, about.author, about.language = _held(draft.title), "Datalab", "fr-FR"
    language = document.styles.element.find(f".//{qn('w:lang')}")
    language.set(qn("w:val"), "fr-FR")
    document.add_heading(_held(draft.title), level=0)
    document.add_paragraph(_held(draft.reference))
    document.add_paragraph().add_run(_held(draft.warning)).bold = True
    for section in draft.sections:
        document.add_heading(_held(section.title), level=1)
        for line in section.lines:
            document.add_paragraph(_held(line))
        if section.rows:
            table = document.add_table(rows=0, cols=2, style="Table Grid")
            for row in section.rows:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = _held(text)
    file = BytesIO()
    document.save(file)
    return file.getvalue()


def _held(text: str) -> str:
    return _NO_XML.sub("", text)
