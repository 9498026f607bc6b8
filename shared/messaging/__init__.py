"""Events and RPC that lose nothing, over nameko, kombu and eventlet."""

from shared.messaging.client import RpcClient
from shared.messaging.dependencies import (
    Background,
    Config,
    Context,
    Documents,
    Files,
    names,
    ssrf_guard,
)
from shared.messaging.on import on
from shared.messaging.rpc import rpc

__all__ = [
    "Background",
    "Config",
    "Context",
    "Documents",
    "Files",
    "RpcClient",
    "names",
    "on",
    "rpc",
    "ssrf_guard",
]
