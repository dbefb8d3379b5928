# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""`printbridge login` and `logout` against a real service: a user's sign-in, the machine's, denied, revoked."""

import json
import os
import re
import ssl
import stat
import struct
import subprocess
import unittest
import urllib.error
import urllib.parse
import urllib.request

from harness.process import Failed
from harness.service import ADMIN
from harness.world import USER
from tests.e2e.case import WorldCase

CODE = re.compile(r"\b([BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4})\b")
PRINT_JOB, GET_JOBS = 0x0002, 0x000A
URI, NAME, KEYWORD, BOOLEAN, CHARSET, LANGUAGE, MIME = 0x45, 0x42, 0x44, 0x22, 0x47, 0x48, 0x49
OPERATION_GROUP, END = b"\x01", b"\x03"


def ipp(operation, *attributes):
    """A request; attributes are (tag, name, value)."""
    message = struct.pack(">BBHI", 2, 0, operation, 1) + OPERATION_GROUP
    for tag, name, value in ((CHARSET, "attributes-charset", "utf-8"), (LANGUAGE, "attributes-natural-language", "en"),
                             *attributes):
        value = value if isinstance(value, bytes) else value.encode()
        message += struct.pack(">BH", tag, len(name)) + name.encode() + struct.pack(">H", len(value)) + value
    return message + END


