"""Becomes a ClickHouse server: `clickhouse_process.py LIBRARY ARGUMENTS...`, run as a script.

The library holds `clickhouse local`, which listens when a statement tells it to.
"""

import ctypes
import sys


def main(library: str, arguments: list[str]) -> int:
    """Run until it is killed, or ends with an error of its own."""
    words = [word.encode() for word in ("clickhouse-local", *arguments)]
    argv = (ctypes.c_char_p * (len(words) + 1))(*words, None)
    return int(ctypes.CDLL(library).chdb_query_cmdline(len(words), argv))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
