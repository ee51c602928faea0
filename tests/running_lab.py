"""A real JupyterLab and its kernel, for the browser tests and the screenshots."""

import contextlib
import json
import os
import queue
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from jupyter_client import BlockingKernelClient

START_S = 90
ANNOUNCEMENTS = "@jupyterlab/apputils-extension:announcements"


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab.

    Attributes:
        address: Of the server, on this machine only.
        token: What the server asks for.
        root: Directory of the notebooks.
    """

    address: str
    token: str
    root: Path

    def url(self, notebook: str) -> str:
        """Address of a notebook, in a fresh workspace."""
        return f"{self.address}/lab/tree/{notebook}?reset&token={self.token}"

    def kernel(self) -> "Kernel":
        """The kernel started last."""
        files = sorted((self.root / ".runtime").glob("kernel-*.json"), key=os.path.getmtime)
        return Kernel(files[-1])


class Kernel:
    """A second front end of a notebook's kernel: runs code beside the page."""

    def __init__(self, connection_file: Path) -> None:
        self._client = BlockingKernelClient(connection_file=str(connection_file))
        self._client.load_connection_file()
        self._client.start_channels()

    def run(self, code: str, timeout_s: float = 60) -> str:
        """Run code and return what it printed.

        Raises:
            RuntimeError: If the code raises.
        """
        printed = []

        def keep(message: dict[str, dict[str, str]]) -> None:
            if message["header"]["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        reply = self._client.execute_interactive(code, output_hook=keep, timeout=timeout_s)
        if reply["content"]["status"] != "ok":
            raise RuntimeError("\n".join(reply["content"].get("traceback", ["?"])))
        return "".join(printed).strip()

    def value(self, expression: str) -> object:
        """The value of an expression that JSON can carry."""
        return json.loads(self.run(f"import json; print(json.dumps({expression}))"))

    def close(self) -> None:
        """Let go of the kernel; it runs on."""
        with contextlib.suppress(queue.Empty):
            self._client.stop_channels()


@contextlib.contextmanager
def running_lab(root: Path) -> Iterator[Lab]:
    """Start JupyterLab on `root`, wait until it answers, and end it afterwards."""
    port, token = _free_port(), secrets.token_hex(16)
    own = {
        "JUPYTER_CONFIG_DIR": ".config",
        "JUPYTER_DATA_DIR": ".data",
        "JUPYTER_RUNTIME_DIR": ".runtime",
        "IPYTHONDIR": ".ipython",
        "JUPYTERLAB_SETTINGS_DIR": ".settings",
        "JUPYTERLAB_WORKSPACES_DIR": ".workspaces",
    }
    environment = os.environ | {name: str(root / folder) for name, folder in own.items()}
    page_config = root / ".config" / "labconfig" / "page_config.json"
    page_config.parent.mkdir(parents=True)
    page_config.write_text(json.dumps({"disabledExtensions": {ANNOUNCEMENTS: True}}))
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ServerApp.ip=127.0.0.1"),
        *(f"--ServerApp.port={port}", f"--IdentityProvider.token={token}"),
        *(f"--ServerApp.root_dir={root}", "--allow-root"),
    ]
    with (root / "lab.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        lab = Lab(f"http://127.0.0.1:{port}", token, root)
        _wait_until_it_answers(lab, server)
        yield lab
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def write_notebook(path: Path, *cells: str) -> None:
    """Write a notebook of code cells; it names its kernel, or JupyterLab asks for one."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            }
        },
    )
    nbformat.write(notebook, path)


def _wait_until_it_answers(lab: Lab, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{lab.address}/api?token={lab.token}", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab does not answer:\n{(lab.root / 'lab.log').read_text()[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
