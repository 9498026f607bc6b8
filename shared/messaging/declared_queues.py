"""What the exchanges and queues are called that a deploy step declares (deploy/queues.py).

The services themselves declare nothing but the reply queues of their own RPC calls.
"""

import re
from uuid import uuid4

from kombu import Exchange, Queue

from shared.events.event import Event

PARKED = "datalab.parked"
RPC_EXCHANGE = Exchange("nameko-rpc", type="topic", durable=True, no_declare=True)

PROBE_KEY = "datalab.probe"
"""What nobody takes: it says that the broker confirms."""

REPLY_KEY = re.compile(r"(rpc\.reply-|amq\.gen-)?[A-Za-z0-9_-]{1,200}")
"""Where replies may go: to no method of a service, whose keys are `<service>.<method>`.

Ours are called after their service; others are stock nameko's, or names that the broker made.
"""


def queue_name(service: str, event: type[Event]) -> str:
    """The queue of one service for one event; renaming a method orphans nothing."""
    return f"{service}.on.{event.topic}"


def retry_name(seconds: float) -> str:
    """The exchange, and its queue, in which an event waits for `seconds`."""
    return f"datalab.retry.{round(seconds * 1000)}"


def rpc_queue(service: str) -> Queue:
    """The queue of a service's RPC requests, as stock nameko names and binds it."""
    return Queue(f"rpc-{service}", RPC_EXCHANGE, routing_key=f"{service}.*", durable=True)


def reply_queue(service: str, expires_ms: int) -> Queue:
    """A new queue of replies to a service's calls; its key says whose it is, as its name does."""
    key = f"rpc.reply-{service}-{uuid4()}"
    arguments = {"x-expires": expires_ms}
    return Queue(key, RPC_EXCHANGE, routing_key=key, queue_arguments=arguments)
