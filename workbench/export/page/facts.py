"""Everything a report says, as plain data: what is written as JSON, and what the page shows."""

import datetime
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from workbench.export.report import Exported
from workbench.export.story import Chapter, Story
from workbench.measure.latency import Latency
from workbench.measure.metrics import Metrics

FORMAT_VERSION = 1

_PACKAGES = ("pruning-workbench", "torch", "onnx", "onnxruntime", "numpy", "scikit-learn")


def report_facts(story: Story, exported: Sequence[Exported]) -> dict[str, Any]:
    """Plain data that `json.dumps` takes.

    Args:
        story: How the model came about.
        exported: What was written, checked and timed.
    """
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {
        "format_version": FORMAT_VERSION,
        "created": now,
        "model": story.name,
        "data": story.data,
        "notes": list(story.notes),
        "targets": dict(story.targets),
        "metrics": {
            "dense": _figures(story.chapters[0].metrics),
            "exported": _figures(story.chapters[-1].metrics),
        },
        "steps": [_chapter(chapter) for chapter in story.chapters],
        "files": [_exported(one) for one in exported],
        "conditions": conditions(story.seed),
        "recipe": story.recipe,
    }


def conditions(seed: int) -> dict[str, Any]:
    """Under which figures came about."""
    return {
        "machine": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "runtime_threads": 1,
        "torch_threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "versions": {name: found for name in _PACKAGES if (found := _version(name))},
        "seed": seed,
    }


def _chapter(chapter: Chapter) -> dict[str, Any]:
    return {
        "title": chapter.title,
        "created": chapter.created,
        "remark": chapter.remark,
        "notes": list(chapter.notes),
        "metrics": _figures(chapter.metrics),
        "units": [asdict(unit) for unit in chapter.units],
    }


def _exported(one: Exported) -> dict[str, Any]:
    return {
        "format": one.format,
        "title": one.title,
        "runtime": one.runtime,
        "files": dict(one.files),
        "size_bytes": one.size_bytes,
        "settings": dict(one.settings),
        "check": asdict(one.check) | {"verdict": one.check.verdict},
        "latency_ms": None if one.latency_ms is None else _latency(one.latency_ms),
        "speedup": None if one.speedup is None else asdict(one.speedup),
        "speedup_over_onnx": (
            None if one.speedup_over_onnx is None else asdict(one.speedup_over_onnx)
        ),
        "notes": list(one.notes),
    }


def _figures(metrics: Metrics) -> Mapping[str, Any]:
    latency = metrics.latency_ms
    return metrics.to_json() | {"latency_ms": None if latency is None else _latency(latency)}


def _latency(latency: Latency) -> dict[str, float]:
    """Without the single rounds, which are many."""
    return {
        "median_ms": latency.median_ms,
        "p10_ms": latency.p10_ms,
        "p90_ms": latency.p90_ms,
        "rounds": len(latency.samples_ms),
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _processor() -> str:
    """What the processor calls itself, where it says so."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - a device of Linux
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor()
