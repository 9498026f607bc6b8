"""One contender of the typing benchmark on files of the corpus: `typers.py NAME FILE...`.

Prints, as JSON, what each file's columns are, in our names of types, and the seconds it took; none
of a file that it fails to read.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

Typer = Callable[[Path], list[str]]
"""What the columns of a file are."""

CSV_DETECTIVE = {
    "code_commune": "commune",
    "code_departement": "departement",
    "code_region": "region",
    "code_epci": "epci",
    "code_postal": "postcode",
    "siren": "siren",
    "siret": "siret",
    "code_rna": "rna",
    "code_waldec": "rna",
    "uai": "uai",
    "id_rnb": "rnb",
    "insee_ape700": "naf",
    "tel_fr": "phone",
    "email": "email",
    "url": "url",
    "latitude_wgs": "latitude",
    "latitude_wgs_fr_metropole": "latitude",
    "longitude_wgs": "longitude",
    "longitude_wgs_fr_metropole": "longitude",
    "latlon_wgs": "geo_point",
    "lonlat_wgs": "geo_point",
    "date": "date",
    "datetime_naive": "datetime",
    "datetime_aware": "datetime",
    "year": "year",
    "int": "integer",
    "float": "decimal",
    "bool": "boolean",
}
"""Its formats by our names; the others, such as names of communes, are text to us."""

FRICTIONLESS = {
    "integer": "integer",
    "number": "decimal",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "year": "year",
    "geopoint": "geo_point",
}


def ours() -> Typer:
    """The ingestion of this lab as the sandbox runs it, without the sandbox."""
    # Loaded before the clock starts, as the packages of the others are: the runner does so late.
    import shared.engine.reading.ingest  # noqa: F401, PLC0415
    from shared.engine.running.__main__ import main  # noqa: PLC0415 - each contender by itself

    def types(path: Path) -> list[str]:
        with TemporaryDirectory() as folder:
            room = Path(folder)
            (room / "in").mkdir()
            (room / "out").mkdir()
            (room / "in" / "0").symlink_to(path)
            work = {"kind": "ingest", "inputs": {"source": "in/0"}, "filename": path.name}
            (room / "job.json").write_text(json.dumps(work))
            main(room, memory_bytes=2_000_000_000)
            result = json.loads((room / "out" / "result.json").read_text())
        columns = result["reports"][0]["columns"]
        return [(column["meaning"] or {"type": column["kind"]})["type"] for column in columns]

    return types


def csv_detective() -> Typer:
    """csv-detective on all rows."""
    from csv_detective import routine  # noqa: PLC0415 - each contender by itself

    def types(path: Path) -> list[str]:
        report = routine(str(path), num_rows=-1, save_results=False)
        formats = [column["format"] for column in report["columns"].values()]
        return [CSV_DETECTIVE.get(file_format, "text") for file_format in formats]

    return types


def frictionless() -> Typer:
    """frictionless, its sample as large as the file."""
    from frictionless import Detector, Resource  # noqa: PLC0415 - each contender by itself

    def types(path: Path) -> list[str]:
        detector = Detector(sample_size=200_000)
        resource = Resource(path=path.name, basepath=str(path.parent), detector=detector)
        resource.infer()
        return [FRICTIONLESS.get(field.type, "text") for field in resource.schema.fields]

    return types


CONTENDERS = {"ours": ours, "csv-detective": csv_detective, "frictionless": frictionless}


def _columns(types: Typer, path: Path) -> list[str]:
    try:
        return types(path)
    except Exception as error:  # noqa: BLE001 - whatever the contender fails with
        print(f"{path}: {error!r}", file=sys.stderr)
        return []


def main() -> None:
    """Type each file, and print the types of its columns and the time that all took."""
    name, *paths = sys.argv[1:]
    types = CONTENDERS[name]()
    began, cpu = time.perf_counter(), time.process_time()
    columns_by_path = {path: _columns(types, Path(path).resolve()) for path in paths}
    seconds = time.perf_counter() - began
    answer = {"types": columns_by_path, "seconds": seconds, "cpu": time.process_time() - cpu}
    print("\n" + json.dumps(answer))


if __name__ == "__main__":
    main()
