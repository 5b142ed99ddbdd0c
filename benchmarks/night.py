"""What a first night costs, step by step: a demo park of any size through the same DAGs. Prints one table.

python -m benchmarks.night --enterprises 2000
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import demo


def _watched(module: ModuleType, name: str, step: str, cpu: dict[str, float]) -> None:
    """Let a function of a module add up its CPU seconds under the name of a step."""
    whole: Callable[..., Any] = getattr(module, name)

    def watched(*given: Any, **named: Any) -> Any:
        before = time.process_time()
        try:
            return whole(*given, **named)
        finally:
            cpu[step] += time.process_time() - before

    setattr(module, name, watched)


def main() -> None:
    """Build a demo park in a scratch folder, run all feeds and the night, and add up the CPU of each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--enterprises", type=int, default=300)
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="parkbridge-bench-") as scratch:
        folder = Path(scratch)
        os.environ |= {"PARKBRIDGE_HOME": str(folder / "park"), "PARKBRIDGE_PSEUDONYM_KEY": "benchmark"}
        os.environ["PARKBRIDGE_EXPORTS"] = "1"
        demo.build(folder / "demo", enterprises=given.enterprises, months=given.months, seed=given.seed)
        from connectors.registry import feeds
        from dags import local
        from warehouse.settings import Settings

        settings = Settings.from_environment()
        with demo.serving(folder / "demo") as port:
            os.environ |= demo.connections(folder / "demo", port)
            local.prepare_airflow(settings)
            import report.site
            import warehouse.export
            from dags import runs

            parts: dict[str, float] = defaultdict(float)
            _watched(report.site, "build", "report", parts)
            _watched(warehouse.export, "write_operators_workbook", "exports", parts)
            cpu: dict[str, float] = defaultdict(float)
            wall: dict[str, float] = defaultdict(float)
            last = time.process_time()

            def watch(feed: str | None, step: str, seconds: float, text: str, is_well: bool) -> None:
                nonlocal last
                name = f"feeds: {step}" if feed else f"night: {step}"
                cpu[name] += time.process_time() - last
                wall[name] += seconds
                last = time.process_time()
                if not is_well:
                    raise SystemExit(text)

            runs.watcher = watch
            for _ in local.run([*(f"feed_{name}" for name in feeds(settings.feed_folders)), "operating_snapshots"]):
                pass
    print(f"{given.enterprises:,} enterprises × {given.months} months, first night (CPU includes Airflow's own)")
    print(f"{'step':<28}{'CPU s':>9}{'wall s':>9}")
    for name in cpu:
        print(f"{name:<28}{cpu[name]:>9.1f}{wall[name]:>9.1f}")
    night = sum(seconds for name, seconds in cpu.items() if name.startswith("night: "))
    for name, seconds in parts.items():
        print(f"{f'of the night: {name}':<28}{seconds:>9.1f}{100 * seconds / night:>8.1f} %")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{'all':<28}{sum(cpu.values()):>9.1f}{sum(wall.values()):>9.1f}   peak {peak:.2f} GB")


if __name__ == "__main__":
    main()
