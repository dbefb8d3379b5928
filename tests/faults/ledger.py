# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""What was sent, what came out at the printers, and what that means: lost, doubled, stuck, reordered."""

import os
import re
import threading
import time

from harness.ipp import ENDED

# What a job may say that was not printed for certain: the promise is that somebody looks at the printer first.
HELD = re.compile(r"handed over whole|look at the printer|may have been printed|interrupted|not printed again by itself",
                  re.I)
MARK = re.compile(rb"\(PBM ([0-9]+) ([0-9]+) (begin|end)\)")


def document(job, number, filler_bytes=0):
    """One PostScript page that bears its job's and its own number at its begin and at its end."""
    filler = b"".join(b"%" + os.urandom(48).hex().encode() + b"\n" for _ in range(filler_bytes // 98))
    # Without structure comments: filters take nothing away then, whatever comes behind it.
    return (b"%!\n/Helvetica findfont 28 scalefont setfont\n"
            + f"60 760 moveto (PBM {job} {number} begin) show\n".encode() + filler
            + f"60 700 moveto (PBM {job} {number} end) show showpage\n".encode())


class Sent:
    """One job: what its client knows, and later what the service says of it."""

    def __init__(self, number, queue, documents):
        self.number, self.queue, self.documents = number, queue, documents
        self.cloud_job = None     # accepted: the service has said successful-ok to all of it
        self.state, self.reasons, self.message = "", "", ""
        self.is_canceled = False  # its client wanted that, or an operator who had found its paper
        self.was_held, self.was_released = False, False
        self.accepted_at = self.ended_at = None

    def __str__(self):
        return (f"job {self.number} ({self.queue}, cloud job {self.cloud_job}, {self.documents} documents, "
                f"{self.state or 'unknown'} {self.reasons}: {self.message})")


class Ledger:
    def __init__(self):
        self.jobs, self.lock, self.reading = [], threading.Lock(), threading.Lock()
        self.going = []    # accepted, and not known to have ended
        self.accepted = 0
        self.copies = {}   # (job, document): [(paper's number, place in it)] of whole copies
        self.parts = {}    # of begun ones
        self.read = {}     # printer: papers that were read

    def new(self, queue, documents=1):
        with self.lock:
            job = Sent(len(self.jobs) + 1, queue, documents)
            self.jobs.append(job)
        return job

    def accept(self, job, cloud_job):
        job.accepted_at = time.monotonic()
        job.cloud_job = cloud_job
        with self.lock:
            self.going.append(job)
            self.accepted += 1

    def reopen(self, job):
        """The service was put back to where it had not ended."""
        with self.lock:
            job.state = ""
            self.going.append(job)

    def _going(self):
        with self.lock:
            self.going = [job for job in self.going if job.state not in ENDED]
            return list(self.going)

    def see(self, job, state, reasons, message):
        """What the service says of it now."""
        job.state, job.reasons, job.message = state, reasons, message
        if self.is_held(job):
            job.was_held = True
        if job.ended_at is None and (state in ENDED or job.was_held):
            job.ended_at = time.monotonic()

    def held(self):
        return [job for job in self._going() if self.is_held(job)]

    def has_paper(self, job):
        """As far as the papers were read: some of it has been printed, whole or in part."""
        keys = [(job.number, number) for number in range(1, job.documents + 1)]
        return any(key in self.copies or key in self.parts for key in keys)

    def open(self):
        return [job for job in self._going() if not self.is_held(job)]

    @staticmethod
    def is_held(job):
        return job.state in ("pending-held", "processing-stopped") and HELD.search(job.message) is not None

    def read_papers(self, printers):
        """What has come since the last time."""
        with self.reading:
            self._read_papers(printers)

    def _read_papers(self, printers):
        for name, printer in printers.items():
            papers = list(printer.jobs)
            at = self.read.get(name, 0)
            while at < len(papers) and papers[at].is_complete:
                data = papers[at].data() if papers[at].size > 0 else b""
                for mark in MARK.finditer(data):
                    into = self.copies if mark.group(3) == b"end" else self.parts
                    into.setdefault((int(mark.group(1)), int(mark.group(2))), []).append((at, mark.start()))
                at += 1
            self.read[name] = at

    def _verdict(self, job):
        """None, or (kind, text)."""
        copies = [self.copies.get((job.number, number), []) for number in range(1, job.documents + 1)]
        counts = [len(found) for found in copies]
        if max(counts) > 1:
            return "doubled", f"{job}: copies at the printer: {counts}"
        if job.cloud_job is None:
            return None
        if job.state not in ENDED and not self.is_held(job):
            return "stuck", f"{job}: copies at the printer: {counts}"
        firsts = [found[0] for found in copies if found]
        if firsts != sorted(firsts):
            return "reordered", f"{job}: documents came as {firsts}"
        if job.state == "completed":
            return None if min(counts) == 1 else ("lost", f"{job}: copies at the printer: {counts}")
        if job.is_canceled or HELD.search(job.message):
            return None
        return "lost", f"{job}: copies at the printer: {counts}"

    def verdicts(self):
        """{kind: [texts]} of lost, doubled, stuck, reordered."""
        found = {"lost": [], "doubled": [], "stuck": [], "reordered": []}
        for job in self.jobs:
            verdict = self._verdict(job)
            if verdict:
                found[verdict[0]].append(verdict[1])
        return found

    def counts(self):
        accepted = [job for job in self.jobs if job.cloud_job is not None]
        return {"jobs": len(self.jobs), "accepted": len(accepted),
                "completed": sum(job.state == "completed" for job in accepted),
                "canceled": sum(job.is_canceled for job in accepted),
                "held": sum(job.was_held or (job.state == "aborted" and bool(HELD.search(job.message)))
                            for job in accepted),
                "released": sum(job.was_released for job in accepted)}

    def longest_wait(self):
        """Seconds from a job's acceptance to its end, or to where a person is called."""
        return max((job.ended_at - job.accepted_at for job in list(self.jobs) if job.ended_at and job.accepted_at), default=0)
