"""Loads model files that may be damaged and generates C from those that load: one line of JSON a file.

Arguments: the files, behind --load-only when no C is to be generated.  A file that takes more than 5 s of the processor
ends the process with a stack dump, however busy the machine is; so does one that waits for 5 minutes.  The process may
not use more than 1 GB.  Whoever started it learns from the missing line which file it was.
"""

from __future__ import annotations

import faulthandler
import json
import resource
import signal
import sys
import traceback
import warnings
from pathlib import Path

import smelt
from smelt.operators import verify_graph

LIMIT_BYTES = 1 << 30
LIMIT_PROCESSOR_SECONDS = 5
LIMIT_WAITING_SECONDS = 300


def outcome(path: Path, *, load_only: bool) -> str:
    """ "loaded", "generated", the name of a SmeltError, or the traceback of anything else."""
    try:
        graph = verify_graph(smelt.load(path))
    except smelt.SmeltError as error:
        return type(error).__name__ if str(error) else "an error without a message"
    except BaseException:
        return traceback.format_exc()
    if load_only:
        return "loaded"
    try:
        smelt.generate(smelt.optimize(graph), smelt.find_target("host"), "model")
    except smelt.SmeltError:
        return "loaded"
    except BaseException:
        return traceback.format_exc()
    return "generated"


def main() -> None:
    """Run over the files."""
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
    # the stack dump comes first, then what the signal does by itself: the end
    faulthandler.register(signal.SIGPROF, chain=True)
    load_only = sys.argv[1:2] == ["--load-only"]
    for name in sys.argv[1 + load_only :]:
        sys.stdout.write(f"{name}\t")
        sys.stdout.flush()
        signal.setitimer(signal.ITIMER_PROF, LIMIT_PROCESSOR_SECONDS)
        faulthandler.dump_traceback_later(LIMIT_WAITING_SECONDS, exit=True)
        result = outcome(Path(name), load_only=load_only)
        signal.setitimer(signal.ITIMER_PROF, 0)
        faulthandler.cancel_dump_traceback_later()
        sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
