"""Clients that partners generate from the OpenAPI documents."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.reference import entrypoints
from deploy.topology import SERVICE_CLASSES
from shared.http.openapi import document


@pytest.mark.parametrize("service", SERVICE_CLASSES, ids=lambda service: service.name)
def test_client_has_every_operation_with_its_types(service: type, tmp_path: Path) -> None:
    """A generator that meets two schemas of one title leaves out both, and what answers them."""
    routes = {
        method.__name__: entrypoint.route for method, entrypoint in entrypoints(service, "route")
    }
    described = tmp_path / "openapi.json"
    described.write_bytes(document("service", "1.0", routes))
    config = tmp_path / "config.yaml"
    config.write_text("post_hooks: []\n")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"]
    options = {"path": described, "config": config, "output-path": tmp_path / "client"}
    arguments = [text for name, path in options.items() for text in (f"--{name}", str(path))]

    generated = subprocess.run(
        [*command, *arguments, "--meta", "none"], capture_output=True, text=True, check=False
    )

    assert generated.returncode == 0, generated.stdout + generated.stderr
    operations = [
        path for path in (tmp_path / "client/api").rglob("*.py") if path.stem != "__init__"
    ]
    assert {path.stem for path in operations} == set(routes)
