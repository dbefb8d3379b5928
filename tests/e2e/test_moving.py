# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""A print server's key and certificates are renewed, and it goes to other hardware: nothing is lost, nothing comes twice."""

import glob
import json
import os
import re
import shutil
import signal
import time

from harness.connector import Connector
from harness.cups import Cups
from harness.process import run, wait_for
from tests.e2e.days import DaysCase, WorldCase
from tests.faults.points import POINTS


def key_of(connector):
    """What is in key.pem, and nothing else may be there."""
    folder, = glob.glob(f"{connector.state}/services/*")
    with open(f"{folder}/key.pem", encoding="ascii") as file:
        return file.read()


def client_of(connector):
    folder, = glob.glob(f"{connector.state}/services/*")
    with open(f"{folder}/service.json", encoding="utf-8") as file:
        return json.load(file)["client-id"]


class MovingCase(WorldCase):
    setUp = DaysCase.setUp
    document = DaysCase.document
    printed_once = DaysCase.printed_once
    nothing_came = DaysCase.nothing_came

    def printbridge(self, *words, connector=None, check=True, data=None):
        connector = connector or self.world.connector
        return run([connector.command, *words, *connector.options()], connector.env, check, data=data)


class Renewal(MovingCase):
    world_options = {"queues": ("Laser",), "service_settings": {"device-certificate": "4s"}}

    def test_a_renewed_while_jobs_print(self):
        """Certificates of 4 s: they are renewed each 3 s, and jobs and tunnel do not notice."""
        world = self.world
        keys, since = {key_of(world.connector)}, world.connector.status()["services"][0]["since"]
        client = client_of(world.connector)
        jobs = []
        while len(keys) < 4:
            jobs.append(world.print_job("Laser", self.document(1)))
            world.wait_job("Laser", jobs[-1])
            keys.add(key_of(world.connector))
        papers = world.printers["Laser"].wait_jobs(self.before["Laser"] + len(jobs), 30)[self.before["Laser"]:]
        self.assertEqual([paper.pages() for paper in papers], [1] * len(jobs))
        status = world.connector.status()["services"][0]
        self.assertEqual(status["since"], since, "the tunnel was not dialled again")
        self.assertNotIn("problem", status)
        self.assertIn("certificate_until", status)
        self.assertEqual(client_of(world.connector), client)
        log = world.connector.process.output()
        self.assertNotIn(" ERROR ", log)
        self.assertNotIn("not renewed", log)

    def test_b_killed_at_each_point_of_a_renewal(self):
        """It begins anew with the key that the service knows, and ends what was begun."""
        world = self.world
        connector = world.connector
        connector.stop()
        with open(connector.process.argv[0], "rb") as file:
            has_points = b"PB_FAULT" in file.read()
        world.service.settings["device-certificate"] = "90d"
        world.service.write_config()
        world.service.process.signal(signal.SIGHUP)
        world.service.process.wait_output("reloaded")
        connector.start()
        connector.wait_tunnel()
        self.printbridge("renew")
        if not has_points:
            self.skipTest("built without fault points")
        for point in [point.name for point in POINTS if point.scenario == "renewal"]:
            with self.subTest(point=point):
                before = key_of(connector)
                connector.process.kill()
                connector.process.env["PB_FAULT"] = point
                connector.start()
                self.printbridge("renew", check=False)
                wait_for(lambda: not connector.process.is_running(), f"death at {point}")
                self.assertEqual(connector.process.popen.returncode, -9, point)
                del connector.process.env["PB_FAULT"]
                connector.start()
                connector.wait_tunnel()
                self.printbridge("renew")
                self.assertNotEqual(key_of(connector), before)
                self.assertEqual(glob.glob(f"{connector.state}/services/*/next-key.pem"), [])
                self.setUp()
                self.printed_once("Laser", 1, world.print_job("Laser", self.document(1)))

    def test_c_renewed_without_the_connector(self):
        world = self.world
        world.connector.stop()
        before = key_of(world.connector)
        _, text = self.printbridge("renew")
        self.assertIn("are new, until", text)
        self.assertNotEqual(key_of(world.connector), before)
        world.connector.start()
        world.connector.wait_tunnel()
        self.printed_once("Laser", 1, world.print_job("Laser", self.document(1)))
        text = self.printbridge("status")[1]
        self.assertIn("certificates until", text)
        self.assertIn("renewed by themselves after", text)

    def test_d_another_queue_after_a_renewal(self):
        """Shared with the key that is good now, for the same client."""
        world = self.world
        client = client_of(world.connector)
        world.cups.add("Second", world.printers["Laser"].uri, "drv:///sample.drv/generic.ppd", ["PageSize=A4"])
        share = world.connector.share(world.service, ["Second"])
        code = share.code()
        self.printbridge("renew")  # while the administrator thinks
        world.service.portal().decide(code)
        status, text = share.finish()
        self.assertEqual(status, 0, text)
        self.assertEqual(client_of(world.connector), client)
        world.wait_ready(["Laser", "Second"])
        world.wait_job("Second", world.print_job("Second", self.document(1)))

    def test_e_shared_anew_after_everything_was_taken_back(self):
        """The service has forgotten the client, and the key is not its first: it is a new client. A renewal that this has
        interrupted left a key that is good for nothing."""
        world = self.world
        client = client_of(world.connector)
        # One that an administrator has removed does not keep the others from being renewed, nor keep anybody busy.
        portal = world.service.portal()
        _, page = portal.open("/printers")
        portal.open("/printers/remove", [("csrf", portal.csrf(page)), ("printer", world.uris["Second"].rpartition("/")[2])])
        self.printbridge("renew")
        time.sleep(1)
        self.assertEqual(world.connector.process.output().count("[Second] its certificate is not renewed"), 1)
        for queue in [queue["queue"] for queue in world.connector.status()["services"][0]["queues"]]:
            world.connector.unshare(queue)
        folder, = glob.glob(f"{world.connector.state}/services/*")
        run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{folder}/next-key.pem"])
        world.share()
        self.assertFalse(os.path.exists(f"{folder}/next-key.pem"))
        self.assertNotEqual(client_of(world.connector), client)
        self.printed_once("Laser", 1, world.print_job("Laser", self.document(1)))