class SignIn(WorldCase):
    """A desktop with its own folders beside the world's print server."""

    world_options = {"queues": ("Laser",)}

    def setUp(self):
        self.desk = self.world.path(f"desk-{self._testMethodName}")
        self.env = dict(os.environ, PRINTBRIDGE_CONFIG=f"{self.desk}/etc", PRINTBRIDGE_STATE=f"{self.desk}/lib",
                        PRINTBRIDGE_CACHE=f"{self.desk}/cache", XDG_CONFIG_HOME=f"{self.desk}/config",
                        XDG_CACHE_HOME=f"{self.desk}/user-cache", HOME=f"{self.desk}/home")
        self.env.pop("PRINTBRIDGE_USERS", None)
        self.program = os.path.join(self.world.programs, "bin/command/printbridge")
        self.service = self.world.service
        self.context = ssl.create_default_context(cafile=self.service.ca_file)

    # --- what is done

    def start(self, *arguments):
        return subprocess.Popen([self.program, *arguments], env=self.env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run_command(self, *arguments):
        popen = self.start(*arguments)
        text, _ = popen.communicate(timeout=60)
        return popen.returncode, text

    def login(self, *options, decide=("approve", USER), trust=True, address=None):
        """Login with the decision made in the portal as soon as the code is shown; (exit status, output)."""
        trusted = ("--ca-fingerprint", self.service.fingerprint) if trust else ()
        popen = self.start("login", address or self.service.url, *trusted, *options)
        text = ""
        with popen:
            for line in popen.stdout:
                text += line
                if CODE.search(line):
                    self.page = self.decide(CODE.search(line).group(1), *decide)
        return popen.returncode, text

    def decide(self, code, decision, email):
        portal = self.service.portal(email)
        _, page = portal.show(code)
        status, answer = portal.decide(code, decision)
        if status != 200:
            raise Failed(f"{decision}: {status}: {answer[:500]}")
        return page

    def folder(self, kind):
        name = f"localhost_{self.service.port}"
        return f"{self.desk}/lib/sign-ins/machine/{name}" if kind == "machine" else \
            f"{self.desk}/config/printbridge/sign-ins/{name}"

    def stored(self, kind="user"):
        with open(f"{self.folder(kind)}/sign-in.json", encoding="utf-8") as file:
            return json.load(file)

    def post(self, path, body, kind, token=None):
        headers = {"Content-Type": kind, **({"Authorization": f"Bearer {token}"} if token else {})}
        request = urllib.request.Request(self.service.url + path, body, headers)
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=self.context),
                                             urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def ask(self, token, operation, *attributes, document=b""):
        """(HTTP status, IPP status, response) of a request to the shared printer."""
        uri = self.world.uri("Laser", with_password=False)
        path = urllib.parse.urlsplit(uri).path
        status, body = self.post(path, ipp(operation, (URI, "printer-uri", uri), *attributes) + document,
                                 "application/ipp", token)
        return status, struct.unpack(">H", body[2:4])[0] if status == 200 else None, body

    def print_page(self, token, *attributes):
        with open(self.world.document("page.pdf", pages=1), "rb") as file:
            document = file.read()
        status, code, body = self.ask(token, PRINT_JOB, *attributes, (MIME, "document-format", "application/pdf"),
                                      document=document)
        self.assertEqual((status, code), (200, 0))
        return struct.unpack(">I", body.partition(b"\x21\x00\x06job-id\x00\x04")[2][:4])[0]

    def refresh(self, token):
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "printbridge"}
        return self.post("/oauth/token", urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded")

    def press(self, email, page, action, **fields):
        """A button of a form in the portal."""
        portal = self.service.portal(email)
        _, text = portal.open(page)
        for name, pattern in fields.items():
            fields[name] = re.search(pattern, text).group(1)
        status, text = portal.open(action, [("csrf", portal.csrf(text)), *fields.items()])
        self.assertEqual(status, 200, text[:500])

    def assert_private(self, path, mode=0o600):
        self.assertEqual(oct(stat.S_IMODE(os.stat(path).st_mode)), oct(mode), path)

    # --- the tests

    def test_user(self):
        status, text = self.login("--qr")
        self.assertEqual(status, 0, text)
        self.assertIn(f"{self.service.url}/device", text)
        self.assertIn("\u2588", text, "the code as a QR")
        self.assertIn(f"Signed in to {self.service.url} as {USER}.", text)
        uri = self.world.uri("Laser", with_password=False)
        device = uri.replace("ipps://", "printbridge://").replace("/ipp/print", "")
        self.assertIn(device, text)
        self.assertIn(f"lpadmin -p Laser -E -v {device} -m {device.replace('://', ':')}", text)
        for words in ("Allow this program?", "print with your name", f" on {os.uname().nodename}"):
            self.assertIn(words, self.page)
        self.assert_private(self.folder("user"), 0o700)
        self.assert_private(f"{self.folder('user')}/sign-in.json")
        self.assertFalse(os.path.exists(f"{self.folder('user')}/pending.json"))
        with open(f"{self.desk}/cache/printers/localhost_{self.service.port}.json", encoding="utf-8") as file:
            printers = [json.loads(line) for line in file]
        self.assertEqual([p["printer-uri"] for p in printers], [uri])
        self.assertRegex(printers[0]["device-id"], r"^MFG:Printbridge;MDL:Generic PostScript Printer \(\d+ at localhost")
        number = uri.rpartition("/")[2]
        self.assertTrue(os.path.exists(f"{self.desk}/cache/printers/localhost_{self.service.port}/{number}.ipp"))

        token = self.stored()["access-token"]
        job = self.print_page(token, (NAME, "requesting-user-name", "somebody else"))
        self.assertEqual(self.world.wait_job("Laser", job)["job-originating-user-name"], USER)
        self.assertEqual(self.ask(token, GET_JOBS)[:2], (200, 0))

        # The second login needs neither fingerprint nor port: what was trusted is known.
        status, text = self.login(trust=False, address="https://localhost")
        self.assertEqual(status, 0, text)
        self.assertIn(f"Signed in to {self.service.url} as {USER}.", text)

        token, refresh = self.stored()["access-token"], self.stored()["refresh-token"]
        status, text = self.run_command("logout", "localhost")
        self.assertEqual((status, text), (0, f"Signed out of {self.service.url}.\n"))
        self.assertEqual(self.ask(token, GET_JOBS)[0], 401)
        self.assertEqual(self.refresh(refresh)[0], 400)
        self.assertFalse(os.path.exists(f"{self.folder('user')}/sign-in.json"))
        status, text = self.run_command("logout", self.service.url)
        self.assertEqual(status, 1, text)
        self.assertIn("not signed in", text)

    def test_same_job_twice(self):
        status, text = self.login()
        self.assertEqual(status, 0, text)
        token = self.stored()["access-token"]
        uuid = (URI, "client-job-uuid", "urn:uuid:5d2f0c52-7b1e-4d52-9a39-2d1a4c7f0a11")
        first = self.print_page(token, uuid)
        self.assertEqual(self.print_page(token, uuid), first)
        self.world.wait_job("Laser", first)
        self.assertEqual(self.print_page(token, uuid), first)

    def test_denied(self):
        status, text = self.login(decide=("deny", USER))
        self.assertEqual(status, 1, text)
        self.assertIn("it was denied", text)
        self.assertFalse(os.path.exists(f"{self.folder('user')}/sign-in.json"))

    def test_taken_back_by_the_user(self):
        status, text = self.login()
        self.assertEqual(status, 0, text)
        stored = self.stored()
        self.press(USER, "/account", "/account/programs/remove", program=r'name="program"\s+value="([^"]+)"')
        self.assertEqual(self.ask(stored["access-token"], GET_JOBS)[0], 401)
        status, body = self.refresh(stored["refresh-token"])
        self.assertEqual((status, json.loads(body)["error"]), (400, "invalid_grant"))

    def test_machine(self):
        service = self.service
        popen = self.start("login", service.url, "--ca-fingerprint", service.fingerprint, "--system")
        text = ""
        with popen:
            for line in popen.stdout:
                text += line
                match = CODE.search(line)
                if match:
                    status, page = service.portal(USER).show(match.group(1))
                    self.assertEqual(status, 403)
                    self.assertIn("Only an administrator", page)
                    self.page = self.decide(match.group(1), "approve", ADMIN)
        self.assertEqual(popen.returncode, 0, text)
        for words in ("Let this machine print for its users?", os.uname().nodename):
            self.assertIn(words, self.page)
        for name in ("key.pem", "sign-in.json"):
            self.assert_private(f"{self.folder('machine')}/{name}")
        with open(f"{self.desk}/etc/services.conf", encoding="utf-8") as file:
            self.assertEqual(file.read(), f"service = {service.url} ca-fingerprint={service.fingerprint}\n")
        self.assertNotIn("refresh-token", self.stored("machine"))

        token = self.stored("machine")["access-token"]
        job = self.print_page(token, (NAME, "requesting-user-name", "mary"))
        self.assertEqual(self.ask(token, GET_JOBS, (NAME, "requesting-user-name", "mary"),
                                  (BOOLEAN, "my-jobs", b"\x01"))[:2], (200, 0))
        _, page = service.portal().open("/jobs")
        self.assertRegex(page, rf'mary<small>asserted by machine {re.escape(os.uname().nodename)}</small>')
        self.assertIn(f">{job}<", page)

        # It gives its approval up itself, and asks for a new one.
        self.assertIn('name="client"', service.portal(ADMIN).open("/users")[1])
        status, text = self.run_command("logout", "--system")
        self.assertEqual((status, text), (0, f"Signed out of {service.url}.\n"))
        self.assertNotIn('name="client"', service.portal(ADMIN).open("/users")[1])
        self.assertEqual(self.ask(token, GET_JOBS)[0], 401)
        self.assertFalse(os.path.exists(f"{self.folder('machine')}/key.pem"))
        status, text = self.login("--system", decide=("approve", ADMIN))
        self.assertEqual(status, 0, text)
        token = self.stored("machine")["access-token"]

        # An administrator takes it back; its key is worth nothing from then on.
        self.press(ADMIN, "/users", "/users/machines/remove", client=r'name="client"\s+value="([^"]+)"')
        self.assertEqual(self.ask(token, GET_JOBS)[0], 401)
        status, text = self.run_command("logout", "--system")
        self.assertEqual(status, 0, text)
        self.assertFalse(os.path.exists(f"{self.folder('machine')}/key.pem"))

    def test_share_takes_the_same_addresses(self):
        """Without a port it is the service that is known at this host."""
        options = ["--state", self.world.connector.state, "--runtime", self.world.connector.runtime]
        share = ["share", "Laser", *options, "--cups", self.world.connector.cups_server, "--service"]
        uri = self.world.uri("Laser", with_password=False)
        for address in ("https://localhost", "localhost", "https://LOCALHOST/", self.service.url):
            with self.subTest(address):
                status, text = self.run_command(*share, address)
                self.assertEqual((status, text), (0, f"Laser is shared already: {uri}\n"))
        for address in ("http://localhost", "https://localhost/x", "localhost:0"):
            with self.subTest(address):
                self.assertEqual(self.run_command(*share, address)[0], 2)
        status, text = self.run_command("unshare", "Laser", *options, "--service", "https://localhost:1")
        self.assertEqual(status, 1, text)

    def test_bad_words(self):
        for arguments, status, words in (
                (["login"], 2, "no service is known yet"),
                (["login", "http://localhost"], 1, "begins with https://"),
                (["login", "a", "b"], 2, "too many arguments"),
                (["login", self.service.url, "--tries", "0"], 2, "--tries"),
                (["login", self.service.url], 1, "not trusted here"),
                (["login", "https://localhost:1"], 1, "localhost"),
                (["logout"], 2, "no service is known yet")):
            with self.subTest(arguments=arguments):
                got, text = self.run_command(*arguments)
                self.assertEqual(got, status, text)
                self.assertIn(words, text)


if __name__ == "__main__":
    unittest.main()
