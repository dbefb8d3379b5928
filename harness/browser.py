# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""A real browser, by WebDriver: Chromium as a person would use it, without a window."""

import base64
import json
import os
import shutil
import urllib.error
import urllib.request

from .process import Process, free_port, is_listening, wait_for

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # WebDriver's name for an element's reference


class Browser:
    @staticmethod
    def is_there():
        return shutil.which("chromedriver") is not None and shutil.which("chromium") is not None

    def __init__(self, folder, width=1100, height=800):
        self.folder = str(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.port = free_port()
        self.driver = Process("chromedriver", ["chromedriver", f"--port={self.port}"],
                              os.path.join(self.folder, "chromedriver.log")).start()
        wait_for(lambda: is_listening(self.port), "chromedriver")
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
                     "--hide-scrollbars", f"--window-size={width},{height}", f"--user-data-dir={self.folder}/profile"]
        reply = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": {
            "acceptInsecureCerts": True, "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": arguments}}}})
        self.session = f"/session/{reply['sessionId']}"
        self._ask("POST", f"{self.session}/timeouts", {"implicit": 20_000})  # to wait for an element

    def _ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, {"Content-Type": "application/json"},
                                         method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()[:400]}") from None

    def go(self, url):
        self._ask("POST", f"{self.session}/url", {"url": url})

    def where(self):
        return self._ask("GET", f"{self.session}/url")

    def find(self, css):
        return self._ask("POST", f"{self.session}/element", {"using": "css selector", "value": css})[ELEMENT]

    def type(self, css, text):
        self._ask("POST", f"{self.session}/element/{self.find(css)}/value", {"text": text})

    def click(self, css):
        self._ask("POST", f"{self.session}/element/{self.find(css)}/click", {})

    def text(self, css="body"):
        return self._ask("GET", f"{self.session}/element/{self.find(css)}/text")

    def wait_text(self, text, seconds=20):
        """Until the page shows it: a click returns before the next page is there."""
        def shows():
            try:
                return text in self.text()
            except AssertionError:  # between two pages
                return False
        wait_for(shows, f'"{text}" on the page', seconds, 0.05)

    def run(self, script):
        return self._ask("POST", f"{self.session}/execute/sync", {"script": script, "args": []})

    def complaints(self):
        """What the browser's console says: violations of the Content-Security-Policy among it."""
        return [line["message"] for line in self._ask("POST", f"{self.session}/se/log", {"type": "browser"})]

    def resize(self, width, height):
        self._ask("POST", f"{self.session}/window/rect", {"width": width, "height": height})

    def picture(self, name):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._ask("GET", f"{self.session}/screenshot")))
        return path

    def stop(self):
        try:
            self._ask("DELETE", self.session)
        finally:
            self.driver.stop()