class Expired(DaysCase):
    """The service's certificate has ended, and nobody has looked: what is under way waits. Its CA was renewed by itself, with
    the same key, and the certificate of before is pinned."""

    world_options = {"queues": ("Laser",)}

    @classmethod
    def prepare(cls):
        super().prepare()
        service = cls.world.service
        data = service.settings["data-folder"]
        run(["openssl", "req", "-new", "-x509", "-key", f"{data}/ca-key.pem", "-subj", "/CN=Printbridge CA of localhost",
             "-addext", "basicConstraints=critical,CA:TRUE", "-days", "300", "-out", f"{data}/ca.pem"])
        _, text = run(["openssl", "x509", "-in", f"{data}/ca.pem", "-noout", "-fingerprint", "-sha256"])
        service.fingerprint = text.strip().partition("=")[2].replace(":", "").lower()
        os.unlink(f"{data}/server.pem")

    def test_a_ca_renewed_with_its_key(self):
        """Who pins the CA's certificate of before has noticed nothing."""
        data = self.world.service.settings["data-folder"]
        counts = {}
        for name in ("server.pem", "ca.pem", "ca-former.pem"):
            with open(f"{data}/{name}", encoding="ascii") as file:
                counts[name] = file.read().count("BEGIN CERTIFICATE")
        self.assertEqual(counts, {"server.pem": 3, "ca.pem": 1, "ca-former.pem": 1})
        self.printed_once("Laser", 1, self.world.print_job("Laser", self.document(1)))

    def reload(self, **settings):
        service = self.world.service
        service.settings.update({name.replace("_", "-"): value for name, value in settings.items()})
        service.settings = {name: value for name, value in service.settings.items() if value is not None}
        service.write_config()
        seen = service.process.output().count("reloaded")
        service.process.signal(signal.SIGHUP)
        wait_for(lambda: service.process.output().count("reloaded") > seen, "the service to reload")

    def make_expired(self):
        """A certificate of the service's own CA that has ended yesterday."""
        data, path = self.world.service.settings["data-folder"], self.world.path
        key, request, chain = path("expired-key.pem"), path("expired.csr"), path("expired.pem")
        run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key])
        run(["openssl", "req", "-new", "-key", key, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
             "-out", request])
        run(["openssl", "x509", "-req", "-in", request, "-CA", f"{data}/ca.pem", "-CAkey", f"{data}/ca-key.pem",
             "-copy_extensions", "copy", "-days", "-1", "-out", chain])
        with open(chain, "a", encoding="ascii") as file:
            for name in ("ca.pem", "ca-former.pem"):
                with open(f"{data}/{name}", encoding="ascii") as ca:
                    file.write(ca.read())
        return chain, key

    def test_a_document_waits_for_a_good_certificate(self):
        connector = self.world.connector
        chain, key = self.make_expired()
        try:
            job = self.print_slowly("Laser", self.document(3, filler_bytes=6_000_000))
            self.reload(certificate_file=chain, key_file=key)
            self.wire.cut()
            wait_for(lambda: "has expired" in connector.process.output().partition("document: ")[2],
                     "the document to be asked for in vain")
        finally:
            self.wire.bytes_per_second = None
        wait_for(lambda: "has expired" in connector.status()["services"][0].get("problem", ""), "status to say so")
        self.nothing_came("Laser")
        self.reload(certificate_file=None, key_file=None)
        self.printed_once("Laser", 3, job)
        connector.wait_tunnel()


