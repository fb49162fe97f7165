"""Small servers that stand between or beside the programs under test."""

import socket
import socketserver
import threading


class Relay:
    """Hands every connection on to a port of this machine, or to a Unix socket, and counts them; the
    traffic is untouched."""

    def __init__(self, target):
        self.accepted = 0
        relay = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                relay.accepted += 1
                with connect(target) as far:
                    back = threading.Thread(target=relay.answer, args=(far, self.request), daemon=True)
                    back.start()
                    relay.ask(self.request, far)
                    back.join()

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def ask(self, near, far):
        """What the client sends."""
        pump(near, far)

    def answer(self, far, near):
        """What the server sends."""
        pump(far, near)

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


class BadLine(Relay):
    """A relay before Redis that can fall silent, be slow, or lose the answer to one question."""

    def __init__(self, target):
        super().__init__(target)
        self.url = f"redis://127.0.0.1:{self.port}"
        self.delay_s = 0
        self.lost = threading.Event()  # the answer was lost
        self._forwards = threading.Event()
        self._forwards.set()
        self._lose = None

    def fall_silent(self):
        """Nothing passes, and no connection ends; what is sent meanwhile arrives after speak()."""
        self._forwards.clear()

    def speak(self):
        self._forwards.set()

    def lose_answer_to(self, marker):
        """The next question with these bytes in it reaches Redis; its connection ends unanswered."""
        self._lose = marker

    def ask(self, near, far):
        self._pass_on(near, far, self._is_to_be_lost)

    def answer(self, far, near):
        self._pass_on(far, near, lambda piece, near, far: False)

    def _is_to_be_lost(self, piece, near, far):
        if self._lose is None or self._lose not in piece:
            return False
        self._lose = None
        self.lost.set()
        near.shutdown(socket.SHUT_RDWR)
        far.sendall(piece)
        far.shutdown(socket.SHUT_WR)
        return True

    def _pass_on(self, source, target, is_lost):
        try:
            while piece := source.recv(1 << 16):
                self._forwards.wait()
                if self.delay_s:
                    threading.Event().wait(self.delay_s)
                if is_lost(piece, source, target):
                    return
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def __exit__(self, *_):
        self.speak()
        super().__exit__()


def connect(target):
    if isinstance(target, int):
        return socket.create_connection(("127.0.0.1", target))
    far = socket.socket(socket.AF_UNIX)
    far.connect(target)
    return far


def pump(source, target):
    try:
        while piece := source.recv(1 << 16):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Answers:
    """Answers whatever line-based client comes: answer(bytes so far) gives the bytes to send back."""

    def __init__(self, answer):
        self.accepted = 0
        server = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                server.accepted += 1
                try:
                    while piece := self.request.recv(1 << 16):
                        reply = answer(piece)
                        if reply is None:
                            return
                        self.request.sendall(reply)
                except OSError:
                    pass

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"redis://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def free_port():
    """A port on which nothing listens: taken once, and given back."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
