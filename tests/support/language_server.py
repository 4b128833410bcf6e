"""A client of the YAML language server that editors use (Language Server Protocol 3.17)."""

import contextlib
import itertools
import json
import queue
import subprocess
import threading

TAGS = ("Ref", "Sub", "GetAtt", "Join sequence", "If sequence", "Equals sequence", "ImportValue")
# Seconds until a test fails. No test waits for the full time.
TIMEOUT = 60


class Editor:
    """An editor. Lines and columns count from 0."""

    def __init__(self, process, schema):
        self.process, self.schema = process, schema
        self.arrived, self.ids = queue.Queue(), itertools.count(1)
        threading.Thread(target=self._receive, daemon=True).start()

    def ask(self, method, parameters):
        number = next(self.ids)
        self._send({"id": number, "method": method, "params": parameters})
        return self._wait(lambda message: message.get("id") == number and "method" not in message)["result"]

    def tell(self, method, parameters):
        self._send({"method": method, "params": parameters})

    def open(self, text):
        """Open a text. Returns the document's URI and the diagnostics as (line, message)."""
        address = f"file:///{next(self.ids)}.yaml"
        document = {"uri": address, "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        found = self._wait(lambda message: message.get("params", {}).get("uri") == address)["params"]["diagnostics"]
        return address, [(problem["range"]["start"]["line"], problem["message"]) for problem in found]

    def complete(self, address, line, column):
        place = {"textDocument": {"uri": address}, "position": {"line": line, "character": column}}
        answer = self.ask("textDocument/completion", place)
        return [item["label"] for item in (answer["items"] if isinstance(answer, dict) else answer)]

    def hover(self, address, line, column):
        place = {"textDocument": {"uri": address}, "position": {"line": line, "character": column}}
        return self.ask("textDocument/hover", place)["contents"]["value"]

    def _wait(self, fits):
        while True:
            message = self.arrived.get(timeout=TIMEOUT)
            if fits(message):
                return message

    def _send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def _receive(self):
        while line := self.process.stdout.readline():
            length = int(line.split(b":")[1])
            while self.process.stdout.readline().strip():
                pass
            message = json.loads(self.process.stdout.read(length))
            if "id" in message and "method" in message:
                self._send({"id": message["id"], "result": self._settings(message)})
            else:
                self.arrived.put(message)

    def _settings(self, message):
        if message["method"] != "workspace/configuration":
            return None
        tags = [f"!{tag}" for tag in TAGS]
        settings = {"schemas": {self.schema: "/*.yaml"}, "customTags": tags, "validate": True, "hover": True}
        settings |= {"completion": True, "schemaStore": {"enable": False}}
        return [settings if item.get("section") == "yaml" else {} for item in message["params"]["items"]]


@contextlib.contextmanager
def run_editor(folder, schema):
    """An editor whose server uses the schema in this file."""
    server = folder / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(["node", server, "--stdio"], **pipes)
    try:
        editor = Editor(process, schema.as_uri())
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {"hover": {"contentFormat": ["markdown"]}},
        }
        editor.ask("initialize", {"processId": None, "rootUri": None, "capabilities": capabilities})
        editor.tell("initialized", {})
        yield editor
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
