"""The settings our statements count on, whatever a server's profiles say.

A profile can have joins give other values, answers end early without an error, instants be read in
its own time zone, and inserts be acknowledged before they are stored. The embedded engine has no
profiles.
"""

from collections.abc import Mapping

from clickhouse_connect.driver.client import Client

Settings = Mapping[str, int | str]

THROWING = ("read", "result", "timeout", "group_by", "join", "set", "sort", "distinct")
PINNED: Settings = {
    "async_insert": 0,  # offsets are committed once an insert has returned
    "join_use_nulls": 0,
    "session_timezone": "UTC",
    **{
        f"{what}_overflow_mode": "throw" for what in THROWING
    },  # else: `break`, a part of the answer
}
FIXED = 1  # of ClickHouse's readonly: reads only, and no setting may be changed


def pin(client: Client, settings: Settings) -> None:
    """Have a server's handle use the pinned settings, and some more.

    A user who may change no setting keeps those of its profile: it can only read, and the server
    would refuse every statement. Raises what the client library does.
    """
    if int(client.server_settings["readonly"].value) == FIXED:
        return
    for name, value in {**PINNED, **settings}.items():
        client.set_client_setting(name, value)
