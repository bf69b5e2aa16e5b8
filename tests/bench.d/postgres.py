"""PostgreSQL servers of the benchmark's own: made, started, asked, stopped. They never touch the machine's."""

import glob
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time

# Modest, and the same for phr and for pgbench. All else is PostgreSQL's default: fsync, synchronous_commit and
# full_page_writes are on.
SETTINGS = {
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "max_connections": "200",
}

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def programs():
    """The folder of PostgreSQL's server programs."""
    folders = glob.glob("/usr/lib/postgresql/*/bin")
    newest = max(folders, key=lambda folder: int(re.search(r"/(\d+)/bin$", folder)[1]), default=None)
    found = os.environ.get("PHR_TEST_PG_BIN", newest)
    if not found or not os.path.exists(f"{found}/postgres"):
        raise SystemExit("tests/bench: PostgreSQL is missing: apt-get install postgresql")
    return found


def account():
    """Another user when this one is root, as whom PostgreSQL refuses to run: (uid, gid) or None."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    entry = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return entry.pw_uid, entry.pw_gid


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def home(folder):
    """A folder that PostgreSQL's user may write to: `folder`, or one that stands for it where that user may not go."""
    folder = pathlib.Path(folder)
    if as_owner := account():
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, *as_owner)
        if subprocess.run(["test", "-w", folder], check=False, cwd="/", **Server.identity()).returncode != 0:
            folder = pathlib.Path("/var/tmp") / ("phr-bench" + str(folder).replace("/", "-"))
            folder.mkdir(mode=0o700, exist_ok=True)
            os.chown(folder, *as_owner)
    return folder


class Server:
    """One PostgreSQL server, in a folder that stays."""

    def __init__(self, folder):
        self.bin = programs()
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.port = free_port()
        self.process = None

    @staticmethod
    def identity():
        owner = account()
        return {"user": owner[0], "group": owner[1], "extra_groups": []} if owner else {}

    def command(self, *arguments, **options):
        program, *rest = map(str, arguments)
        return subprocess.run([f"{self.bin}/{program}", *rest], check=True, cwd="/", **self.identity(), **options)

    def make_folder(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        if owner := account():
            os.chown(self.folder, *owner)

    def initialise(self):
        """Makes the server, unless it exists."""
        if (self.data / "PG_VERSION").exists():
            return
        self.make_folder()
        self.command(
            "initdb", "--pgdata", self.data, "--username", "postgres", "--auth", "trust", "--encoding", "UTF8",
            "--locale", "C.UTF-8", "--no-instructions", stdout=subprocess.DEVNULL,
        )

    def copy_of(self, primary):
        """Makes the server anew, as a streaming replica."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.make_folder()
        self.command(
            "pg_basebackup", "--pgdata", self.data, "--host", "127.0.0.1", "--port", primary.port,
            "--username", "postgres", "--wal-method", "stream", "--checkpoint", "fast", "--write-recovery-conf",
        )

    def start(self):
        """Starts the server, and ends whatever an interrupted run has left running on its folder."""
        if (self.data / "postmaster.pid").exists():
            arguments = ("pg_ctl", "stop", "--pgdata", self.data, "--mode", "fast", "--silent")
            try:
                self.command(*arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            except subprocess.CalledProcessError:
                pass
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        log = open(self.folder.parent / f"{self.folder.name}.log", "wb")
        self.process = subprocess.Popen(
            [f"{self.bin}/postgres", "-D", self.data, "-p", str(self.port), "-k", self.folder,
             "-c", "listen_addresses=127.0.0.1", *settings],
            cwd="/", stdout=log, stderr=log, start_new_session=True, **self.identity(),
        )
        for _ in range(600):
            ready = [f"{self.bin}/pg_isready", "--quiet", "--host", "127.0.0.1", "--port", str(self.port)]
            if subprocess.run(ready, check=False).returncode == 0:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise SystemExit(f"tests/bench: PostgreSQL did not start: see {log.name}")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait()

    def url(self, database):
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def sql(self, statement, database="postgres"):
        """The statement's result, as psql prints it without decoration."""
        done = subprocess.run(
            [f"{self.bin}/psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align",
             "--set", "ON_ERROR_STOP=1", "--dbname", self.url(database), "--command", statement],
            check=True, stdout=subprocess.PIPE, text=True,
        )
        return done.stdout.strip()

    def copy(self, database, table, columns, lines):
        """Loads lines of COPY's text format."""
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        psql = subprocess.Popen(
            [f"{self.bin}/psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", self.url(database),
             "--command", statement],
            stdin=subprocess.PIPE, text=True,
        )
        with psql.stdin:
            psql.stdin.writelines(lines)
        if psql.wait() != 0:
            raise SystemExit(f"tests/bench: {table} could not be loaded")

    def cpu_seconds(self):
        """What all of the server's processes have used so far, those that have ended included."""
        main = self.process.pid
        while True:
            _, _, ended_user, ended_system, _ = before = ticks(main)
            total = sum(before[:4])
            for entry in os.scandir("/proc"):
                if entry.name.isdigit() and (used := ticks(entry.name)) and used[4] == main:
                    total += used[0] + used[1]
            # A process that ended meanwhile would count twice, or not at all.
            if ticks(main)[2:4] == (ended_user, ended_system):
                return total / CLOCK_TICKS


def ticks(pid):
    """utime, stime, and those of children waited for, in clock ticks, and the parent; None when the process is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[11]), int(fields[12]), int(fields[13]), int(fields[14]), int(fields[1])
