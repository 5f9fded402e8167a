"""Search."""
import re, time

from ..client import Connection
from ..row import row


@row("search", {"Search by class, page of 30, CPU": ("ms", "lower"), "Search by word, CPU": ("ms", "lower"),
                "Search by class, sorted by title, page of 30, CPU": ("ms", "lower")})
def search(run, options):
    audio = 'upnp:class derivedfrom "object.item.audioItem"'
    word = 'dc:title contains "number %d"' % (options.files - 1)
    found = 1 if options.files - 1 >= run.corpus.files["few"] else 2
    return {"Search by class, page of 30, CPU": search_for(run, audio, 30, "", run.corpus.total(), options),
            "Search by word, CPU": search_for(run, word, 0, "", found, options),
            "Search by class, sorted by title, page of 30, CPU": search_for(run, audio, 30, "-dc:title", run.corpus.total(), options)}


def search_for(run, criteria, count, order, total, options):
    """Milliseconds of CPU for one Search of everything, of which `total` must be found."""
    text = run.soap.search_request(criteria, count, order)
    with Connection(run.server.port) as c:
        found = int(re.search(rb"<TotalMatches>(\d+)<", c.request(text))[1])
        if found != total:
            raise ValueError("%s found %d of %d: %s" % (run.server.name, found, total, criteria))
        run.quiet()
        before, start, searches = run.cpu(), time.monotonic(), 0
        while time.monotonic() - start < options.seconds:
            c.request(text)
            searches += 1
    run.quiet()
    return (run.cpu() - before) * 1e3 / searches
