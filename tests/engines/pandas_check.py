"""Runs the pandas lines that `--explain` prints, on hours without holes, and holds them against `push` of the Python module."""

import contextlib
import importlib.util
import os
import random
import subprocess


def export(folder, target, path):
    """Makes a file of the folder's model and returns what `--explain` prints."""
    command = [os.environ["KNOWATT"], "export", folder / "model.json", "--to", target, "-o", path, "--explain"]
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def module(folder):
    """The Python module of the folder's model."""
    path = folder / "anomoly_power.py"
    export(folder, "python", path)
    spec = importlib.util.spec_from_file_location("anomoly_power", path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def frame_equals_push(module, lines, folder, columns, **names):
    """Runs the lines, in the folder, on a `frame` of three weeks, and compares these columns."""
    import pandas

    numbers = random.Random(6)
    starts = [1_711_238_400_000 + hour * 3_600_000 for hour in range(24 * 21)]
    wh = [round(numbers.random() ** 3 * 4000, 3) for _ in starts]
    places = [module.slot(start) for start in starts]
    frame = pandas.DataFrame({"day": [day for day, _ in places], "hour": [hour for _, hour in places], "wh": wh})
    with contextlib.chdir(folder):
        exec(lines, names | {"frame": frame})
    recent = module.Recent()
    for row, scored in enumerate([recent.push(*pair) for pair in zip(starts, wh)]):
        for column in columns:
            expected = getattr(scored, column)
            found = frame[column][row] if column in frame else None
            found = None if found is None or pandas.isna(found) else float(found)
            assert found == expected, (folder, row, column, found, expected)
