"""The package's own templates, rendered by Home Assistant's script variables, against the vectors: on_vectors.py FOLDER..."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
import vectors
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation
from package import exported, read

MEMORY = ("recent", "newest", "above", "episode")


def results(hass, folder):
    path = folder / "package.yaml"
    exported(folder, path)
    (block,) = read(path)["template"]
    steps = [step["variables"] for step in config_validation.SCRIPT_SCHEMA(block["action"])]
    _, zone, _, table, scoring = steps
    known = table.async_render(hass, zone.async_render(hass, {}))

    def scored(instant, wh, memory):
        start = None if instant is None else instant / 1000
        return scoring.async_render(hass, dict(known, start_s=start, wh=wh, **memory), render_as_defaults=False)["scored"]

    nothing = dict(recent=[], newest=None, above=None, episode=None)
    memory = nothing
    for function, _, arguments in vectors.read(folder):
        if function == "push":
            made = scored(*arguments, memory)
            memory = {name: made[name] for name in MEMORY}
            yield [made[name] for name in ("score", "level", "floor", "step", "rise")]
        elif function == "score_at":
            yield [scored(*arguments, nothing)["level"]]
        else:
            yield "skip"  # there is no such function: a reading has its hour


async def main():
    hass = HomeAssistant(".")
    for folder in map(Path, sys.argv[1:]):
        vectors.write(folder, "home-assistant", results(hass, folder))
    await hass.async_stop(force=True)


asyncio.run(main())
