"""A web server between two programs: holds what is on its way, answers instead, tells what passed."""

import http.client
import threading
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

Passed = namedtuple("Passed", "method path status body")  # body: of the answer


class Held:
    """The first request of one path, held until it is let through or dropped."""

    def __init__(self, path):
        self.path = path
        self.arrived = threading.Event()
        self._decided = threading.Event()
        self._dropped = False

    def wait(self, patience_s=30):
        assert self.arrived.wait(patience_s), f"nothing came for {self.path}"
        return self

    def open(self):
        self._decided.set()

    def drop(self):
        """The connection is closed and nothing was sent on."""
        self._dropped = True
        self._decided.set()

    def goes_on(self):
        self.arrived.set()
        self._decided.wait(120)
        return not self._dropped


class Gate:
    """Hands every request on to `target` (a URL, to be set before the first request).

    with Gate(sandbox.url) as gate:
        held = gate.hold("/v1/idphoto/beauty")
        held.wait()        # it has come, and the sandbox has not seen it
        held.open()
        gate.answer("/_sandbox/result/", 403, b"no")
    """

    def __init__(self, target=None):
        self.target = target
        self.passed = []
        self._held = []
        self._instead = []
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                held = gate._take_held(self.path)
                if held is not None and not held.goes_on():
                    self.close_connection = True
                    return
                status, headers, answer = gate._instead_of(self.path) or self.forward(body)
                gate.passed.append(Passed(self.command, self.path, status, answer))
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = serve

            def forward(self, body):
                far = http.client.HTTPConnection(urlsplit(gate.target).netloc, timeout=60)
                try:
                    names = ("Host", "Content-Type", "Accept", "traceparent")
                    headers = {name: self.headers[name] for name in names if self.headers[name]}
                    far.request(self.command, self.path, body, headers)
                    answer = far.getresponse()
                    kept = [(name, value) for name, value in answer.getheaders()
                            if name.lower() in ("content-type", "retry-after")]
                    return answer.status, kept, answer.read()
                finally:
                    far.close()

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a program that was killed hears no answer

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self._server.server_address[1]

    def hold(self, path):
        held = Held(path)
        self._held.append(held)
        return held

    def answer(self, prefix, status, body, content_type="text/plain"):
        """What begins with this prefix is answered here, until clear()."""
        self._instead.append((prefix, (status, [("Content-Type", content_type)], body)))

    def clear(self):
        self._instead.clear()

    def _take_held(self, path):
        for held in list(self._held):
            if path.partition("?")[0] == held.path and not held.arrived.is_set():
                return held
        return None

    def _instead_of(self, path):
        return next((answer for prefix, answer in list(self._instead) if path.startswith(prefix)), None)

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        for held in self._held:
            held.drop()
        self._server.shutdown()
        self._server.server_close()
