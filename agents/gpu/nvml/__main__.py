"""The reader's own process: answers each byte on stdin with a frame on stdout, until stdin ends.

It alone loads NVML, so a driver that hangs, crashes or leaks cannot take the agent with it. It pays
no heed to SIGTERM: the agent may still want a last look, and ends it by closing the pipe.
"""

import os
import signal
import sys

from agents.errors import ReaderStale, ReaderUnavailable
from agents.gpu.nvml.probe import probe
from agents.gpu.nvml.reader import NvmlReader
from agents.gpu.nvml.wire import Answer, Failed, Question, framed, write_all


def main() -> None:
    """Serve the process that started this one."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing else gets between the frames
    reader = NvmlReader()
    while question := os.read(sys.stdin.fileno(), 1):
        try:
            write_all(answers, framed(_answer(reader, Question(question))))
        except BrokenPipeError:
            return


def _answer(reader: NvmlReader, question: Question) -> Answer:
    try:
        return probe() if question is Question.PROBE else reader.look()
    except ReaderStale as error:
        return Failed("stale", str(error))
    except ReaderUnavailable as error:
        return Failed("unavailable", str(error))


if __name__ == "__main__":
    main()
