"""What runs in a worker; it remembers the jobs it opened, so that each is read once."""

import os
import platform
import secrets
import threading
from hashlib import blake2b
from pathlib import Path

import torch

from workbench.onnx_graph import CutError
from workbench.sensitivity.workers.jobs import Job, open_job
from workbench.sensitivity.workers.messages import Errand, Outcome, Parcel

KEPT = 2
"""Jobs that a worker remembers: of a scan there are at most two kinds."""

_PROCESS = secrets.token_hex(8)
_received: dict[str, bytes] = {}
_receiving = threading.Lock()
_own = threading.local()  # a job runs one errand at a time, so every thread has its own


def run(parcel: Parcel, errand: Errand) -> Outcome:
    """Run an errand, in whatever process this is."""
    here = this_process()
    if here != parcel.home:  # workers side by side gain nothing from more threads each
        torch.set_num_threads(1)
    jobs = _jobs()
    known = parcel.key in jobs
    if not known:
        content = _content(parcel)
        if content is None:
            return Outcome(here, missing=True)
        while len(jobs) >= KEPT:
            jobs.pop(next(iter(jobs))).close()
        try:
            jobs[parcel.key] = open_job(content)
        except Exception as error:  # a user's own class is not known here, for example
            return Outcome(here, unreadable=f"{type(error).__name__}: {error}")
    try:
        found = tuple(jobs[parcel.key].run(errand))
    except CutError as error:
        return Outcome(here, opened=not known, refused=str(error))
    return Outcome(here, found, opened=not known)


def this_process() -> str:
    """A name that no other process has, on this machine or another; a forked one is another."""
    return f"{platform.node()}-{os.getpid()}-{_PROCESS}"


def digest_of(content: bytes) -> str:
    """Names the content of a parcel."""
    return blake2b(content, digest_size=16).hexdigest()


def _jobs() -> dict[str, Job]:
    if not hasattr(_own, "jobs"):
        _own.jobs = {}
    found: dict[str, Job] = _own.jobs
    return found


def _content(parcel: Parcel) -> bytes | None:
    """From the parcel itself, from memory, or from its file; never anything but what it names."""
    if parcel.content is not None:
        with _receiving:
            while len(_received) >= KEPT:
                del _received[next(iter(_received))]
            _received[parcel.key] = parcel.content
    content = _received.get(parcel.key)
    if content is None:
        try:
            content = Path(parcel.path).read_bytes()
        except OSError:  # another machine, or the scan is over
            return None
    return content if digest_of(content) == parcel.key else None
