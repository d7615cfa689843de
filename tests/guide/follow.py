"""Follows a page: its commands are run in one shell, and have to print what is shown; a block after `<!-- file NAME -->` is put at the end of
that file.

    follow.py PAGE [WRITTEN=MEANT...]
"""

import atexit
import re
import subprocess
import sys
import threading

END = "end of a command of the tutorial"
page, *replacements = sys.argv[1:]
text = open(page).read()
for replacement in replacements:
    text = text.replace(*replacement.split("=", 1))

# In a session of its own, so that all it started can be ended, in the background too.
shell = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
end = lambda: subprocess.run(["pkill", "--session", str(shell.pid)])
atexit.register(end)
limit = threading.Timer(300, end)
limit.daemon = True
limit.start()


def run(command):
    shell.stdin.write(f"{command}\nprintf '\\n%s %s\\n' {END!r} $?\n")
    shell.stdin.flush()
    lines = []
    for line in shell.stdout:
        if line.startswith(END):
            return "\n".join(lines).rstrip("\n").split("\n"), int(line.split()[-1])
        lines.append(line.rstrip())
    sys.exit(f"the shell ended at `{command}`: {lines}")


def matches(expected, printed):
    if not expected:
        return not printed
    if expected[0] == "...":
        return any(matches(expected[1:], printed[skip:]) for skip in range(len(printed) + 1))
    return bool(printed) and printed[0] == expected[0] and matches(expected[1:], printed[1:])


run("set -m")
ran = 0
for name, info, block in re.findall(r"(?:<!-- file (\S+) -->\n+)?^```(.*)\n((?:.*\n)*?)^```$", text, re.MULTILINE):
    if name:
        with open(name, "a") as file:
            file.write(block)
    if info not in ("console", "console kafka"):
        continue
    for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *expected = step.rstrip("\n").split("\n")
        print(f"$ {command}", flush=True)
        printed, code = run(command)
        ran += 1
        if expected and not matches(expected, printed):
            sys.exit("\n".join(["it prints", *printed, "and not", *expected]))
        if not expected and code != 0:
            sys.exit("\n".join([f"it fails with exit code {code}", *printed]))
print(f"the tutorial was followed: {ran} commands did what it says")
