# SPDX-FileCopyrightText: The Printbridge authors
# SPDX-License-Identifier: Apache-2.0
"""The portal as an administrator's browser sees it: pages, forms, cookies; and plain requests to the service."""

import html
import http.client
import http.cookiejar
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request

from .process import Failed


class Portal:
    """One browser session."""

    def __init__(self, url, ca_file):
        self.url = url
        context = ssl.create_default_context(cafile=ca_file)
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context),
                                                  urllib.request.HTTPCookieProcessor(self.cookies),
                                                  urllib.request.ProxyHandler({}))

    def open(self, path, fields=None, headers=None):
        """GET, or POST of form fields (a list of pairs); (status, text) whatever the status."""
        data = urllib.parse.urlencode(fields).encode() if fields is not None else None
        request = urllib.request.Request(urllib.parse.urljoin(self.url + "/", path), data, headers or {})
        try:
            with self.opener.open(request, timeout=30) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode("utf-8", "replace")
        except http.client.HTTPException as error:
            raise Failed(f"{path}: {error!r}") from error

    @staticmethod
    def csrf(page):
        match = re.search(r'name="csrf"\s+value="([^"]+)"', page)
        if not match:
            raise Failed("the page has no form with a CSRF token:\n" + re.sub(r"<[^>]+>", " ", page)[:500])
        return html.unescape(match.group(1))

    def sign_in(self, email, password):
        _, page = self.open("/sign-in")
        status, page = self.open("/sign-in", [("csrf", self.csrf(page)), ("email", email), ("password", password)])
        if status != 200 or 'name="password"' in page:
            raise Failed(f"sign-in as {email}: {status}: " + re.sub(r"<[^>]+>", " ", page)[:500])

    def show(self, user_code):
        """The page that shows who asks."""
        _, page = self.open("/device")
        status, page = self.open("/device", [("csrf", self.csrf(page)), ("user_code", user_code)])
        return status, page

    def decide(self, user_code, decision="approve", strike=()):
        """Approve or deny a code; `strike`: names of queues to leave out."""
        status, page = self.show(user_code)
        if status != 200:
            raise Failed(f"code {user_code}: {status}: " + re.sub(r"<[^>]+>", " ", page)[:500])
        fields = [("csrf", self.csrf(page)), ("user_code", user_code), ("decision", decision)]
        boxes = re.findall(r'<input[^>]*name="queue"[^>]*>', page)
        for box in boxes:
            uuid = html.unescape(re.search(r'value="([^"]+)"', box).group(1))
            after = page.partition(box)[2].partition("<input")[0]
            if not any(name in after for name in strike):
                fields.append(("queue", uuid))
        return self.open("/device/decide", fields)
