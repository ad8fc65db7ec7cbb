"""Traces: exact totals, tenants by a seeded skew, and faults named by line."""

from collections import Counter
from pathlib import Path

import pytest

from schemas.records import InferenceUsage
from streams.demo import tenants
from streams.demo.errors import BadTrace
from streams.demo.mooncake_trace import BEGIN_US
from streams.demo.sends import MAX_EVENTS
from streams.demo.traces import trace

HEADER = "TIMESTAMP,ContextTokens,GeneratedTokens\n"
MOONCAKE = '{"timestamp": 0, "input_length": 1, "output_length": 1, "hash_ids": [1]}\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "trace"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return path


def calls(path: Path, seed: int = 1) -> list[InferenceUsage]:
    return [event for send in trace(path, seed) for event in send.batch["events"]]


def totals(events: list[InferenceUsage]) -> tuple[int, int, int, int]:
    return (
        len(events),
        sum(event["input_tokens"] or 0 for event in events),
        sum(event["output_tokens"] or 0 for event in events),
        sum(event["cache_read_tokens"] or 0 for event in events),
    )


@pytest.mark.shared
def test_azure_totals_are_exact(shared_data: Path) -> None:
    events = calls(shared_data / "azure_llm_2023_conv.csv")
    assert totals(events) == (19_366, 22_361_870, 4_088_665, 0)
    assert {event["cache_read_tokens"] for event in events} == {None}  # not reported, not zero


@pytest.mark.shared
def test_mooncake_totals_are_exact(shared_data: Path) -> None:
    events = calls(shared_data / "mooncake_synthetic.jsonl")
    assert totals(events) == (3_993, 61_194_628, 595_432, 39_852_661)


@pytest.mark.shared
def test_tenants_of_a_trace_are_skewed_and_seeded(shared_data: Path) -> None:
    path = shared_data / "azure_llm_2023_conv.csv"
    drawn = [event["tenant"] for event in calls(path)]
    assert drawn == [event["tenant"] for event in calls(path)]
    assert drawn != [event["tenant"] for event in calls(path, seed=2)]
    assert 0.28 < Counter(drawn)[tenants.by_size(1)[0]] / len(drawn) < 0.32


def test_event_times_are_the_traces_own_to_the_microsecond(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "2023-11-16 18:15:46.6805909,374,44\n")
    # date -u -d '2023-11-16 18:15:46' +%s
    assert [event["at_us"] for event in calls(path)] == [1_700_158_546_680_590]


def test_times_with_an_offset_are_taken_at_their_word(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "2023-11-16 19:15:46.680590+01:00,374,44\n")
    assert [event["at_us"] for event in calls(path)] == [1_700_158_546_680_590]


def test_cached_tokens_are_the_leading_blocks_seen_in_earlier_requests(tmp_path: Path) -> None:
    lines = [
        '{"timestamp": 0, "input_length": 1500, "output_length": 1, "hash_ids": [1, 2, 3]}',
        # two leading blocks known, 4 not; 3 after it does not count: 2 * 512
        '{"timestamp": 5, "input_length": 2000, "output_length": 1, "hash_ids": [1, 2, 4, 3]}',
        # all known, but the last block is not full: the prompt's 1300 tokens
        '{"timestamp": 5, "input_length": 1300, "output_length": 1, "hash_ids": [1, 2, 4]}',
        # its own earlier block does not help: nothing was seen before this request
        '{"timestamp": 6, "input_length": 1024, "output_length": 1, "hash_ids": [9, 9]}',
    ]
    events = calls(written(tmp_path, "\n".join(lines)))
    assert [event["cache_read_tokens"] for event in events] == [0, 1024, 1300, 0]
    assert [event["at_us"] - BEGIN_US for event in events] == [0, 5_000, 5_000, 6_000]


def test_batches_are_numbered_and_bounded(tmp_path: Path) -> None:
    row = "2023-11-16 18:15:46.6,1,1\n"
    sends = list(trace(written(tmp_path, HEADER + row * 9_000), seed=1))
    assert max(len(send.batch["events"]) for send in sends) == MAX_EVENTS
    by_source: dict[str, list[int]] = {}
    for send in sends:
        by_source.setdefault(send.source, []).append(send.batch["seq"])
    assert all(seqs == list(range(len(seqs))) for seqs in by_source.values())


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("", 1, "the Azure header"),
        ("a,b,c\n1,2,3\n", 1, "the Azure header"),
        ("TIMESTAMP,Input,Output\n", 1, "TIMESTAMP,ContextTokens,GeneratedTokens"),
        (HEADER, 1, "at least one request"),
        (HEADER + "2023-11-16 18:15:46.6,1\n", 2, "3 columns"),
        (HEADER + "2023-11-16 18:15:46.6,1,1\nyesterday,1,1\n", 3, "a TIMESTAMP such as"),
        (HEADER + "2023-11-16 18:15:46.6,-1,1\n", 2, "a whole number >= 0 as ContextTokens"),
        (HEADER + "2023-11-16 18:15:46.6," + "9" * 5000 + ",1\n", 2, "as ContextTokens"),
        (HEADER + "2023-11-16 18:15:46.6,1\udcff,1\n", 2, "as ContextTokens"),
        (HEADER + "2023-11-16 18:15:46.6,1,1.5\n", 2, "a whole number >= 0 as GeneratedTokens"),
        (
            HEADER + "2023-11-16 18:15:46.6,1,1\n2023-11-16 18:13:46.6,1,1\n",
            3,
            "rows in the order of time",
        ),
        (MOONCAKE + "{\n", 2, "one JSON object a line"),
        (MOONCAKE + "[]\n", 2, "a JSON object"),
        (MOONCAKE + '{"timestamp": 0}\n', 2, "a whole number >= 0 as input_length"),
        (MOONCAKE.replace("[1]", "null"), 1, "a list of integers as hash_ids"),
        (MOONCAKE.replace("[1]", '["a"]'), 1, "a list of integers as hash_ids"),
        (MOONCAKE.replace('"timestamp": 0', '"timestamp": -1'), 1, ">= 0 as timestamp"),
        (MOONCAKE.replace('"output_length": 1', '"output_length": true'), 1, "as output_length"),
    ],
)
def test_a_bad_trace_is_refused_by_line(
    tmp_path: Path, text: str, line: int, expected: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(BadTrace) as caught:
        calls(path)
    assert caught.value.line == line
    assert expected in caught.value.expected
    assert str(caught.value).startswith(f"{path}:{line}: expected ")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    path.write_bytes(b"\xff\xfe\x00binary")
    with pytest.raises(BadTrace, match="the Azure header"):
        calls(path)
