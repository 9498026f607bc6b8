"""The servers that other tests stand on."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import amqp
import pytest
from pymongo import MongoClient

from shared.events import MemberJoined
from shared.messaging import declared_queues
from tests.forks import ForkServer, commands, services
from tests.integration.messaging.samples import Announcer, Recorder
from tests.servers import Broker, Documents, Process, eventually
from tests.vhosts import Needs, Vhosts


def _publish(broker: Broker, vhost: str, queue: str) -> None:
    with broker.connection(vhost) as connection:
        channel = connection.channel()
        channel.confirm_select()
        channel.queue_declare(
            queue, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"}
        )
        channel.basic_publish_confirm(amqp.Message(b"{}", delivery_mode=2), "", queue)


def test_a_queue_and_its_message_survive_the_death_of_the_broker(
    broker: Broker, vhost: str
) -> None:
    """What was confirmed is there after a kill and a start."""
    _publish(broker, vhost, "kept")
    eventually(lambda: broker.recorded(vhost), what="the node recorded the new queue")

    broker.kill()
    broker.start()

    eventually(lambda: broker.queues(vhost) == {"kept": 1}, what="the kept message is back")


def test_a_message_in_a_consumer_s_hands_is_counted(broker: Broker, vhost: str) -> None:
    """A queue is only empty when nothing is unacknowledged."""
    _publish(broker, vhost, "held")
    with broker.connection(vhost) as connection:
        channel = connection.channel()
        eventually(lambda: channel.basic_get("held"), what="delivery")
        eventually(lambda: broker.queues(vhost)["held"] == 1, what="the held message is counted")


def test_modules_with_the_same_needs_share_queues_and_no_message(broker: Broker) -> None:
    """Whether one waits, was held by a consumer that died, or was put off; nor a queue of its own.

    Another's needs are another virtual host.
    """
    needs, vhosts = Needs((Announcer, Recorder), (0.2,)), Vhosts(broker)
    vhost = vhosts.take(needs)
    queue = declared_queues.queue_name(str(Recorder.name), MemberJoined)
    with broker.connection(vhost) as connection:
        channel = connection.channel()
        channel.confirm_select()
        channel.queue_declare("heard", durable=True, auto_delete=False)
        channel.queue_bind("heard", "intake.events", "#")
        for exchange in ("intake.events", "intake.events", declared_queues.retry_name(0.2)):
            message = amqp.Message(b"{}", delivery_mode=2)
            routing_key = MemberJoined.topic if exchange == "intake.events" else queue
            channel.basic_publish_confirm(message, exchange, routing_key)
        eventually(lambda: channel.basic_get(queue), what="a consumer has one in hand")

    assert vhosts.take(needs) == vhost
    assert set(broker.queues(vhost).values()) == {0}
    assert "heard" not in broker.queues(vhost)

    other = vhosts.take(Needs((Announcer,), (0.2,)))
    assert other != vhost
    assert queue not in broker.queues(other)
    vhosts.close()


def test_what_a_module_bound_or_declared_is_not_the_next_one_s(broker: Broker) -> None:
    """Where queues that stay hear more than they were declared to, nobody has them again."""
    needs, vhosts = Needs((Recorder,), (0.2,)), Vhosts(broker)
    vhost = vhosts.take(needs)
    queue = declared_queues.queue_name(str(Recorder.name), MemberJoined)
    with broker.connection(vhost) as connection:
        connection.channel().queue_bind(queue, "intake.events", "#")
    assert vhosts.take(needs) != vhost
    vhosts.close()


def test_documents_survive_the_death_of_their_server(
    document_server: Documents, environ: dict[str, str]
) -> None:
    """An acknowledged insert is there after a kill and a start."""
    database = environ["DATALAB_DATABASE_PREFIX"]
    with MongoClient[dict[str, Any]](document_server.uri) as client:
        client[database]["facts"].insert_one({"_id": "one"})

    document_server.kill()
    document_server.start()

    with MongoClient[dict[str, Any]](document_server.uri) as client:
        assert client[database]["facts"].find_one() == {"_id": "one"}
        assert client[database + "_other"]["facts"].find_one() is None


PATCHED = """
import warnings
warnings.simplefilter("ignore")
import eventlet
eventlet.monkey_patch()
"""
STATE = """
import os, random, signal, sys, threading
print(__name__, sys.argv, sorted(os.environ.items()), os.getcwd(), os.getsid(0) == os.getpid())
print([one for one in range(3, 99) if os.path.exists(f"/proc/self/fd/{one}")])
print(*(signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGPIPE)), sys.stdin.read())
print(signal.pthread_sigmask(signal.SIG_BLOCK, []), threading.active_count(), sys.stdout.encoding)
sys.stderr.write("told")
sys.exit(int(sys.argv[2]))
"""


@pytest.mark.parametrize(("server", "first"), [(commands, ""), (services, PATCHED)])
def test_forked_process_begins_and_ends_like_python(
    server: Callable[[], ForkServer], first: str
) -> None:
    """What it finds, what it prints, and how it ends."""
    arguments, environ = ("-c", first + STATE, "é", "3"), {"SOME": "where"}
    started = subprocess.run(
        [sys.executable, *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    forked = server().run(arguments, environ)
    assert (forked.returncode, forked.stderr) == (started.returncode, started.stderr) == (3, "told")
    assert forked.stdout == started.stdout


def test_forked_process_can_be_killed(tmp_path: Path) -> None:
    """By `kill -9`, and its status tells."""
    process = Process([sys.executable, "-c", "import time; time.sleep(60)"], {}, tmp_path / "log")
    process.start()
    assert process.alive
    assert process.kill() == -signal.SIGKILL
    assert not process.alive
