"""Uploads that are files: kept as they are, listed, and refused where they could do harm."""

import json
import stat
import struct
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from zipfile import ZipInfo

import pytest

from shared.engine.reading.files import contents
from shared.language.french import quoted
from tests.integration.compute.jobs import RunOutcome, packed, run

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + struct.pack(">II", 640, 480)


def look(folder: Path, content: bytes, filename: str = "photos.zip") -> RunOutcome:
    """Take in an upload as files."""
    job = {"kind": "ingest", "content": "files", "filename": filename}
    return run(folder / "job", job, {"source": content})


def listed(done: RunOutcome) -> list[dict[str, object]]:
    """The list that it left."""
    return [json.loads(line) for line in done.output_path("files.jsonl").read_text().splitlines()]


def test_archive_is_listed_by_name(tmp_path: Path) -> None:
    """Each file with what it is, its size and its hash; a picture with its pixels."""
    done = look(tmp_path, packed({"b/plan.pdf": b"%PDF-1.7", "a.png": PNG}))
    png, pdf = listed(done)
    assert (png["name"], png["media_type"], png["size"]) == ("a.png", "image/png", len(PNG))
    assert (png["width"], png["height"]) == (640, 480)
    assert pdf == {
        "name": "b/plan.pdf",
        "size": 8,
        "media_type": "application/pdf",
        "sha256": sha256(b"%PDF-1.7").hexdigest(),
    }
    [report] = done.reports
    assert report["files"]["count"] == 2
    assert report["files"]["media_types"] == {"image/png": 1, "application/pdf": 1}
    assert report["files"]["names"] == ["a.png", "b/plan.pdf"]
    assert (report["rows"], report["columns"]) == (0, [])


def test_nothing_is_known_of_persons_in_files(tmp_path: Path) -> None:
    """So it counts as the worst until their owner states it."""
    [report] = look(tmp_path, PNG, "a.png").reports
    assert report["privacy"]["verdict"] == "direct"
    assert [finding["kind"] for finding in report["privacy"]["findings"]] == ["unexamined"]


def test_single_file_keeps_its_name(tmp_path: Path) -> None:
    """Whatever its bytes are: a document is a ZIP file too, and stays one file."""
    document = packed({"word/document.xml": b"<xml/>"})
    done = look(tmp_path, document, "rapport.docx")
    assert [listed_file["name"] for listed_file in listed(done)] == ["rapport.docx"]


def test_tables_inside_are_told_to_their_owner(tmp_path: Path) -> None:
    """Files are files, but a table would serve more people."""
    [report] = look(tmp_path, packed({"a.csv": b"a;b\n1;2\n", "b.7z": b"x"})).reports
    messages_by_code = {repair["code"]: repair["message"] for repair in report["repairs"]}
    assert messages_by_code["tables_inside"].endswith("(a.csv)")
    assert "déposés comme tels" in messages_by_code["tables_inside"]
    assert messages_by_code["archives_inside"].endswith(": b.7z")


def test_hidden_files_are_left_out_and_told(tmp_path: Path) -> None:
    """What macOS puts beside each file is nobody's data."""
    done = look(tmp_path, packed({"a.png": PNG, "__MACOSX/._a.png": b"x", ".DS_Store": b"y"}))
    assert [listed_file["name"] for listed_file in listed(done)] == ["a.png"]
    [repair] = done.reports[0]["repairs"]
    assert (repair["code"], repair["count"]) == ("hidden_files", 2)


def test_name_in_the_encoding_of_windows_is_read_and_told(tmp_path: Path) -> None:
    """Many archives do not say in which encoding names are."""
    archive = packed({"xtx.png": PNG}).replace(b"xtx.png", "été.png".encode("cp850"))
    done = look(tmp_path, archive)
    assert [listed_file["name"] for listed_file in listed(done)] == ["été.png"]
    assert [repair["code"] for repair in done.reports[0]["repairs"]] == ["foreign_names"]


