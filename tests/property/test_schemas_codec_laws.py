"""Laws of the codec: what goes in comes out, and nothing but NotAvro is ever thrown at bytes."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.catalogue import AVRO, Schema, current
from schemas.codec import CONFLUENT, SINGLE_OBJECT, Codec
from schemas.declaration import read
from schemas.errors import NotAvro
from schemas.sampling import sample

NAMES = sorted(current())
DECLARED = {name: read(AVRO / current()[name].file) for name in NAMES}
FIRST_ID = 0x01020304  # four different bytes, so that their order shows


class Registry:
    def schema(self, schema_id: int) -> Schema | None:
        index = schema_id - FIRST_ID
        return current()[NAMES[index]] if 0 <= index < len(NAMES) else None

    def id_of(self, name: str) -> int:
        return FIRST_ID + NAMES.index(name)


CODECS = st.sampled_from([Codec(), Codec(Registry())])
BREAKS = st.lists(
    st.tuples(
        st.integers(0, 2**16),  # where, modulo the length
        st.integers(0, 3),  # how many bytes are taken away
        st.binary(max_size=4)
        | st.just(b"\xff" * 12)  # a varint without end
        | st.just(b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01")  # the largest count or length
        | st.just(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),  # the most negative one
    ),
    min_size=1,
    max_size=4,
)


@given(name=st.sampled_from(NAMES), random=st.randoms(use_true_random=False), codec=CODECS)
def test_every_record_comes_back_as_it_was(name: str, random: Random, codec: Codec) -> None:
    record = sample(DECLARED[name], random)
    assert isinstance(record, dict)
    assert codec.decode(codec.encode(name, record)) == (name, record)


@settings(max_examples=500)
@given(
    name=st.sampled_from(NAMES),
    random=st.randoms(use_true_random=False),
    codec=CODECS,
    breaks=BREAKS,
)
def test_broken_record_is_a_record_or_not_avro(
    name: str, random: Random, codec: Codec, breaks: list[tuple[int, int, bytes]]
) -> None:
    record = sample(DECLARED[name], random)
    assert isinstance(record, dict)
    data = codec.encode(name, record)
    for where, taken, put in breaks:
        at = where % (len(data) + 1)
        data = data[:at] + put + data[at + taken :]
    decoded_or_refused(codec, data)


@settings(max_examples=500)
@given(
    head=st.sampled_from(
        [b"", b"\xc3", SINGLE_OBJECT, CONFLUENT, CONFLUENT + FIRST_ID.to_bytes(4, "big")]
        + [SINGLE_OBJECT + schema.fingerprint for schema in current().values()]
    ),
    garbage=st.binary(max_size=200),
    codec=CODECS,
)
def test_garbage_is_a_record_or_not_avro(head: bytes, garbage: bytes, codec: Codec) -> None:
    decoded_or_refused(codec, head + garbage)


def decoded_or_refused(codec: Codec, data: bytes) -> None:
    """Decode; let anything but NotAvro through. What decodes must encode again."""
    try:
        name, record = codec.decode(data)
    except NotAvro:
        return
    assert codec.decode(codec.encode(name, record)) == (name, record)
