"""A Slurm of the tests' own: one controller, one node, all on loopback, in a temporary folder."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil

from deploy.local.ports import LOOPBACK
from services.compute.execution.executors.transport import CommandFailed, Transport
from tests.servers import PATIENCE_SECONDS, Process, eventually, free_port, require

NODE = "localhost"
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged")
URGENT = "urgent"
"""A partition whose jobs end those of the other."""

_PARTITIONS = f"""
NodeName={NODE} NodeAddr={{address}} CPUs=64 RealMemory=100000
PartitionName=main Nodes={NODE} Default=YES MaxTime=INFINITE PriorityTier=1
PartitionName={URGENT} Nodes={NODE} MaxTime=INFINITE PriorityTier=2
"""


class Slurm:
    """A cluster whose parts can be killed, frozen and started again on their state.

    Its node claims more than the machine has: jobs of tests do nothing, many at a time. What is
    over the memory it asked for ends as without cgroups: killed, looked at once a second.
    """

    def __init__(self, home: Path, **settings: object) -> None:
        for program in PROGRAMS:
            require(shutil.which(program, path=_path()), program)
        self.home = home
        self._conf = home / "slurm.conf"
        self._is_old = _version() < (23, 11)
        self._ports = free_port(), free_port()
        lines = [f"{name}={value}" for name, value in {**self._defaults(), **settings}.items()]
        self._conf.write_text("\n".join(lines) + _PARTITIONS.format(address=self._address()))
        environ = {"PATH": _path(), "SLURM_CONF": str(self._conf)}
        self._munge = Process(self._munged(), environ, home / "munge.log")
        self._controller = self._daemon("slurmctld", "-D")
        self._node = self._daemon("slurmd", "-D", "-N", NODE)

    @property
    def prefix(self) -> tuple[str, ...]:
        """What stands before a command of Slurm to reach this one."""
        return ("env", f"SLURM_CONF={self._conf}")

    def start(self) -> None:
        """Start everything, and wait until jobs can be submitted."""
        self._munge.start()
        self._munge.wait_ready((self.home / "munge.sock").exists)
        self.start_node()
        self.start_controller()
        eventually(lambda: "idle" in self("sinfo", "--noheader", "--format=%T"), "an idle node")

    def close(self) -> None:
        """End everything that was started here, jobs included."""
        self.cut_power()
        for process in (self._controller, self._munge):
            if process.alive:
                process.kill()

    def __call__(self, *command: str) -> str:
        """What a command of Slurm prints."""
        return Transport(self.prefix, PATIENCE_SECONDS).run(command)

    def repair(self) -> None:
        """Start what was killed."""
        if not self._controller.alive:
            self.start_controller()
        if not self._node.alive:
            self.start_node()

    def start_controller(self) -> None:
        """Start the controller on its state; it waits for three seconds before it starts jobs."""
        self._controller.start()
        self._controller.wait_ready(self._answers)

    def kill_controller(self) -> None:
        """`kill -9` the controller."""
        self._controller.kill()

    def frozen(self) -> contextlib.AbstractContextManager[None]:
        """While the block lasts, the controller does nothing."""
        return self._controller.frozen()

    def save(self) -> None:
        """Have the controller write down what it knows, as it does every few seconds."""
        # Else it waits for the end of what was ending already.
        ending = ("squeue", "--noheader", "--states=completing")
        eventually(lambda: not self(*ending), "no job that ends")
        self._controller.stop()
        self.start_controller()

    @contextlib.contextmanager
    def forgetting(self) -> Iterator[None]:
        """At the end of the block the controller is killed, and comes back as it was before it.

        That is how it comes back when it is killed within five seconds.
        """
        state, copy = self.home / "state", self.home / "copy"
        self.save()
        shutil.copytree(state, copy)
        yield
        self.kill_controller()
        shutil.rmtree(state)
        copy.rename(state)
        self.start_controller()

    def start_node(self) -> None:
        """Start the node; jobs of before go on."""
        self._node.start()

    def kill_node(self) -> None:
        """`kill -9` the node's daemon; its jobs go on."""
        self._node.kill()

    def cut_power(self) -> None:
        """End the node and all that runs on it at once."""
        if self._node.alive:
            self._node.kill()
        for step in self._steps():
            _end(step)

    def lose_node(self) -> None:
        """End the node and all that runs on it, and tell the controller, as operators do.

        It would find out by itself in half a minute, or when the node is back for longer; the node
        serves again once it is repaired.
        """
        self.cut_power()
        self("scontrol", "update", f"NodeName={NODE}", "State=down", "Reason=tests")

    @contextlib.contextmanager
    def drained(self, reason: str) -> Iterator[None]:
        """While the block lasts, the node starts no job."""
        node = f"NodeName={NODE}"
        self("scontrol", "update", node, "State=drain", f"Reason={reason}")
        try:
            yield
        finally:
            # A controller that was killed may have forgotten that it is.
            with contextlib.suppress(CommandFailed):
                self("scontrol", "update", node, "State=resume")

    def _steps(self) -> list[psutil.Process]:
        """The processes of this node that watch over jobs: they stay when its daemon ends."""
        return [
            process
            for process in psutil.process_iter(["name", "cwd"])
            if (process.info["name"], process.info["cwd"]) == ("slurmstepd", str(self.home))
        ]

    def _answers(self) -> bool:
        with contextlib.suppress(CommandFailed):
            return bool(self("scontrol", "ping"))
        return False

    def _address(self) -> str:
        """Where its daemons listen; before 23.11 that is where the machine's own name leads."""
        return socket.gethostbyname(socket.gethostname()) if self._is_old else LOOPBACK

    def _defaults(self) -> dict[str, object]:
        user, home = pwd.getpwuid(os.geteuid()).pw_name, self.home
        (home / "state").mkdir()
        # With none it looks for the machine's own.
        plugin = "cgroup/v1" if self._is_old else "disabled"
        (home / "cgroup.conf").write_text(f"CgroupPlugin={plugin}\n")
        return {
            "ClusterName": "tests",
            "SlurmctldHost": f"localhost({self._address()})",
            "SlurmctldPort": self._ports[0],
            "SlurmdPort": self._ports[1],
            "SlurmUser": user,
            "SlurmdUser": user,
            "AuthType": "auth/munge",
            "AuthInfo": f"socket={home / 'munge.sock'}",
            "CredType": "cred/munge",
            "StateSaveLocation": home / "state",
            "SlurmdSpoolDir": home / "spool",
            "SlurmctldPidFile": home / "slurmctld.pid",
            "SlurmdPidFile": home / "slurmd.pid",
            "CommunicationParameters": "NoInAddrAny,NoCtldInAddrAny",
            "SchedulerParameters": "sched_interval=1,sched_min_interval=0,batch_sched_delay=0",
            "SelectType": "select/cons_tres",
            "SelectTypeParameters": "CR_Core_Memory",
            "SlurmdParameters": "config_overrides",
            "ProctrackType": "proctrack/linuxproc",
            "TaskPlugin": "task/none",
            "MpiDefault": "none",
            "MailProg": "/bin/true",
            "JobAcctGatherType": "jobacct_gather/linux",
            "JobAcctGatherFrequency": "task=1",
            "JobAcctGatherParams": "OverMemoryKill",
            "PreemptType": "preempt/partition_prio",
            "PreemptMode": "REQUEUE",
            "ReturnToService": 2,
            "KillWait": 1,
            "SlurmdTimeout": 30,
            "TCPTimeout": 1,
            "MessageTimeout": 5,
        }

    def _munged(self) -> list[str]:
        key = self.home / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(1024))
        files = {"socket": "sock", "pid-file": "pid", "log-file": "out", "seed-file": "seed"}
        options = [f"--{option}={self.home / 'munge'}.{end}" for option, end in files.items()]
        # Of the folder, which others cannot enter.
        return ["munged", "--foreground", "--force", f"--key-file={key}", *options]

    def _daemon(self, *command: str) -> Process:
        environ = {"PATH": _path()}
        log = self.home / f"{command[0]}.log"
        daemon = Process([*command, "-f", str(self._conf)], environ, log)
        daemon.folder = self.home
        return daemon


@contextlib.contextmanager
def running_slurm(home: Path, **settings: object) -> Iterator[Slurm]:
    """Provide a cluster that takes jobs, and end all of it after the block."""
    slurm = Slurm(home, **settings)
    try:
        slurm.start()
        yield slurm
    finally:
        slurm.close()


def _path() -> str:
    """Where programs are: also those of administrators."""
    return f"{os.environ['PATH']}:/usr/sbin:/sbin"


def _version() -> tuple[int, ...]:
    command = [shutil.which("slurmctld", path=_path()) or "", "-V"]
    words = subprocess.run(command, capture_output=True, check=True).stdout.split()
    return tuple(map(int, words[-1].split(b".")[:2]))


def _end(step: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        # First who would tell the controller how the others ended.
        for process in (step, *step.children(recursive=True)):
            process.kill()
