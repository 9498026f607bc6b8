"""Steps of treatments, as they are sent."""

from typing import Any


def step(application: str, inputs: dict[str, str], output: str, **parameters: Any) -> Any:
    """One step."""
    return {
        "application": application,
        "inputs": inputs,
        "output": output,
        "parameters": parameters,
    }
