"""The exported rules, read from their file."""

import os
import subprocess

import yaml

NAME = "anomoly_power"


def exported(folder):
    """The path of a model's rules, made and found good by promtool."""
    path = folder / "rules.yml"
    subprocess.run([os.environ["KNOWATT"], "export", folder / "model.json", "--to", "prometheus", "-o", path], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["promtool", "check", "rules", path], check=True, stdout=subprocess.DEVNULL)
    return path


def read(path):
    with open(path) as text:
        (group,) = yaml.load(text, yaml.CSafeLoader)["groups"]
    return group["rules"]
