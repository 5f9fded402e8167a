"""The table."""
import json, os, re, statistics

from .row import ROWS
from .say import read

HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(HERE, "target", "bench")


def report(figures, servers, options):
    """Writes what has been measured so far, and returns it as text."""
    peers = servers[1:] if servers[0] == "rill" else []
    lines = ["| figure | unit | " + " | ".join(servers) + "".join(" | rill : " + s for s in peers) + " |"]
    lines.append("|" + "---|" * (lines[0].count("|") - 1))
    for row in options.rows:
        for name, (unit, better) in ROWS[row].figures.items():
            medians = {s: statistics.median(v) for s, v in figures.get(name, {}).items()}
            cells = [shown(medians[s]) if s in medians else "–" for s in servers]
            for peer in peers:
                both = peer in medians and "rill" in medians and medians[peer]
                cells.append("%.2f" % (medians["rill"] / medians[peer]) if both else "–")
            lines.append("| %s | %s, %s is better | %s |" % (name, unit, better, " | ".join(cells)))
    table = "\n".join(lines) + "\n"
    about = about_this_machine(options, figures)
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, "bench.md"), "w") as f:
        f.write(about + "\n\n" + table)
    with open(os.path.join(FOLDER, "bench.json"), "w") as f:
        units = {name: figure for row in ROWS.values() for name, figure in row.figures.items()}
        json.dump({"about": about, "figures": figures, "units": units}, f, indent=1, ensure_ascii=False)
    return about + "\n\n" + table


def about_this_machine(options, figures):
    cpu = re.search(r"model name\s*:\s*(.*)", read("/proc/cpuinfo"))
    # As many as there were: a run may be cut short.
    runs = max((len(values) for by_server in figures.values() for values in by_server.values()), default=0)
    return "%d files in one folder, stream of %d MiB, median of %d, %d processors%s, Linux %s" % (
        options.files, options.stream_bytes >> 20, runs, os.cpu_count(), " (%s)" % cpu[1] if cpu else "", os.uname().release)


def shown(value):
    return "%.3g" % value if value < 100 else "{:,.0f}".format(value)
