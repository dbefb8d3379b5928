# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""The whole of it: printers, their print server, a service, a connector; shared, approved and ready to print to."""

import os
import re
import shutil
import tempfile

from . import documents
from .connector import Connector
from .cups import Cups
from .printer import Printer
from .process import Failed, Process, run, wait_for
from .service import Service

LASER = "drv:///sample.drv/generic.ppd"     # PostScript
RASTER = "drv:///sample.drv/laserjet.ppd"   # PCL by rastertohp
COLOR = "drv:///sample.drv/deskjet.ppd"     # the same, with colour
MODELS = {"Raster": RASTER, "Color": COLOR}
USER = "user@example.org"

# ipptool's own tests expect an unauthenticated printer; these say what we mean.
PRINT_JOB = """\
{
  NAME "Print-Job"
  OPERATION Print-Job
  GROUP operation-attributes-tag
  ATTR charset attributes-charset utf-8
  ATTR naturalLanguage attributes-natural-language en
  ATTR uri printer-uri $uri
  ATTR name requesting-user-name $user
  ATTR name job-name "%(title)s"
  ATTR mimeMediaType document-format %(format)s
  %(operation)s
  GROUP job-attributes-tag
  %(job)s
  FILE "%(file)s"
  STATUS successful-ok
  STATUS successful-ok-ignored-or-substituted-attributes
  DISPLAY job-id
  DISPLAY job-state
}
"""

FORMATS = {".pdf": "application/pdf", ".ps": "application/postscript", ".pwg": "image/pwg-raster",
           ".jpg": "image/jpeg", ".txt": "text/plain"}