def test_name_that_says_utf8_and_is_not_is_refused(tmp_path: Path) -> None:
    """It is guesswork what it was."""
    archive = packed({"étéé.png": PNG}).replace("étéé".encode(), b"\xff\xfe\xff\xfe\xff\xfe\xff")
    assert look(tmp_path, archive).error == (
        "un nom de fichier de l'archive se dit en UTF-8, et ne l'est pas"
    )


def link(name: str) -> ZipInfo:
    """A symbolic link in an archive."""
    info = ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


REFUSED: dict[str, tuple[Mapping[str | ZipInfo, bytes], str]] = {
    "empty": ({}, "l'archive ne contient aucun fichier"),
    "folders only": ({"a/": b""}, "l'archive ne contient aucun fichier"),
    "up": ({"../a.png": PNG}, "« ../a.png » mène hors de son dossier"),
    "up on Windows": ({"b\\..\\..\\a.png": PNG}, "« b/../../a.png » mène hors de son dossier"),
    "absolute": ({"/etc/a.png": PNG}, "« /etc/a.png » mène hors de son dossier"),
    "link": ({link("a.png"): b"/etc/passwd"}, "« a.png » est un lien vers un autre fichier"),
    "twice": ({"a/b.png": PNG, "a\\b.png": PNG}, "plusieurs fichiers du nom « a/b.png »"),
    "folder and file": ({"a": PNG, "a/b": PNG}, "« a » est un fichier et un dossier"),
    "control": ({"a\x07.png": PNG}, "ne doit pas contenir de caractères de contrôle"),
    "direction": ({"a\u202egnp.exe": PNG}, "ne doit pas changer le sens de lecture"),
    "long": ({"a" * 300: PNG}, "est trop long"),
    "deep": ({"/".join("a" * 30): PNG}, "est trop long"),
    "bomb": ({"a.bin": b"\0" * 120_000_000}, "ce ne sont pas des données, mais une répétition"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_archive_that_could_do_harm_is_refused(tmp_path: Path, case: str) -> None:
    """With the file's name, and what is wrong with it."""
    files, why = REFUSED[case]
    assert why in look(tmp_path, packed(files)).error


@pytest.mark.parametrize("name", ["..", "a\u202egnp.exe"])
def test_single_file_of_such_a_name_is_refused(tmp_path: Path, name: str) -> None:
    """Code would find it under that name."""
    assert quoted(name) in look(tmp_path, PNG, name).error


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    """Each would be looked at, and each has a line in the list."""
    files: Mapping[str | ZipInfo, bytes] = {
        f"{number}.txt": b"" for number in range(contents.MOST_FILES + 1)
    }
    assert look(tmp_path, packed(files)).error == (
        f"l'archive contient {len(files)} fichiers ; {contents.MOST_FILES} au plus sont gardés :"
        " coupez-la en plusieurs jeux"
    )


def test_closed_archive_is_refused(tmp_path: Path) -> None:
    """No job has its password."""
    archive = bytearray(packed({"a.png": PNG}))
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        archive[archive.index(sign) + at] |= 1
    assert look(tmp_path, bytes(archive)).error == "l'archive est protégée par un mot de passe"


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_broken_archive_is_refused(tmp_path: Path, cut: float) -> None:
    """Cut anywhere."""
    archive = packed({f"{number}.png": PNG + bytes(range(256)) for number in range(20)})
    done = look(tmp_path, archive[: int(len(archive) * cut)])
    assert done.error == "l'archive est abîmée ou coupée"


@pytest.mark.parametrize("name", ["a.tar", "a.tgz", "a.7z", "a.rar"])
def test_other_archives_are_refused_kindly(tmp_path: Path, name: str) -> None:
    """One kind of archive is opened, and the sentence says which."""
    starts = {
        "a.tar": b"\0" * 257 + b"ustar",
        "a.7z": b"7z\xbc\xaf\x27\x1c",
        "a.rar": b"Rar!\x1a\7",
    }
    assert "dans une archive ZIP (.zip)" in look(tmp_path, starts.get(name, b"x"), name).error