class Elsewhere(MovingCase):
    """A second machine: another cupsd with the same queue, another connector; the service and the paper are the same."""

    world_options = {"queues": ("Laser",)}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        world = cls.world
        cls.cups = Cups(world.path("cups2"), world.programs, world.path("connector2/runtime/connector.sock")).start()
        cls.other = Connector(world.path("connector2"), world.programs, cls.cups.server)
        cls.secret = world.path("passphrase")
        with open(cls.secret, "w", encoding="ascii") as file:
            file.write("correct horse battery\n")

    @classmethod
    def tearDownClass(cls):
        cls.other.stop()
        cls.cups.stop()
        super().tearDownClass()

    def export(self, name):
        path = self.world.path(name)
        _, text = self.printbridge("export", path, "--passphrase-file", self.secret)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        return path, text

    def import_(self, path, *more, secret=None):
        return self.printbridge("import", path, "--passphrase-file", secret or self.secret, "--cups", self.cups.server, *more,
                                connector=self.other, check=False)

    def test_a_what_cannot_be_imported_changes_nothing(self):
        path, _ = self.export("a.move")
        with open(path, "rb") as file:
            whole = file.read()
        self.assertNotIn(b"PRIVATE KEY", whole)
        wrong, damaged, newer = self.world.path("wrong"), self.world.path("damaged"), self.world.path("newer")
        with open(wrong, "w", encoding="ascii") as file:
            file.write("another passphrase\n")
        with open(damaged, "wb") as file:
            file.write(whole[:-30] + bytes([whole[-30] ^ 1]) + whole[-29:])
        with open(newer, "wb") as file:
            file.write(whole[:16] + b"\x07" + whole[17:])
        for words, answer in ((dict(path=path, secret=wrong), "the passphrase is wrong"),
                              (dict(path=damaged), "the file is damaged"),
                              (dict(path=newer), "made by a newer Printbridge"),
                              (dict(path=wrong), "no file that was sealed by Printbridge"),
                              (dict(path=self.world.path("none")), "none"),
                              (dict(path=path), "CUPS has no queue Laser")):
            with self.subTest(answer=answer):
                status, text = self.import_(**words)
                self.assertEqual(status, 1)
                self.assertIn(answer, text)
                self.assertEqual(glob.glob(f"{self.other.state}/services/*"), [])
        status, text = self.printbridge("export", path, "--passphrase-file", self.secret, check=False)
        self.assertEqual(status, 1)
        self.assertIn("is there already", text)
        self.printed_once("Laser", 1, self.world.print_job("Laser", self.document(1)))

    def test_b_moved_with_a_job_in_every_state(self):
        """One is on paper, one waits in the printer's queue, one at the service: each is printed once, or held."""
        world = self.world
        self.cups.add("Laser", world.printers["Laser"].uri, "drv:///sample.drv/generic.ppd", ["PageSize=A4", "Option1=True"])
        # The old machine has begun two jobs when it is moved; its printer is stopped, so that they stay there.
        run(["cupsdisable", "-h", world.cups.server, "Laser"])
        begun = world.print_job("Laser", self.document(1), title="begun")
        wait_for(lambda: world.cups.jobs("not-completed"), "the job at the old machine's CUPS")
        path, text = self.export("b.move")
        self.assertIn("1 jobs are on their way here", text)
        client = client_of(world.connector)
        status, text = self.import_(path)
        self.assertEqual(status, 0, text)
        self.assertIn("the host that they came from is locked out", text)
        self.assertEqual(client_of(self.other), client)
        self.assertNotEqual(key_of(self.other), key_of(world.connector))
        self.other.start()
        self.other.wait_tunnel()
        # The old one is locked out and says so, once.
        wait_for(lambda: "has been moved" in world.connector.status()["services"][0].get("problem", ""),
                 "the old machine to say so", 60, 0.2)
        # What may have been printed there is held here.
        held = wait_for(lambda: [job for job in self.other.jobs() if job["state"] == "held"], "the job to be held", 60, 0.2)
        self.assertEqual(held[0]["cloud_job"], begun)
        self.assertIn("moved from", held[0]["message"])
        wait_for(lambda: "job-suspended-by-system" in str(world.job("Laser", begun)), "the cloud to know", 30, 0.2)
        self.nothing_came("Laser")
        # The old machine's queue goes on: it gets nothing any more.
        run(["cupsenable", "-h", world.cups.server, "Laser"])
        # New jobs are printed by the new one, at the address that it always had.
        self.printed_once("Laser", 1, world.print_job("Laser", self.document(1)))
        run([self.other.command, "release", "Laser", str(begun), "--runtime", self.other.runtime])
        self.setUp()
        world.wait_job("Laser", begun)
        papers = world.printers["Laser"].wait_jobs(self.before["Laser"] + 1, 30)
        self.assertEqual(len(papers), self.before["Laser"] + 1)
        log = world.connector.process.output()
        self.assertEqual(log.count("not served any more"), 1)

    def test_c_the_same_file_once_more(self):
        """The key in it is dead: it makes no third print server, and on the new one nothing is to be done."""
        world = self.world
        status, text = self.import_(world.path("b.move"))
        self.assertEqual(status, 0, text)
        self.assertIn("is there already", text)
        third = Connector(world.path("connector3"), world.programs, self.cups.server)
        status, text = self.printbridge("import", world.path("b.move"), "--passphrase-file", self.secret, "--cups",
                                        self.cups.server, connector=third, check=False)
        self.assertEqual(status, 1)
        self.assertIn("Export it again", text)
        self.assertEqual(glob.glob(f"{third.state}/services/*"), [])
        self.printed_once("Laser", 1, world.print_job("Laser", self.document(1)))

    def test_d_the_service_is_away_at_the_import(self):
        """The connector replaces the key before it does anything else, as soon as it can."""
        world = self.world
        path = world.path("d.move")
        run([self.other.command, "export", path, "--passphrase-file", self.secret, *self.other.options()])
        before = key_of(self.other)
        self.other.stop()
        third = Connector(world.path("connector3"), world.programs, self.cups.server)
        world.service.stop()
        status, text = self.printbridge("import", path, "--passphrase-file", self.secret, "--cups", self.cups.server,
                                        connector=third, check=False)
        self.assertEqual(status, 0, text)
        self.assertIn("could not be replaced yet", text)
        self.assertEqual(key_of(third), before)
        third.start()
        try:
            wait_for(lambda: "former host" in third.status()["services"][0].get("problem", ""), "the connector to say so")
            world.service.start()
            third.wait_tunnel()
            self.assertNotEqual(key_of(third), before)
            log = third.process.output()
            self.assertLess(log.index("are new, until"), log.index("the tunnel is up"))
            self.other.start()
            self.other.wait_tunnel("denied")
        finally:
            third.stop()

    def test_e_back_to_where_it_was(self):
        """A machine that is locked out imports the print server that was moved away from it."""
        world = self.world
        path = world.path("e.move")
        third = Connector(world.path("connector3"), world.programs, self.cups.server)
        run([third.command, "export", path, "--passphrase-file", self.secret, *third.options()])
        status, text = self.import_(path)
        self.assertEqual(status, 1)
        self.assertIn("stop it first", text)
        self.other.stop()
        status, text = self.import_(path)
        self.assertEqual(status, 0, text)
        self.assertIn("is locked out", text)
        self.other.start()
        self.other.wait_tunnel()
        self.printed_once("Laser", 1, world.print_job("Laser", self.document(1)))


