# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""A private cupsd with our filter, notifier, backend and driver beside the system's, on a free port and a socket of its own."""

import glob
import grp
import os
import pwd
import re
import shutil
import signal

from .process import Process, free_port, run, wait_for

SERVER_BIN = "/usr/lib/cups"
DATA_DIR = "/usr/share/cups"

CONF = """\
Listen 127.0.0.1:{port}
Listen {folder}/run/cups.sock
ServerName localhost
Browsing No
BrowseLocalProtocols none
DefaultAuthType None
LogLevel {log_level}
LogTimeFormat usecs
MaxLogSize 0
DirtyCleanInterval 0
JobRetryInterval 2
JobKillDelay 5
MaxJobTime {max_job_time}
MaxJobs {max_jobs}
ErrorPolicy {error_policy}
WebInterface Yes
PreserveJobHistory Yes
PreserveJobFiles {keeps_files}
<Location />
  Order allow,deny
  Allow all
</Location>
<Location /admin>
  Order allow,deny
  Allow all
</Location>
<Policy default>
  JobPrivateAccess all
  JobPrivateValues none
  SubscriptionPrivateAccess all
  SubscriptionPrivateValues none
  <Limit All>
    Order allow,deny
    Allow all
  </Limit>
</Policy>
"""

FILES = """\
ServerRoot {folder}/etc
ServerBin {folder}/bin
DataDir {folder}/share
DocumentRoot /usr/share/cups/doc-root
CacheDir {folder}/cache
StateDir {folder}/run
RequestRoot {folder}/spool
TempDir {folder}/spool/tmp
AccessLog {folder}/log/access_log
ErrorLog {folder}/log/error_log
PageLog {folder}/log/page_log
User {user}
Group {group}
SystemGroup {system_group}
FileDevice Yes
Printcap {folder}/run/printcap
SetEnv PRINTBRIDGE_SOCKET {socket}
{places}
"""

PATIENT = ('#!/bin/sh\nset -e\npaper=$(mktemp {folder}/paper-XXXXXX)\ncat > "$paper"\n'
           'while test -e {stall}; do sleep 0.05; done\n'
           'exec env "DEVICE_URI={uri}" /usr/lib/cups/backend/socket "$1" "$2" "$3" 1 "" "$paper" 2> /dev/null\n')

# Where the desktop's half keeps things: environment variable and folder.
PLACES = {"PRINTBRIDGE_CONFIG": "desk/config", "PRINTBRIDGE_STATE": "desk/state", "PRINTBRIDGE_CACHE": "desk/cache",
          "PRINTBRIDGE_USERS": "desk/users"}