class World:
    def __init__(self, programs, folder=None, queues=("Laser", "Raster"), service_settings=None,
                 connector_settings=None, connector_env=None, has_notifier=True, cups_log_level="debug", cups_max_jobs=20000):
        self.programs = os.path.abspath(programs)
        self.folder = folder or tempfile.mkdtemp(prefix="printbridge-")
        os.chmod(self.folder, 0o755)  # cupsd's filters run as lp
        self.printers = {name: Printer(name, os.path.join(self.folder, "paper", name)) for name in queues}
        self.service = Service(self.path("service"), self.programs, service_settings)
        self.cups = Cups(self.path("cups"), self.programs, self.path("connector/runtime/connector.sock"), has_notifier,
                         log_level=cups_log_level, max_jobs=cups_max_jobs)
        self.connector = Connector(self.path("connector"), self.programs, self.cups.server, connector_settings,
                                   connector_env)
        self.password = None
        self.uris = {}
        self.far = None  # the CUPS of driverless printers

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self):
        self.cups.start()
        for name, printer in self.printers.items():
            self.add_queue(name, printer)
        self.service.start()
        self.password = self.service.add_user(USER)
        self.connector.start()
        return self

    def add_queue(self, name, printer):
        """By its name: the driver's kind. A driverless printer is one that another CUPS shares by IPP."""
        model = next((model for prefix, model in MODELS.items() if name.startswith(prefix)), LASER)
        if name.startswith("Driverless"):
            if self.far is None:
                self.far = Cups(self.path("far")).start()
            self.far.add(name, printer.uri, LASER, ["PageSize=A4", "Option1=True", "printer-is-shared=true"])
            self.cups.add(name, f"ipp://localhost:{self.far.port}/printers/{name}", "everywhere", ["PageSize=A4"])
        else:
            self.cups.add(name, printer.uri, model, ["PageSize=A4", "Option1=True"])

    def share(self, queues=None):
        """Share, approve as the administrator would, wait until everything is up. Returns the share's output."""
        share = self.connector.share(self.service, queues or list(self.printers))
        code = share.code()
        if code is None:
            raise Failed(f"share ended without a code:\n{share.text}")
        status, page = self.service.portal().decide(code)
        if status != 200:
            raise Failed(f"approval: {status}: {page[:500]}")
        status, text = share.finish()
        if status != 0:
            raise Failed(f"share: exit status {status}\n{text}")
        self.wait_ready(queues)
        return text

    def wait_ready(self, queues=None):
        """The tunnel is up and each queue has been reported."""
        self.connector.wait_tunnel()

        def ready():
            found = {q["queue"]: q for s in self.connector.status()["services"] for q in s["queues"]}
            self.uris = {name: q["printer_uri"] for name, q in found.items()}
            return all(name in found for name in queues or self.printers) and all(
                self.is_synced(name) for name in queues or self.printers)
        wait_for(ready, "the queues' reports at the service", 30, 0.05)

    def is_synced(self, queue):
        """The service knows what the queue can do."""
        _, text = self.ipptool(queue, "get-printer-attributes.test", check=False)
        return bool(re.search(r"printer-state \(enum\) = (idle|processing)", text))

    def uri(self, queue, with_password=True):
        uri = self.uris[queue]
        if not with_password:
            return uri
        return uri.replace("ipps://", f"ipps://{USER.replace('@', '%40')}:{self.password}@", 1)

    def ipptool(self, queue, test, check=True, seconds=120, options=()):
        return run(["ipptool", "-tv", "-T", "60", *options, self.uri(queue), test], {"HOME": self.folder}, check, seconds)

    def print_test(self, queue, path, job="", operation="", title="job"):
        """A file for ipptool that prints the document."""
        test = self.path(f"print-{os.path.basename(path)}-{abs(hash((queue, job, title))) % 10**8}.test")
        with open(test, "w", encoding="utf-8") as file:
            file.write(PRINT_JOB % {"title": title, "format": FORMATS[os.path.splitext(path)[1]], "file": path, "job": job,
                                    "operation": operation})
        return test

    def start_printing(self, queue, path, **more):
        """Print-Job by an ipptool in the background, that can be killed."""
        return Process("ipptool", ["ipptool", "-tv", self.uri(queue), self.print_test(queue, path, **more)],
                       self.path("ipptool.log"), {"HOME": self.folder}).start()

    def print_job(self, queue, path, job="", operation="", title="job", check=True, seconds=600):
        """Print-Job by ipptool; returns the cloud job's id, or (None, output) is raised as Failed."""
        test = self.print_test(queue, path, job, operation, title)
        status, text = self.ipptool(queue, test, check, seconds)
        match = re.search(r"job-id \(integer\) = (\d+)", text)
        if status != 0 or not match:
            raise Failed(f"Print-Job to {queue}:\n{text[-3000:]}")
        return int(match.group(1))

    def job(self, queue, job_id):
        """The cloud job's attributes as ipptool prints them: {name: value}."""
        test = self.path("get-job.test")
        if not os.path.exists(test):
            with open(test, "w", encoding="utf-8") as file:
                file.write('{ NAME "Get-Job-Attributes" OPERATION Get-Job-Attributes GROUP operation-attributes-tag '
                           'ATTR charset attributes-charset utf-8 ATTR naturalLanguage attributes-natural-language en '
                           'ATTR uri printer-uri $uri ATTR integer job-id $job ATTR name requesting-user-name $user '
                           'ATTR keyword requested-attributes all }')
        _, text = self.ipptool(queue, test, check=False, options=["-d", f"job={job_id}"])
        return dict(re.findall(r"^\s+([a-z-]+) \([^)]*\) = (.*)$", text.partition("RECEIVED")[2], re.M))

    def wait_job(self, queue, job_id, states=("completed",), seconds=60):
        ended = ("completed", "canceled", "aborted")
        last = {}

        def there():
            last.clear()
            last.update(self.job(queue, job_id))
            state = last.get("job-state")
            if state in ended and state not in states:
                raise Failed(f"job {job_id} of {queue} is {state}, not {' or '.join(states)}: "
                             f"{last.get('job-state-reasons')}: {last.get('job-state-message')}")
            return state in states
        try:
            wait_for(there, f"job {job_id} of {queue} {' or '.join(states)}", seconds, 0.05)
        except Failed as failed:
            raise Failed(f"{failed}; it is {last.get('job-state')}, {last.get('job-state-reasons')}") from None
        return last

    def document(self, name, pages=3, **more):
        """A PDF in the world's folder."""
        return documents.pdf(self.path(name), pages, **more)

    def tail(self, lines=40):
        """The ends of all logs, for a failure's message."""
        text = ""
        for path in (self.service.process.log, self.connector.process.log, f"{self.cups.folder}/log/error_log"):
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    text += f"--- {path}\n" + "".join(file.readlines()[-lines:])
        return text

    def stop(self):
        """Everything down, in the order in which a person would; returns the exit statuses that were not 0."""
        bad = []
        for part in (self.connector, self.service, self.cups, self.far):
            try:
                status = part.stop() if part is not None else None
            except Failed as failed:
                status = str(failed)
            if status not in (None, 0):
                bad.append((type(part).__name__, status))
        for printer in self.printers.values():
            printer.turn_off()
        return bad

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
