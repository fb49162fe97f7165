"""A store as S3 describes one: objects by path, each request signed in its query (Signature Version 4).

Written from the vendor's description of presigned requests, with nothing of the project's own code.
"""

import hashlib
import hmac
import threading
from collections import namedtuple
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, urlsplit

Asked = namedtuple("Asked", "method path status why")


def keyed(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature_of(method, host, path, fields, secret, region):
    """What X-Amz-Signature has to be for these other fields of the query."""
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~"))
                   for name, value in fields.items() if name != "X-Amz-Signature")
    query = "&".join(f"{name}={value}" for name, value in pairs)
    request = "\n".join([method, quote(path, safe="/-_.~"), query, f"host:{host}", "", "host",
                         "UNSIGNED-PAYLOAD"])
    moment = fields["X-Amz-Date"]
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope,
                      hashlib.sha256(request.encode()).hexdigest()])
    key = b"AWS4" + secret.encode()
    for piece in scope.split("/"):
        key = keyed(key, piece)
    return keyed(key, text).hex()


class S3:
    """A running store with one bucket; `asked` tells every request and why it was refused."""

    def __init__(self, bucket="retouch", access_key="AKIA-TESTS", secret="s3/secret+of=tests",
                 region="eu-test-1"):
        self.bucket, self.access_key, self.secret, self.region = bucket, access_key, secret, region
        self.objects = {}
        self.types = {}
        self.asked = []
        store = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = urlsplit(self.path).path
                why = store.refusal(self.command, self.headers["Host"], self.path)
                status, answer = (403, b"<Error/>") if why else store.act(self, path, body)
                store.asked.append(Asked(self.command, path, status, why))
                self.send_response(status)
                if status != 204:
                    self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_PUT = do_DELETE = serve

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self._server.server_address[1]

    def refusal(self, method, host, target):
        """None where the request is signed as it has to be."""
        parts = urlsplit(target)
        fields = dict(parse_qsl(parts.query, keep_blank_values=True))
        wanted = {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
                  "X-Amz-SignedHeaders", "X-Amz-Signature"}
        if set(fields) != wanted:
            return f"fields {sorted(fields)}"
        signed = datetime.strptime(fields["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        now = datetime.now(timezone.utc)
        end = signed + timedelta(seconds=int(fields["X-Amz-Expires"]))
        if not signed - timedelta(minutes=5) <= now <= end:
            return f"signed at {signed}, it is {now}"
        scope = f"{fields['X-Amz-Date'][:8]}/{self.region}/s3/aws4_request"
        if fields["X-Amz-Credential"] != f"{self.access_key}/{scope}":
            return f"credential {fields['X-Amz-Credential']}"
        right = signature_of(method, host, parts.path, fields, self.secret, self.region)
        return None if hmac.compare_digest(right, fields["X-Amz-Signature"]) else "signature"

    def act(self, request, path, body):
        if not path.startswith(f"/{self.bucket}/"):
            return 404, b"<Error>NoSuchBucket</Error>"
        if request.command == "PUT":
            self.objects[path] = body
            self.types[path] = request.headers["Content-Type"]
            return 200, b""
        if request.command == "DELETE":
            self.objects.pop(path, None)
            return 204, b""
        return (200, self.objects[path]) if path in self.objects else (404, b"<Error>NoSuchKey</Error>")

    def settings(self, **changes):
        """Flags of a worker that publishes here."""
        values = {"mode": "s3", "s3_endpoint": self.url, "s3_bucket": self.bucket,
                  "s3_region": self.region, "s3_access_key": self.access_key,
                  "s3_secret_key": self.secret, **changes}
        return [flag for name, value in values.items() for flag in ("--set", f"publish.{name}={value}")]

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
