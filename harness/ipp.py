# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""A client that prints thousands of jobs: IPP over one kept TLS connection, and only what that takes."""

import base64
import http.client
import itertools
import re
import ssl
import struct
import time

PRINT_JOB, CREATE_JOB, SEND_DOCUMENT, CANCEL_JOB, GET_JOB_ATTRIBUTES = 0x0002, 0x0005, 0x0006, 0x0008, 0x0009
CANCEL_MY_JOBS, GET_JOBS, HOLD_JOB, RELEASE_JOB, GET_PRINTERS = 0x0039, 0x000a, 0x000c, 0x000d, 0x004f
OCTETS, DATE = 0x30, 0x31
INTEGER, BOOLEAN, ENUM, TEXT, NAME, KEYWORD, URI, CHARSET, LANGUAGE, MIME = (
    0x21, 0x22, 0x23, 0x41, 0x42, 0x44, 0x45, 0x47, 0x48, 0x49)
STATES = {3: "pending", 4: "pending-held", 5: "processing", 6: "processing-stopped", 7: "canceled", 8: "aborted",
          9: "completed"}
ENDED = ("canceled", "aborted", "completed")


class Refused(Exception):
    """The service answered, and the answer is no."""

    def __init__(self, status, message):
        super().__init__(f"status 0x{status:04x}: {message}")
        self.status = status


class Unanswered(Exception):
    """Nobody knows whether the service did it."""


def attribute(tag, name, value):
    if tag in (INTEGER, ENUM):
        value = struct.pack(">i", value)
    elif tag == BOOLEAN:
        value = b"\x01" if value else b"\x00"
    elif not isinstance(value, bytes):
        value = value.encode()
    return struct.pack(">BH", tag, len(name)) + name.encode() + struct.pack(">H", len(value)) + value


def parse(data):
    """(status, {name: first value})."""
    status, at, found, name = struct.unpack(">H", data[2:4])[0], 8, {}, ""
    while at < len(data) and data[at] != 3:
        tag = data[at]
        at += 1
        if tag < 0x10:
            continue
        size = struct.unpack(">H", data[at:at + 2])[0]
        name = data[at + 2:at + 2 + size].decode() or name
        at += 2 + size
        size = struct.unpack(">H", data[at:at + 2])[0]
        value = data[at + 2:at + 2 + size]
        at += 2 + size
        value = struct.unpack(">i", value)[0] if tag in (INTEGER, ENUM) else value.decode("utf-8", "replace")
        found[name] = f"{found[name]},{value}" if name in found else value
    return status, found


def date(seconds):
    """A dateTime of that moment, in UTC."""
    at = time.gmtime(seconds)
    return struct.pack(">HBBBBBBcBB", at.tm_year, at.tm_mon, at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec, 0, b"+", 0, 0)


class Client:
    """Not to be shared by threads."""

    def __init__(self, port, ca_file, user, password, timeout=30):
        self.port, self.timeout = port, timeout
        self.context = ssl.create_default_context(cafile=ca_file)
        self.authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.connection = None

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def request(self, operation, uri, *attributes, document=b"", job=()):
        """The answer's attributes; `job` go into the job group; a document may be an iterable of pieces. Refused and
        Unanswered say what else may happen."""
        target = "system-uri" if uri.endswith("/system") else "printer-uri"
        message = struct.pack(">HHI", 0x0200, operation, 1) + b"\x01" + attribute(CHARSET, "attributes-charset", "utf-8")
        message += attribute(LANGUAGE, "attributes-natural-language", "en") + attribute(URI, target, uri)
        message += b"".join(attribute(*one) for one in attributes)
        if job:
            message += b"\x02" + b"".join(attribute(*one) for one in job)
        message += b"\x03"
        path = re.sub(r"^ipps?://[^/]*", "", uri)
        try:
            if self.connection is None:
                self.connection = http.client.HTTPSConnection("localhost", self.port, timeout=self.timeout,
                                                              context=self.context)
            body = message + document if isinstance(document, bytes) else itertools.chain([message], document)
            self.connection.request("POST", path, body,
                                    {"Content-Type": "application/ipp", "Authorization": self.authorization})
            reply = self.connection.getresponse()
            data = reply.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unanswered(str(error)) from error
        if reply.status != 200 or len(data) < 8:
            self.close()
            raise Refused(reply.status, data[:200].decode("utf-8", "replace"))
        status, found = parse(data)
        if status >= 0x100:
            raise Refused(status, found.get("status-message", ""))
        return found

    def print_job(self, uri, title, documents, format="application/postscript"):
        """The job's id once the service has said successful-ok to all of it."""
        name = (NAME, "job-name", title)
        if len(documents) == 1:
            return self.request(PRINT_JOB, uri, name, (MIME, "document-format", format), document=documents[0])["job-id"]
        job = self.request(CREATE_JOB, uri, name)["job-id"]
        for number, document in enumerate(documents, 1):
            self.request(SEND_DOCUMENT, uri, (INTEGER, "job-id", job), (MIME, "document-format", format),
                         (BOOLEAN, "last-document", number == len(documents)), document=document)
        return job

    def job(self, uri, job):
        """(state, reasons, message)."""
        found = self.request(GET_JOB_ATTRIBUTES, uri, (INTEGER, "job-id", job),
                             (KEYWORD, "requested-attributes", "all"))
        return (STATES.get(found.get("job-state"), "?"), found.get("job-state-reasons", ""),
                found.get("job-state-message", ""))

    def cancel(self, uri, job):
        self.request(CANCEL_JOB, uri, (INTEGER, "job-id", job))
