"""The exported rules, read from their file."""

import os
import re
import subprocess

import yaml

NAME = "anomoly_power"


def exported(folder):
    """The path of a model's rules, and what `--explain` says of them; its commands have been run, the counter keeping its name."""
    path = folder / "rules.yml"
    command = [os.environ["KNOWATT"], "export", folder / "model.json", "--to", "prometheus", "-o", path, "--explain"]
    explained = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    edit, check = re.findall("^(?:sed|promtool) .*$", explained, re.MULTILINE)
    subprocess.run(edit.replace("YOUR_COUNTER", "energy_wh_total"), shell=True, check=True)
    subprocess.run(check, shell=True, check=True, stdout=subprocess.DEVNULL)
    return path, explained


def read(path):
    with open(path) as text:
        (group,) = yaml.load(text, yaml.CSafeLoader)["groups"]
    return group["rules"]
