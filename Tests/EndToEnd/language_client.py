"""A client of the Language Server Protocol, for tests: what an editor says, step by step."""

import json
import queue
import subprocess
import threading

from conftest import PATIENCE_SECONDS, binary


class Client:
    def __init__(self, folder=None, options=None, arguments=()):
        self.process = subprocess.Popen(
            [binary(), "lsp", *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.messages = queue.Queue()
        self.log = []
        self.findings = {}
        self.number = 0
        threading.Thread(target=self.read, daemon=True).start()
        self.folder = folder
        self.options = options

    def __enter__(self):
        self.answer = self.request("initialize", {
            "processId": None, "capabilities": {}, "rootUri": self.folder.as_uri() if self.folder else None,
            "initializationOptions": self.options})
        self.notify("initialized", {})
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def read(self):
        output = self.process.stdout
        while True:
            length = None
            while True:
                line = output.readline()
                if not line:
                    self.messages.put(None)
                    return
                if line == b"\r\n":
                    break
                name, value = line.split(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            self.messages.put(json.loads(output.read(length)))

    def write(self, body, header=None):
        self.process.stdin.write((header or b"Content-Length: %d\r\n\r\n" % len(body)) + body)
        self.process.stdin.flush()

    def send(self, message):
        self.write(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def notify(self, method, params):
        self.send({"method": method, "params": params})

    def take(self):
        """The next message; findings and what is logged are noted. True: it is something else, in `self.message`."""
        self.message = self.messages.get(timeout=PATIENCE_SECONDS)
        assert self.message is not None, "the server ended"
        method = self.message.get("method")
        if method == "window/logMessage":
            self.log.append(self.message["params"])
        elif method == "textDocument/publishDiagnostics":
            self.findings[self.message["params"]["uri"]] = self.message["params"]["diagnostics"]
        else:
            return True
        return False

    def next_answer(self):
        """The next message that is no notification; findings are noted on the way."""
        while not self.take():
            pass
        return self.message

    def next_log(self):
        """What is logged next; nothing may be asked meanwhile."""
        known = len(self.log)
        while len(self.log) == known:
            assert not self.take(), self.message
        return self.log[known]

    def ask(self, method, params):
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        answer = self.next_answer()
        assert answer["id"] == self.number
        return answer

    def request(self, method, params):
        answer = self.ask(method, params)
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, uri, text):
        self.notify("textDocument/didOpen", {
            "textDocument": {"uri": uri, "languageId": "rules", "version": 1, "text": text}})

    def change(self, uri, *changes):
        self.notify("textDocument/didChange", {
            "textDocument": {"uri": uri, "version": 2}, "contentChanges": list(changes)})

    def found(self, uri):
        """The findings of a file after all that was sent: an answer comes behind them."""
        self.ask("sluice/nothing", {})
        return self.findings.get(uri)

    def at(self, method, uri, line, character):
        return self.request(f"textDocument/{method}", {
            "textDocument": {"uri": uri}, "position": {"line": line, "character": character}})

    def end(self):
        self.process.stdin.close()
        return self.process.wait(PATIENCE_SECONDS)
