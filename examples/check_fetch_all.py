"""Runs the link checker against a server of its own: 2,000 URLs that work, some that don't, and Ctrl-C.

Usage: check_fetch_all.py PROGRAM MOST_MEMORY

MOST_MEMORY is in MiB.
"""
import http.server
import re
import resource
import signal
import subprocess
import sys
import threading
import time


class Site(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    refused = 0  # how often /flaky still says 503
    asked = threading.Event()  # for /never
    over = threading.Event()

    def do_HEAD(self):
        status = 200
        if self.path == "/missing":
            status = 404
        elif self.path == "/flaky" and Site.refused > 0:
            Site.refused -= 1
            status = 503
        elif self.path == "/never":
            Site.asked.set()
            Site.over.wait()
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):  # the other end may be gone
        pass


def main(program, most_memory):
    server = Server(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"

    Site.refused = 2
    urls = [f"{base}/{n}" for n in range(2000)] + [f"{base}/flaky", f"{base}/missing", "ftp://example.org/"]
    done = subprocess.run([program], input="\n".join(urls) + "\n", capture_output=True, text=True, timeout=50)
    print(done.stdout, done.stderr.replace("\r", "\n"))
    assert done.stdout.splitlines()[-1] == "2001 work, 2 don't, 0 weren't asked", done.stdout
    assert f"{base}/missing: status 404" in done.stdout and "line 2003:" in done.stdout, done.stdout
    assert done.returncode == 1, done.returncode
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{used:.0f} MiB resident")
    assert used < most_memory, used

    checker = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    checker.stdin.write("".join(f"{base}/never\n" for _ in range(100)))
    checker.stdin.close()
    assert Site.asked.wait(30)
    begin = time.monotonic()
    checker.send_signal(signal.SIGINT)
    said = checker.stdout.read()
    checker.wait(30)
    print(said, f"over after {(time.monotonic() - begin) * 1000:.0f} ms")
    # Of those that it had read by then.
    count = re.fullmatch(r"0 work, 0 don't, (\d+) weren't asked", said.splitlines()[-1])
    assert count and 1 <= int(count[1]) <= 100, said
    assert checker.returncode == 1
    Site.over.set()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
