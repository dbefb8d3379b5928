# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""A print server's key and certificates are renewed, and it goes to other hardware: nothing is lost, nothing comes twice."""

import glob
import json
import os
import signal

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
    world_options = {"queues": ("Laser",), "service_settings": {"device-certificate": "6s"}}

    def test_a_renewed_while_jobs_print(self):
        """Certificates of 6 s: they are renewed each 4 s, and jobs and tunnel do not notice."""
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
        world.service.settings["device-certificate"] = "90d"
        world.service.write_config()
        world.service.process.signal(signal.SIGHUP)
        world.service.process.wait_output("reloaded")
        connector.start()
        connector.wait_tunnel()
        self.printbridge("renew")
        for point in [point.name for point in POINTS if point.scenario == "renewal"]:
            with self.subTest(point=point):
                before = key_of(connector)
                connector.stop()
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


class Expired(DaysCase):
    """The service's certificate has ended, and nobody has looked: what is under way waits."""

    world_options = {"queues": ("Laser",)}

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
        with open(chain, "a", encoding="ascii") as file, open(f"{data}/ca.pem", encoding="ascii") as ca:
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
