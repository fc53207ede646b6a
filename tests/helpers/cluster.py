"""A real SLURM cluster on this machine: controller, two nodes and munge, on loopback, without systemd or accounting.

`PYTHONPATH=tests python -m helpers.cluster` brings one up to try a profile on, and takes it down on Ctrl-C. It needs root and
Debian's packages.

The daemons run in the foreground as children that the kernel ends with their parent, so that none survives a killed test.
"""

import contextlib
import ctypes
import fcntl
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
NODES = ("n1", "n2")
# A job does not inherit SLURM_CONF from Snakemake's SLURM plugin, so the configuration must lie where SLURM looks for it.
CONF = Path("/etc/slurm/slurm.conf")
PR_SET_PDEATHSIG = 1

SETTINGS = """\
ClusterName=guidefit
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=17817
SlurmUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=10
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=2
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
MinJobAge=3600
KillWait=2
SlurmdTimeout=15
ReturnToService=1
MpiDefault=none
PartitionName=main Nodes={nodes} Default=YES DefaultTime=10 MaxTime=120 DefMemPerCPU=500 LLN=YES State=UP
"""
NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=4 RealMemory={memory}\n"


class Unavailable(Exception):
    """Why no cluster can run here."""


def install() -> None:
    """Install SLURM's packages where they are missing; Unavailable where that is not possible."""
    if os.geteuid() != 0:
        raise Unavailable("a SLURM cluster of our own needs root")
    if CONF.exists():
        raise Unavailable(f"this machine has a SLURM configuration of its own ({CONF})")
    if all(shutil.which(program) for program in ("slurmctld", "slurmd", "sbatch", "munged")):
        return
    if not shutil.which("apt-get"):
        raise Unavailable("SLURM is not installed, and there is no apt-get to install it")
    commands = ["apt-get update -qq", f"apt-get install -y -qq --no-install-recommends {' '.join(PACKAGES)}"]
    for command in commands:
        done = subprocess.run(
            command.split(), env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, capture_output=True, text=True, timeout=300
        )
        if done.returncode:
            raise Unavailable(f"`{command}` failed: {done.stderr[-500:]}")


class Cluster:
    """A running cluster; `stop` it."""

    def __init__(self) -> None:
        # A machine has room for one cluster: wait for that of a test that runs at the same time.
        self.turn = (Path(tempfile.gettempdir()) / "guidefit-slurm.lock").open("w")
        fcntl.flock(self.turn, fcntl.LOCK_EX)
        install()
        self.folder = Path(tempfile.mkdtemp(prefix="guidefit-slurm-"))
        self.daemons: list[subprocess.Popen[bytes]] = []
        self.made_conf_folder = not CONF.parent.exists()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        host = socket.gethostname().split(".")[0]
        if not socket.gethostbyname(host).startswith("127."):
            raise Unavailable(f"the name of this machine, {host}, must resolve to loopback: SLURM would listen on the network")
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        text = SETTINGS.format(host=host, folder=self.folder, nodes=",".join(NODES))
        for i, name in enumerate(NODES):
            # The two nodes claim more memory than the machine has: SLURM refuses jobs that ask for more, and these jobs are small.
            text += NODE.format(name=name, host=host, port=17901 + i, memory=max(memory, 16000))
            (self.folder / f"spool-{name}").mkdir()
        (self.folder / "state").mkdir()
        (self.folder / "slurm.conf").write_text(text)
        self.folder.chmod(0o755)
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(secrets.token_bytes(1024))
        CONF.parent.mkdir(parents=True, exist_ok=True)
        CONF.unlink(missing_ok=True)  # a link that a killed run left
        CONF.symlink_to(self.folder / "slurm.conf")

        own = [f"--{name}={self.folder}/munge.{name}" for name in ("socket", "seed-file", "log-file", "pid-file")]
        self._daemon("munged", "--foreground", "--force", f"--key-file={key}", *own)
        self.wait("munge answers", lambda: (self.folder / "munge.socket").exists())
        self._daemon("slurmctld", "-D")
        for name in NODES:
            self._daemon("slurmd", "-D", "-N", name)
        self.wait("both nodes are idle", lambda: self.run("sinfo", "-hN", "-t", "idle", "-o", "%N").split() == list(NODES))

    def _daemon(self, *command: str) -> None:
        log = (self.folder / f"{len(self.daemons)}-{command[0]}.log").open("wb")
        program = shutil.which(command[0])  # slurmd restarts itself by this path
        assert program
        libc = ctypes.CDLL(None)
        # A session of its own: Ctrl-C in the terminal must reach the tests first.
        self.daemons.append(
            subprocess.Popen(
                [program, *command[1:]],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM),
            )
        )

    def wait(self, what: str, is_so, seconds: float = 40) -> None:
        """Wait until is_so(); Unavailable, with the daemons' logs, where that takes too long."""
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                logs = "\n".join(f"{path.name}: {path.read_text()[-1000:]}" for path in self.folder.glob("*.log"))
                raise Unavailable(f"not within {seconds} s: {what}\n{logs}")
            time.sleep(0.2)

    def run(self, *command: str) -> str:
        """The output of one of SLURM's commands."""
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout

    def jobs(self) -> list[dict[str, str]]:
        """All jobs so far, in the order of their submission: id, name, state, node, comment."""
        keys = ("id", "name", "state", "node", "comment")
        lines = self.run("squeue", "-h", "-t", "all", "-o", "%i|%j|%T|%N|%k").splitlines()
        return sorted((dict(zip(keys, line.split("|"), strict=True)) for line in lines), key=lambda job: int(job["id"]))

    def cancel_all(self) -> None:
        """Cancel every job and wait until it is gone."""
        self.run("scancel", "--user", "root")
        self.wait("no job is left", lambda: not self.run("squeue", "-h", "-t", "pending,running,completing", "-o", "%i").strip())

    def stop(self) -> None:
        """End every job and every daemon that this started, and leave nothing behind."""
        try:
            if len(self.daemons) > 1 and self.daemons[1].poll() is None:
                self.cancel_all()
        except (Unavailable, subprocess.TimeoutExpired) as error:
            print(error, file=sys.stderr)
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in reversed(self.daemons):
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        # SLURM cannot reach the processes of a node that is down.
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                environment = (process / "environ").read_bytes().split(b"\0")
                if b"SLURM_CLUSTER_NAME=guidefit" in environment:
                    os.kill(int(process.name), signal.SIGKILL)
        if CONF.is_symlink() and CONF.readlink() == self.folder / "slurm.conf":
            CONF.unlink()
            if self.made_conf_folder:
                CONF.parent.rmdir()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.turn.close()


if __name__ == "__main__":
    cluster = Cluster()
    print(cluster.run("sinfo"), "Partition main, any account. Ctrl-C takes it down.", sep="\n")
    try:
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        cluster.stop()
