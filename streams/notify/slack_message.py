"""An alert as a message of Slack's Block Kit, within its limits. Pure.

Names in it come from usage, so anybody may choose them: all text is escaped, and nothing in it can
mention people, name channels or be a link of its own.
Limits: docs.slack.dev/reference/block-kit/blocks, read 2026-11.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias
from urllib.parse import quote, urlsplit

from schemas.records import Alert
from streams.core.notices import rank
from streams.core.windows import SECOND_US
from streams.notify.text import amounts, parts, severity, subjects, title
from streams.readable import instant_or_number

TEXT_MOST: Final = 3_000  # characters of a section, and of an element of a context
FIELD_MOST: Final = 2_000  # of which a section has ten: all that amounts and subjects can be
EVENT: Final = "apportion_alert"
ELLIPSIS: Final = "…"
ESCAPED: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
MARKS: Final = {
    "info": ":large_blue_circle:",
    "warning": ":large_yellow_circle:",
    "critical": ":red_circle:",
}
RESOLVED: Final = ":white_check_mark:"
FENCE: Final = "```"
IN_URLS: Final = "%/:?#[]@!$&'()*+,;=~"

Block: TypeAlias = dict[str, Any]


def message(alert: Alert, others: int = 0) -> dict[str, Any]:
    """Return what is posted first, and what that becomes as the alert goes on.

    `others`: alerts of its group that go on in the thread below it.
    """
    details = [*_lists(alert), *_query(alert), *_links(alert)]
    blocks = [*_head(alert), *details, *_others(others), _context(alert)]
    return {"text": _fallback(alert), "blocks": blocks, "metadata": metadata(alert)}


def reply(alert: Alert) -> dict[str, Any]:
    """Return what is said of an update in the thread of the first message."""
    blocks = [*_head(alert), _context(alert)]
    return {"text": _fallback(alert), "blocks": blocks, "metadata": metadata(alert)}


def metadata(alert: Alert) -> dict[str, Any]:
    """Return by what a message is found again."""
    now = rank(alert)
    payload = {"alert_id": alert["alert_id"], "revision": now.revision, "state": now.word}
    group = {"group": alert["group"]} if alert["group"] else {}
    return {"event_type": EVENT, "event_payload": payload | group}


def is_of(found: Mapping[str, Any], alert: Alert) -> bool:
    """Whether a message of Slack's history is of an alert, in whatever state."""
    return bool(_payload(found).get("alert_id") == alert["alert_id"])


def is_of_group(found: Mapping[str, Any], alert: Alert) -> bool:
    """Whether a message of Slack's history is of another alert of a group."""
    return bool(alert["group"] and _payload(found).get("group") == alert["group"])


def is_said(found: Mapping[str, Any], alert: Alert) -> bool:
    """Whether a message of Slack's history says an alert just as it is."""
    said, now = _payload(found), metadata(alert)["event_payload"]
    return all(said.get(name) == now[name] for name in ("alert_id", "revision", "state"))


def _payload(found: Mapping[str, Any]) -> dict[str, Any]:
    said = found.get("metadata") or {}
    return (said.get("event_payload") or {}) if said.get("event_type") == EVENT else {}


def clipped(text: str, most: int = TEXT_MOST) -> str:
    """Return text escaped, and cut where it would be too long, but never within an escape.

    It opens no code, either: the rest of a message would be part of it.

    >>> clipped("a <!channel> & b"), clipped("<<<<", 9)
    ('a &lt;!channel&gt; &amp; b', '&lt;&lt;…')
    """
    some = text[: most + 1].replace(FENCE, "'''")
    escaped = [ESCAPED.get(each, each) for each in some]
    if sum(map(len, escaped)) <= most:
        return "".join(escaped)
    kept, length = [], len(ELLIPSIS)
    for each in escaped:
        length += len(each)
        if length > most:
            break
        kept.append(each)
    return "".join(kept) + ELLIPSIS


def _fallback(alert: Alert) -> str:
    """Return what notifications show, and readers that know no blocks."""
    return clipped(f"{_state(alert)} {title(alert)}. {alert['summary']}")


def _state(alert: Alert) -> str:
    return f"[{severity(alert)}, {alert['state']}]"


def _head(alert: Alert) -> Iterator[Block]:
    mark = RESOLVED if alert["state"] == "resolved" else MARKS[severity(alert)]
    about = clipped(one_line(title(alert)), TEXT_MOST - 100).replace("*", "'")
    yield _section(f"{mark} *{about}*  {severity(alert)}, {alert['state']}")
    if alert["summary"]:
        yield _section(clipped(alert["summary"]))
    fields = [
        _text(f"*{label}*\n{clipped(said, FIELD_MOST - 50)}")
        for label, said in (*amounts(alert), *subjects(alert))
    ]
    if fields:
        yield {"type": "section", "fields": fields}


def _lists(alert: Alert) -> Iterator[Block]:
    lines = [f"• {one_line(each)}" for each in parts(alert)]
    if lines:
        yield _section("*Mostly*\n" + clipped("\n".join(lines), TEXT_MOST - 50))


def _query(alert: Alert) -> Iterator[Block]:
    if alert["query"]:
        yield _section(f"{FENCE}{clipped(alert['query'], TEXT_MOST - 2 * len(FENCE))}{FENCE}")


def _others(count: int) -> Iterator[Block]:
    if count:
        yield _section(f"*{count} of its group* went on then, in the thread below.")


def _links(alert: Alert) -> Iterator[Block]:
    said = list(_fitting(link(each["url"], each["title"]) for each in alert["links"]))
    if said:
        yield _section("\n".join(said))


def _fitting(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines while they fit a text: half of a link is none."""
    left = TEXT_MOST
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            return
        yield line


def link(url: str, what: str) -> str:
    """Return a link; of what is no address of the web, the text of it.

    >>> link("https://x.test/a b|c?d=1&e=<f>", "Board"), link("javascript:1", "Board")
    ('<https://x.test/a%20b%7Cc?d=1&amp;e=%3Cf%3E|Board>', 'Board: javascript:1')
    """
    what = one_line(what)
    if urlsplit(url).scheme not in {"http", "https"}:
        return clipped(f"{what}: {one_line(url)}", FIELD_MOST)
    address = quote(url, safe=IN_URLS).replace("&", "&amp;")
    return f"<{address}|{clipped(what, FIELD_MOST)}>"


def one_line(text: str) -> str:
    """Return text without line breaks: none of them may begin a quote or a list.

    >>> one_line("a" + chr(10) + "> b")
    'a > b'
    """
    return " ".join(text.split())


def _context(alert: Alert) -> Block:
    since_us, now = alert["since_us"], rank(alert)
    shown = "{date_short_pretty} {time}"
    since = f"<!date^{since_us // SECOND_US}^{shown}|{instant_or_number(since_us)}>"
    said = clipped(f"{alert['alert_id']}, revision {now.revision}", TEXT_MOST - 200)
    return {"type": "context", "elements": [_text(f"since {since}  {said}")]}


def _section(text: str) -> Block:
    return {"type": "section", "text": _text(text)}


def _text(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}
