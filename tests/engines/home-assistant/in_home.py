"""A Home Assistant that runs the package, set up as `--explain` says, over some days that its clock is told: in_home.py FOLDER

Its sensors must have the scores that the model has in Python, which the vectors hold as well. The meter goes away for an hour and
Home Assistant is restarted once.
"""

import asyncio
import importlib.util
import logging
import random
import re
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path
from unittest.mock import patch

from homeassistant import bootstrap, config, loader
from homeassistant.core import HomeAssistant
from package import KNOWATT, NAME, exported, read

HOURS = 40
GONE, RESTART = 4, 34
SCORE, PROBLEM = f"sensor.{NAME}", f"binary_sensor.{NAME}"


def set_up(folder, home):
    """The configuration, by the lines and the command that `--explain` prints."""
    (home / "packages").mkdir()
    package = home / "packages" / f"{NAME}.yaml"
    exported(folder, package)
    command = [KNOWATT, "export", folder / "model.json", "--to", "home-assistant", "-o", package, "--explain"]
    explained = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    (edit,) = re.findall("^sed .*$", explained, re.MULTILINE)
    subprocess.run(edit.replace("YOUR_ENERGY", "my_meter"), shell=True, check=True)
    (lines,) = re.findall("^homeassistant:\n(?:  .*\n)+", explained, re.MULTILINE)
    (home / "configuration.yaml").write_text(f"{lines}  time_zone: {zone(package)}\n")


def zone(package):
    return re.search(r"^# Time zone (\S+);", package.read_text(), re.MULTILINE)[1]


def in_python(folder, home):
    path = home / f"{NAME}.py"
    subprocess.run([KNOWATT, "export", folder / "model.json", "--to", "python", "-o", path], check=True, stderr=subprocess.DEVNULL)
    spec = importlib.util.spec_from_file_location(NAME, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def start(home):
    hass = HomeAssistant(str(home))
    hass.config.skip_pip = True
    loader.async_setup(hass)
    assert await bootstrap.async_from_config_dict(await config.async_hass_config_yaml(hass), hass)
    await hass.async_start()
    await hass.async_block_till_done()
    wrong = await config.async_check_ha_config_file(hass)
    assert wrong is None, wrong
    assert {"template", "automation"} <= hass.config.components, hass.config.components
    return hass


async def tell_time(hass, second):
    """Runs what waits for this time, as Home Assistant's own tests do."""
    now = datetime.fromtimestamp(second, timezone.utc)
    for timer in list(hass.loop._scheduled):
        if not timer.cancelled() and second - time.time() >= timer.when() - hass.loop.time():
            with patch("homeassistant.helpers.event.time_tracker_utcnow", return_value=now), patch(
                "homeassistant.helpers.event.time_tracker_timestamp", return_value=second
            ):
                timer._run()
                timer.cancel()
    await hass.async_block_till_done()


def listen(hass, told):
    def called(event):
        if event.data["domain"] == "persistent_notification":
            told.append(event.data["service_data"]["message"])

    hass.bus.async_listen("call_service", called)


def same(hass, expected, wh):
    score, problem = hass.states.get(SCORE), hass.states.get(PROBLEM)
    if expected is None:
        assert (score.state, problem.state) == ("unavailable", "off"), (score, problem)
        return
    assert float(score.state) == expected.score, (score, expected)
    for name in ("level", "floor", "step", "rise"):
        found = score.attributes[name]
        assert (None if found is None else float(found)) == getattr(expected, name), (name, score, expected)
    assert problem.state == ("on" if expected.score > 1 else "off")
    assert float(score.attributes["energy_wh"]) == wh


async def live(folder, home):
    module = in_python(folder, home)
    high = max(wh[-1] for wh, _ in module._LEVEL)
    numbers, recent, told = random.Random(1), module.Recent(), []
    hass = await start(home)
    listen(hass, told)
    offset = module._SPANS_OFFSET[-1]
    first = (int(time.time()) + offset) // 3600 * 3600 - offset + 2 * 3600
    count, before, above, episodes, scored = 12_345.678, None, None, 0, 0
    for place in range(HOURS):
        end = first + 3600 * place
        count += high / 1000 * (numbers.random() ** 4 if place not in (20, 22, 27) else 1.5)
        if place == RESTART:
            await hass.async_stop(force=True)
            hass = await start(home)
            listen(hass, told)
        hass.states.async_set("sensor.my_meter", "unavailable" if place == GONE else f"{count:.3f}", {"unit_of_measurement": "kWh"})
        await tell_time(hass, end + 0.6)
        now = None if place == GONE else float(f"{count:.3f}") * 1000
        wh = None if now is None or before is None else now - before
        expected = recent.push((end - 3600) * 1000, wh)
        same(hass, expected, wh)
        scored += expected is not None
        if expected is not None and expected.score > 1:
            episodes += above is None or end - above > 3 * 3600
            above = end
        assert len(told) == episodes, (place, told, episodes)
        before = now
    await hass.async_stop(force=True)
    print(f"home-assistant on {folder.name}: {scored} hours scored and {episodes} notifications, the last: {told[-1]}", file=sys.stderr)


logging.disable(logging.WARNING)
with tempfile.TemporaryDirectory() as name:
    set_up(Path(sys.argv[1]), Path(name))
    asyncio.run(live(Path(sys.argv[1]), Path(name)))
