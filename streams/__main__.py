"""`apportion`, also as `python -m streams`: exit 0 done, 1 failed, 2 misused."""

import gc
import os
import sys

from clickhouse.errors import ClickHouseError
from schemas.errors import SchemaError
from streams.cli.programs import PROGRAMS
from streams.cli.verbs import VERBS, overview
from streams.config.errors import ConfigError
from streams.errors import (
    ConfigRefused,
    CurrencyChanged,
    NotConfirmed,
    SettingsInvalid,
    StreamsError,
    UnknownRoute,
    UnknownTopic,
    UnknownVersion,
)
from streams.prices.errors import PricesError
from streams.replay.errors import AmbiguousVersion, ReplayError, TooFarAhead

FAILED = 1
MISUSED = 2

MISUSES = (
    SettingsInvalid,
    UnknownTopic,
    UnknownRoute,
    UnknownVersion,
    ConfigRefused,
    ConfigError,
    CurrencyChanged,
    NotConfirmed,
    PricesError,
    AmbiguousVersion,
    TooFarAhead,
)
FAILURES = (StreamsError, ClickHouseError, SchemaError, ReplayError)


def main() -> None:
    """Run the verb in `sys.argv` and exit with its status."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name in PROGRAMS:
        PROGRAMS[name].become(sys.argv[2:])
    verb = VERBS.get(name)
    try:
        if verb is None:
            overview()(prog_name="apportion")
        else:
            verb.load()(args=sys.argv[2:], prog_name=f"apportion {name}")
    except MISUSES as error:
        sys.exit(_say(error, MISUSED))
    except FAILURES as error:
        sys.exit(_say(error, FAILED))
    except BrokenPipeError:  # the reader of our stdout has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    finally:
        gc.freeze()  # else Python's last collection walks all of Faust: 3 s of a worker's stop


def _say(error: Exception, status: int) -> int:
    print(f"apportion: {error}", file=sys.stderr)
    return status


if __name__ == "__main__":
    main()
