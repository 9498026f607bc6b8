"""Clients that partners generate from the OpenAPI documents."""

import json
import subprocess
import sys
from pathlib import Path

from deploy.reference import entrypoints
from deploy.topology import SERVICE_CLASSES
from shared.http.openapi import document

GENERATE = """
import json, sys
from openapi_python_client.cli import app
sys.exit(max(app(words, standalone_mode=False) or 0 for words in json.loads(sys.argv[1])))
"""


def test_clients_have_every_operation_with_its_types(tmp_path: Path) -> None:
    """A generator that meets two schemas of one title leaves out both, and what answers them."""
    config = tmp_path / "config.yaml"
    config.write_text("post_hooks: []\n")
    methods, commands = {}, []
    for service in SERVICE_CLASSES:
        folder = tmp_path / str(service.name)
        found = entrypoints(service, "route")
        routes = {method.__name__: entrypoint.route for method, entrypoint in found}
        described = tmp_path / f"{service.name}.json"
        described.write_bytes(document("service", "1.0", routes))
        methods[folder] = set(routes)
        words = ["generate", "--fail-on-warning", "--meta", "none", "--config", str(config)]
        commands.append([*words, "--path", str(described), "--output-path", str(folder)])

    command = [sys.executable, "-c", GENERATE, json.dumps(commands)]
    generated = subprocess.run(command, capture_output=True, text=True, check=False)

    assert generated.returncode == 0, generated.stdout + generated.stderr
    for folder, names in methods.items():
        modules = {path.stem for path in (folder / "api").rglob("*.py")}
        assert modules - {"__init__"} == names
