"""The exported package, read from its file."""

import os
import subprocess

import yaml

NAME = "anomoly_power"
KNOWATT = os.environ["KNOWATT"]


def exported(folder, to):
    subprocess.run([KNOWATT, "export", folder / "model.json", "--to", "home-assistant", "-o", to], check=True, stderr=subprocess.DEVNULL)


def read(path):
    with open(path) as text:
        return yaml.load(text, yaml.CSafeLoader)
