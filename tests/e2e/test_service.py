# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""The service by itself: its settings, its signals and the limits of its HTTP edge."""

import base64
import json
import os
import shutil
import signal
import socket
import sqlite3
import ssl
import struct
import tempfile
import time
import unittest
import urllib.parse
import uuid

from harness.process import run, wait_for
from harness.service import Service

PROGRAMS = os.path.abspath(os.environ.get("PB_PROGRAMS", "build/dev"))


def ipp(tag, name, value):
    """An attribute with one value (RFC 8010 s3.1.4)."""
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">BH", tag, len(name)) + name.encode() + struct.pack(">H", len(value)) + value


class Alone(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="printbridge-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.service = Service(cls.folder, PROGRAMS, {"head-timeout": "1s", "idle-timeout": "30s"})
        cls.addClassCleanup(cls.service.process.kill)

    def setUp(self):
        if not self.service.process.is_running():
            self.service.start()

    def connect(self):
        """A TLS connection that trusts our authority."""
        context = ssl.create_default_context(cafile=self.service.ca_file)
        sock = socket.create_connection(("127.0.0.1", self.service.port), timeout=20)
        self.addCleanup(sock.close)
        tls = context.wrap_socket(sock, server_hostname="localhost")
        self.addCleanup(tls.close)
        return tls

    def head(self, first_line, *fields):
        return "\r\n".join((first_line, f"Host: {self.service.authority}", *fields, "", "")).encode()

    @staticmethod
    def read_response(tls):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = tls.recv(65536)
            if not piece:
                return 0, data
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        size = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        while size and len(body) < size[0]:
            body += tls.recv(65536)
        return int(head.split()[1]), body

    @staticmethod
    def seconds_until_closed(tls):
        begin = time.monotonic()
        while tls.recv(65536):
            pass
        return time.monotonic() - begin

    def ask_code(self):
        details = [{"type": "printbridge-share", "printer-name": "Laser",
                    "output-device-uuid": "urn:uuid:00000000-0000-4000-8000-000000000001"}]
        body = urllib.parse.urlencode({"client_id": "a" * 43, "scope": "print.register",
                                       "authorization_details": json.dumps(details)}).encode()
        tls = self.connect()
        tls.sendall(self.head("POST /oauth/device_authorization HTTP/1.1", f"Content-Length: {len(body)}",
                              "Content-Type: application/x-www-form-urlencoded") + body)
        status, reply = self.read_response(tls)
        self.assertEqual(status, 200, reply)
        return json.loads(reply)

    def certificate(self):
        return self.connect().getpeercert(binary_form=True)

    def reload(self, wanted):
        self.service.write_config()
        before = self.service.process.output().count(wanted)
        self.service.process.signal(signal.SIGHUP)
        wait_for(lambda: self.service.process.output().count(wanted) > before, wanted)

    # --- settings

    def test_what_is_wrong_is_named_with_its_line(self):
        path = os.path.join(self.folder, "wrong.conf")
        rows = (("port = 70000", "port"), ("port = many", "port"), ("prot = 1", "prot"), ("host = a b", "host"),
                ("host = a/b", "host"), ("idle-timeout = 5 parsecs", "idle-timeout"), ("log-level = loud", "log-level"),
                ("cut-through = maybe", "cut-through"), ("document-size = 1", "document-size"), ("only words", "only words"))
        for line, name in rows:
            with self.subTest(line=line):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(f"# a comment\n\n{line}\n")
                status, text = run([self.service.program, "run", "--config", path], check=False)
                self.assertEqual(status, 2, text)
                self.assertIn(f"{path}:3", text)
                self.assertIn(name, text)

    def test_every_setting_is_explained_and_the_explanation_can_be_read_back(self):
        _, text = run([self.service.program, "settings"])
        path = os.path.join(self.folder, "explained.conf")
        lines = [line[1:] if line.startswith("#") and not line.startswith("# ") else line for line in text.splitlines()]
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines if not line.endswith("="))
        status, text = run([self.service.program, "user", "add", "--config", path], check=False)
        self.assertEqual(status, 2)
        self.assertIn("e-mail address are wanted", text)

    # --- signals

    def test_sighup_reads_certificate_and_settings(self):
        service, settings = self.service, dict(self.service.settings)
        self.addCleanup(lambda: (service.settings.clear(), service.settings.update(settings), service.write_config()))
        before = self.certificate()
        self.assertEqual(self.ask_code()["expires_in"], 600)
        for name in ("server.pem", "server-key.pem"):
            os.unlink(os.path.join(settings["data-folder"], name))
        service.settings.update({"code-life": "77s", "idle-timeout": "1s", "port": "1", "host": "elsewhere.example"})
        self.reload("reloaded: certificate and settings")
        self.assertIn("read at the start only: port, host", service.process.output())
        self.assertNotEqual(self.certificate(), before)
        self.assertEqual(self.ask_code()["expires_in"], 77)
        tls = self.connect()
        tls.sendall(self.head("GET /icon.png HTTP/1.1"))
        self.assertEqual(self.read_response(tls)[0], 200)
        self.assertLess(self.seconds_until_closed(tls), 10)

        service.settings["code-life"] = "soon"
        self.reload("not reloaded: ")
        self.assertIn("code-life", service.process.output().split("not reloaded: ")[1].splitlines()[0])
        self.assertEqual(self.ask_code()["expires_in"], 77)
        service.settings.update({"code-life": "78s", "certificate-file": "/nowhere", "key-file": "/nowhere"})
        self.reload("not reloaded: /nowhere")
        self.assertEqual(self.ask_code()["expires_in"], 77)

    def test_sigterm_lets_requests_end(self):
        idle, busy = self.connect(), self.connect()
        idle.sendall(self.head("GET /icon.png HTTP/1.1"))
        self.assertEqual(self.read_response(idle)[0], 200)
        body = b"grant_type=none"
        busy.sendall(self.head("POST /oauth/token HTTP/1.1", f"Content-Length: {len(body)}",
                               "Content-Type: application/x-www-form-urlencoded") + body[:5])
        wait_for(lambda: self.ask_code(), "another request after the half one")
        self.service.process.signal(signal.SIGTERM)
        self.assertLess(self.seconds_until_closed(idle), 5)
        with self.assertRaises(OSError):
            self.connect()
        self.assertTrue(self.service.process.is_running())
        busy.sendall(body[5:])
        status, reply = self.read_response(busy)
        self.assertEqual((status, json.loads(reply)["error"]), (400, "unsupported_grant_type"))
        self.assertEqual(self.service.process.popen.wait(10), 0)

    def add_printer(self):
        """Into the database: what a registration makes."""
        with sqlite3.connect(os.path.join(self.service.settings["data-folder"], "service.db"), timeout=20) as db:
            return db.execute("INSERT INTO printers (uuid, name, make_and_model, location, created_ms, config_ms, state_ms)"
                              " VALUES (?, 'Laser', 'Acme', '', 1, 1, 1)", (uuid.uuid4().urn,)).lastrowid

    def test_sigterm_answers_long_polls(self):
        password, number = self.service.add_user("poll@example.org"), self.add_printer()
        uri = f"ipps://{self.service.authority}/ipp/print/{number}"
        basic = base64.b64encode(f"poll@example.org:{password}".encode()).decode()

        def ask(operation, *attributes):
            body = (struct.pack(">HHI", 0x0200, operation, 1) + b"\x01" + ipp(0x47, "attributes-charset", "utf-8")
                    + ipp(0x48, "attributes-natural-language", "en") + ipp(0x45, "printer-uri", uri)
                    + b"".join(attributes) + b"\x03")
            tls = self.connect()
            tls.sendall(self.head(f"POST /ipp/print/{number} HTTP/1.1", f"Content-Length: {len(body)}",
                                  "Content-Type: application/ipp", f"Authorization: Basic {basic}") + body)
            return tls

        status, reply = self.read_response(ask(0x16, b"\x06", ipp(0x44, "notify-pull-method", "ippget")))
        self.assertEqual((status, reply[2:4]), (200, b"\0\0"), reply)
        at = reply.index(b"notify-subscription-id\0") + len(b"notify-subscription-id\0\4")
        poll = ask(0x1c, ipp(0x21, "notify-subscription-ids", reply[at:at + 4]), ipp(0x22, "notify-wait", b"\1"))
        self.ask_code()
        self.service.process.signal(signal.SIGTERM)
        status, reply = self.read_response(poll)
        self.assertEqual((status, reply[2:4]), (200, b"\0\0"), reply)
        self.assertIn(b"notify-get-interval", reply)
        self.assertEqual(self.service.process.popen.wait(10), 0)

    # --- limits

    def test_large_and_slow_heads(self):
        rows = ((30, 404), (33, 431), (300, 431))
        for kib, wanted in rows:
            with self.subTest(kib=kib):
                tls = self.connect()
                fields = [f"X-{i}: " + "x" * 1017 for i in range(min(kib, 60))]
                tls.sendall(self.head("GET /nothing HTTP/1.1", *fields))
                self.assertEqual(self.read_response(tls)[0], wanted)
        for begin in (b"", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"\r\n"):
            with self.subTest(begin=begin):
                tls = self.connect()
                tls.sendall(begin)
                self.assertLess(self.seconds_until_closed(tls), 8)

    def test_keep_alive_chunks_and_expect(self):
        tls = self.connect()
        form = ("Content-Type: application/x-www-form-urlencoded",)
        for _ in range(3):
            tls.sendall(self.head("POST /oauth/token HTTP/1.1", "Transfer-Encoding: chunked", *form)
                        + b"5\r\ngrant\r\na\r\n_type=none\r\n0\r\n\r\n")
            status, reply = self.read_response(tls)
            self.assertEqual((status, json.loads(reply)["error"]), (400, "unsupported_grant_type"))
        tls.sendall(self.head("POST /oauth/token HTTP/1.1", "Content-Length: 15", "Expect: 100-continue", *form))
        self.assertEqual(self.read_response(tls)[0], 100)
        tls.sendall(b"grant_type=none")
        self.assertEqual(self.read_response(tls)[0], 400)

    def test_hosts_and_heads_of_pages(self):
        rows = (("GET / HTTP/1.1", "Host: evil.example", 421), ("HEAD /sign-in HTTP/1.1", None, 200),
                ("PUT /sign-in HTTP/1.1", None, 405), ("GET /sign-out HTTP/1.1", None, 405))
        for line, host, wanted in rows:
            with self.subTest(line=line, host=host):
                tls = self.connect()
                tls.sendall(f"{line}\r\n{host or 'Host: ' + self.service.authority}\r\nConnection: close\r\n\r\n".encode())
                data = b""
                while piece := tls.recv(65536):
                    data += piece
                self.assertEqual(int(data.split()[1]), wanted)
                self.assertEqual(b"\r\nAllow: " in data, wanted == 405)
                self.assertTrue(not line.startswith("HEAD") or data.endswith(b"\r\n\r\n"))


if __name__ == "__main__":
    unittest.main()