class Adoption(MovingCase):
    """The print server is set up anew, with nothing of what it was: its printers are its own again when an administrator says so."""

    world_options = {"queues": ("Laser", "Raster")}

    def setUp(self):
        super().setUp()
        self.portal = self.world.service.portal()

    def forget(self):
        """The disk is new; the host's name and the queues' are what they were."""
        connector = self.world.connector
        connector.stop()
        shutil.rmtree(connector.state)
        os.makedirs(connector.state)
        connector.start()

    def choices(self, page):
        """{queue: [(value, label, group)]} of the page that shows who asks."""
        found = {}
        for item in [item for item in re.findall(r"<li>.*?</li>", page, re.S) if 'name="queue"' in item]:
            group, options = "", []
            for word, label, value, text in re.findall(r'<(optgroup label="([^"]*)"|option value="([^"]*)"[^>]*>([^<]*))', item):
                if word.startswith("optgroup"):
                    group = label
                else:
                    options.append((value, text, group))
            found[re.search(r"<b>([^<]*)</b>", item).group(1)] = (re.search(r'value="(urn:uuid:[^"]*)"', item).group(1), options)
        return found

    def approve(self, code, wanted):
        """wanted: {queue: a word of the option}; the others are new printers."""
        status, page = self.portal.show(code)
        self.assertEqual(status, 200)
        fields = [("csrf", self.portal.csrf(page)), ("user_code", code), ("decision", "approve")]
        for queue, (uuid, options) in self.choices(page).items():
            fields.append(("queue", uuid))
            value, = [value for value, text, _ in options if wanted.get(queue, "a new printer") in text]
            fields.append((f"adopt-{uuid}", value))
        return self.portal.open("/device/decide", fields)

    def test_a_adopted_with_jobs_that_wait(self):
        world = self.world
        before = dict(world.uris)
        self.assertEqual(self.printbridge("renew")[0], 0)  # a key that is not its first
        world.connector.stop()
        waiting = world.print_job("Laser", self.document(2))
        self.forget()
        share = world.connector.share(world.service, ["Laser", "Raster"], ["--adopt"])
        code = share.code()
        _, page = self.portal.show(code)
        _, options = self.choices(page)["Laser"]
        self.assertEqual(options[0][:2], ("", "a new printer"))
        self.assertIn('value="" selected', page)
        self.assertEqual([group for _, text, group in options if text.startswith("Laser ")], ["Same name and host"])
        self.assertEqual([group for _, text, group in options if text.startswith("Raster ")], ["Other printers"])
        status, _ = self.approve(code, {"Laser": "Laser ("})
        self.assertEqual(status, 200)
        status, text = share.finish()
        self.assertEqual(status, 0, text)
        self.assertIn("Laser is shared in the place of a former print server", text)
        world.wait_ready(["Laser", "Raster"])
        self.assertEqual(world.uris["Laser"], before["Laser"])
        self.assertNotEqual(world.uris["Raster"], before["Raster"])  # nobody has chosen it
        self.printed_once("Laser", 2, waiting)

    def test_b_a_copy_of_the_former_one_is_locked_out(self):
        """What it was before is worth nothing, whatever copies there are of it."""
        world = self.world
        copy = world.path("copy")
        shutil.copytree(world.connector.state, copy)
        self.forget()
        share = world.connector.share(world.service, ["Laser", "Raster"], ["--adopt"])
        code = share.code()
        status, page = self.approve(code, {"Laser": "Laser ("})
        self.assertEqual(status, 200, page)
        self.assertEqual(share.finish()[0], 0)
        world.wait_ready(["Laser", "Raster"])
        status, text = run([world.connector.command, "unshare", "Laser", "--state", copy, "--runtime", copy], check=False)
        self.assertNotEqual(status, 0, text)
        self.printed_once("Laser", 1, world.print_job("Laser", self.document(1)))

    def test_c_who_did_not_ask_gets_nothing(self):
        """The form of another browser chooses what was not offered: refused, and nothing has changed."""
        world = self.world
        world.cups.add("Second", world.printers["Laser"].uri, "drv:///sample.drv/generic.ppd", ["PageSize=A4"])
        share = world.connector.share(world.service, ["Second"])
        code = share.code()
        _, page = self.portal.show(code)
        self.assertNotIn("<select", page)
        (queue, (uuid, _)), = self.choices(page).items()
        number = world.uris["Laser"].rpartition("/")[2]
        status, page = self.portal.open("/device/decide", [("csrf", self.portal.csrf(page)), ("user_code", code),
                                                           ("decision", "approve"), ("queue", uuid),
                                                           (f"adopt-{uuid}", f"{number} {uuid}")])
        self.assertGreaterEqual(status, 400, queue)
        self.portal.decide(code, "deny")
        self.assertNotEqual(share.finish()[0], 0)
        self.printed_once("Laser", 1, world.print_job("Laser", self.document(1)))

    def test_d_the_services_backup_is_older_than_the_key(self):
        """It knows a former key only: the queues are let go here, and the printers taken over."""
        world = self.world
        data, before = world.service.settings["data-folder"], world.uris["Laser"]
        world.service.stop()
        shutil.copytree(data, world.path("backup"))
        world.service.start()
        world.connector.wait_tunnel()
        self.printbridge("renew")
        world.service.stop()
        shutil.rmtree(data)
        shutil.copytree(world.path("backup"), data)
        world.service.start()
        world.connector.stop()  # its token is from before, too
        world.connector.start()
        world.connector.wait_tunnel("denied")
        self.printbridge("unshare", "Laser", "Raster", "--force")
        share = world.connector.share(world.service, ["Laser", "Raster"], ["--adopt"])
        code = share.code()
        self.assertEqual(self.approve(code, {"Laser": f"Laser ({before.rpartition('/')[2]})"})[0], 200)
        status, text = share.finish()
        self.assertEqual(status, 0, text)
        world.wait_ready(["Laser", "Raster"])
        self.assertEqual(world.uris["Laser"], before)
        self.printed_once("Laser", 1, world.print_job("Laser", self.document(1)))
