"""Words on the way, and small readers."""
import sys


def say(text):
    print(text, file=sys.stderr, flush=True)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()
