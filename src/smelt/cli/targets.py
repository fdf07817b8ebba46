"""smelt targets: the cores and boards that smelt knows."""

from __future__ import annotations

from smelt.cli.options import Json


def command(json: Json = False) -> None:
    """List the cores (for --target) and boards (for --board)."""
    from smelt.cli import console
    from smelt.targets import all_boards, all_targets

    if json:
        console.print_json(
            {
                "targets": [
                    {"name": t.name, "description": t.description, "features": sorted(t.features)}
                    for t in all_targets()
                ],
                "boards": [
                    {
                        "name": b.name,
                        "description": b.description,
                        "target": b.target.name,
                        "clock_hz": b.clock_hz,
                        "flash_bytes": b.flash_bytes,
                        "ram_bytes": b.ram_bytes,
                        "supply_volts": b.supply_volts,
                        "active_amperes": b.active_amperes,
                        "sleep_amperes": b.sleep_amperes,
                        "sources": dict(b.sources),
                        "estimates": sorted(b.estimates),
                    }
                    for b in all_boards()
                ],
            }
        )
        return
    console.stdout.print(
        console.table(
            "cores",
            [
                ("--target", "left"),
                ("description", "left"),
                ("cycle estimates", "left"),
                ("emulated by", "left"),
            ],
            [
                [t.name, t.description, t.cycle_model or "-", t.emulator.partition(":")[0]]
                for t in all_targets()
            ],
        )
    )
    console.stdout.print()
    console.stdout.print(
        console.table(
            "boards",
            [
                ("--board", "left"),
                ("core", "left"),
                ("clock", "right"),
                ("flash", "right"),
                ("RAM", "right"),
                ("active", "right"),
                ("asleep", "right"),
            ],
            [
                [
                    b.name,
                    b.target.name,
                    f"{b.clock_hz / 1e6:g} MHz",
                    f"{b.flash_bytes / 1024:g} KB",
                    f"{b.ram_bytes / 1024:g} KB",
                    f"{b.active_amperes * 1e3:.3g} mA",
                    f"{b.sleep_amperes * 1e6:.3g} µA",
                ]
                for b in all_boards()
            ],
        )
    )