class Cups:
    """`programs` is the build tree; `socket` the connector's. Without programs it is a plain cupsd."""

    def __init__(self, folder, programs=None, socket="/nonexistent", has_notifier=True, error_policy="retry-job",
                 log_level="debug", max_job_time=0, keeps_files="No", env=None, max_jobs=20000):
        self.folder, self.programs, self.socket = str(folder), programs, str(socket)
        self.has_notifier, self.error_policy, self.log_level = has_notifier, error_policy, log_level
        self.max_job_time, self.keeps_files = max_job_time, keeps_files
        self.max_jobs = max_jobs
        self.places = {name: os.path.join(self.folder, place) for name, place in PLACES.items()}
        self.places.update(env or {})
        self.port = free_port()
        self.server = os.path.join(self.folder, "run", "cups.sock")
        self.env = {"CUPS_SERVER": self.server}
        self.process = None
        self._make()

    def _make(self):
        is_root = os.geteuid() == 0
        for name in ("etc", "bin", "share", "cache", "run/certs", "spool/tmp", "log", "share/mime", "etc/ppd",
                     *PLACES.values()):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        for name in ("backend", "filter", "driver", "daemon", "monitor", "notifier", "cgi-bin"):
            self._link(os.path.join(SERVER_BIN, name), os.path.join(self.folder, "bin", name))
        for name in os.listdir(DATA_DIR):
            if name != "mime":
                self._symlink(os.path.join(DATA_DIR, name), os.path.join(self.folder, "share", name))
        self._link(os.path.join(DATA_DIR, "mime"), os.path.join(self.folder, "share", "mime"))
        if self.programs:
            self._install()
        me = pwd.getpwuid(os.geteuid())
        values = {"folder": self.folder, "port": self.port, "socket": self.socket, "error_policy": self.error_policy,
                  "max_job_time": self.max_job_time, "max_jobs": self.max_jobs, "keeps_files": self.keeps_files,
                  "places": "\n".join(f"SetEnv {name} {value}" for name, value in self.places.items()),
                  "log_level": self.log_level, "user": "lp" if is_root else me.pw_name,
                  "group": "lp" if is_root else grp.getgrgid(me.pw_gid).gr_name,
                  "system_group": "root" if is_root else grp.getgrgid(me.pw_gid).gr_name}
        for name, text in (("cupsd.conf", CONF), ("cups-files.conf", FILES)):
            with open(os.path.join(self.folder, "etc", name), "w", encoding="utf-8") as file:
                file.write(text.format(**values))
        if is_root:
            lp = pwd.getpwnam("lp")
            os.chmod(os.path.join(self.folder, "desk/state"), 0o700)
            os.chown(os.path.join(self.folder, "desk/cache"), lp.pw_uid, lp.pw_gid)
            for name in ("cache", "spool", "spool/tmp", "log", "run"):
                os.chown(os.path.join(self.folder, name), 0 if name == "run" else lp.pw_uid, lp.pw_gid)
                os.chmod(os.path.join(self.folder, name), 0o775 if name != "spool" else 0o710)

    def _symlink(self, target, link):
        if not os.path.lexists(link):
            os.symlink(target, link)

    def _link(self, source, folder):
        os.makedirs(folder, exist_ok=True)
        for name in sorted(os.listdir(source)) if os.path.isdir(source) else []:
            self._symlink(os.path.join(source, name), os.path.join(folder, name))

    def _install(self):
        """Our programs, as copies that belong to whoever runs cupsd: it refuses others'."""
        # A backend that only its owner may run is run as root.
        wanted = [("bin/filter/printbridgefetch", "filter/printbridgefetch", 0o755),
                  ("bin/ppd/printbridge", "driver/printbridge", 0o755),
                  ("bin/backend/main/printbridge", "backend/printbridge", 0o700)]
        if self.has_notifier:
            wanted.append(("bin/notifier/printbridge", "notifier/printbridge", 0o755))
        for source, target, mode in wanted:
            path = os.path.join(self.folder, "bin", target)
            if target.endswith("/printbridge") and not os.path.exists(os.path.join(self.programs, source)):
                continue
            if os.path.lexists(path):
                os.unlink(path)
            shutil.copyfile(os.path.join(self.programs, source), path)
            os.chmod(path, mode)
        source = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "filter")
        for name in os.listdir(source):
            if name.endswith((".types", ".convs")):
                shutil.copyfile(os.path.join(source, name), os.path.join(self.folder, "share", "mime", name))

    def start(self, seconds=20):
        cupsd = shutil.which("cupsd", path=os.environ.get("PATH", "") + ":/usr/sbin")
        self.process = Process("cupsd", [cupsd, "-f", "-c", f"{self.folder}/etc/cupsd.conf",
                                         "-s", f"{self.folder}/etc/cups-files.conf"], f"{self.folder}/log/cupsd")
        self.process.start()
        self.wait_up(seconds)
        return self

    def wait_up(self, seconds=20):
        wait_for(lambda: run(["lpstat", "-r"], self.env, check=False)[1].startswith("scheduler is running"),
                 f"cupsd in {self.folder}", seconds)

    def stop(self):
        if self.process is not None:
            self.process.stop()

    def kill(self):
        """SIGKILL for cupsd and what it has started, as its systemd unit does it: orphans would go on printing."""
        _, text = run(["ps", "-o", "pid=", "--ppid", self.process.pid], check=False)
        children = [int(line) for line in text.split()]
        self.process.kill()
        for child in children:
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def make_patient(self, queue, uri):
        """Its backend takes the whole job, and gives it to the printer while the file that is returned is not there; nobody
        else need be there by then."""
        papers, stall = os.path.join(self.folder, f"papers-{queue}"), os.path.join(self.folder, f"stall-{queue}")
        os.makedirs(papers, exist_ok=True)
        os.chmod(papers, 0o777)
        path = os.path.join(self.folder, "bin", "backend", f"patient{queue.lower()}")
        with open(path, "w", encoding="ascii") as file:
            file.write(PATIENT.format(folder=papers, stall=stall, uri=uri))
        os.chmod(path, 0o755)
        run(["lpadmin", "-p", queue, "-v", f"patient{queue.lower()}://here"], self.env)
        return stall

    def tidy_after_kill(self):
        """As docs/RELIABILITY.md advises for cups.service. cupsd 2.4 that was killed while it wrote the list of its jobs, or a
        job's own file, has jobs twice from then on: it prints them twice, and never sees the end of some."""
        spool = os.path.join(self.folder, "spool")
        for path in glob.glob(os.path.join(self.folder, "cache", "job.cache*")) + glob.glob(os.path.join(spool, "c*.O")):
            os.unlink(path)
        for path in glob.glob(os.path.join(spool, "c*.N")):
            if os.path.exists(path[:-2]):
                os.unlink(path)
            else:
                os.rename(path, path[:-2])

    def add(self, queue, uri, model, options=()):
        args = ["lpadmin", "-p", queue, "-E", "-v", uri, "-m", model]
        for option in options:
            args += ["-o", option]
        run(args, self.env)

    def lp(self, queue, path, options=(), user=None):
        """Returns the job's number."""
        args = ["lp", "-d", queue] + [arg for option in options for arg in ("-o", option)]
        if user:
            args += ["-U", user]
        _, text = run(args + ["--", str(path)], self.env)
        return int(re.search(rf"request id is {re.escape(queue)}-(\d+)", text).group(1))

    def jobs(self, which="all"):
        """Lines of lpstat: [(queue, number, rest)]."""
        _, text = run(["lpstat", "-W", which, "-o"], self.env, check=False)
        return [(m.group(1), int(m.group(2)), m.group(3)) for m in re.finditer(r"^(\S+)-(\d+)\s+(.*)$", text, re.M)]

    def error_log(self):
        with open(f"{self.folder}/log/error_log", encoding="utf-8", errors="replace") as file:
            return file.read()
