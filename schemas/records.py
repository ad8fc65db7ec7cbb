"""The records as Python sees them: plain dicts straight from the codec, with typed fields.

Instants are integer UTC microseconds. `bytes` of decimals and amounts are read and written with
`schemas.decimals`. What a field means and what its null means stands in the `.avsc` file.
They stay dicts because the hot loop reads hundreds of thousands of them a second; bad content is
found once, by `streams.core.validation`.
"""

from typing import Literal, TypedDict

IdleBasis = Literal["unheld", "unheld_and_held_idle"]
IdleShare = Literal["weighted", "even", "separate"]
LineStatus = Literal["provisional", "final", "corrected"]
AlertState = Literal["opened", "updated", "resolved"]
AlertSeverity = Literal["info", "warning", "critical"]
NoticeStage = Literal["intended", "told", "refused"]


class Loss(TypedDict):
    events: int
    first_us: int
    last_us: int
    reason: str


class BatchHead(TypedDict):
    source: str
    epoch: int
    seq: int
    sent_at_us: int
    losses: list[Loss]


class CallQuantity(TypedDict):
    meter: str
    unit: str
    quantity: bytes


class RatedCall(TypedDict):
    at_us: int
    tenant: str | None
    project: str | None
    provider: str
    model: str
    endpoint: str | None
    request_id: str | None
    input_tokens: int | None
    cache_read_tokens: int | None
    cache_write_5m_tokens: int | None
    cache_write_1h_tokens: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    region: str | None
    service_tier: str | None
    quantities: list[CallQuantity] | None


class InferenceUsage(RatedCall, total=False):  # a producer may leave these out
    response_id: str | None
    operation_id: str | None
    attempt: int | None
    operation: str | None
    status: str | None
    error_type: str | None
    usage_source: str | None
    gateway_cache: str | None
    avoided_input_tokens: int | None
    avoided_output_tokens: int | None
    started_at_us: int | None
    first_token_at_us: int | None
    is_stream: bool | None
    reported_cost: bytes | None
    reported_currency: str | None
    gateway: str | None
    key_hash: str | None
    user_hash: str | None
    raw_usage: str | None


class InferenceUsageBatch(BatchHead):
    events: list[InferenceUsage]


class Holder(TypedDict):
    tenant: str | None
    project: str | None
    endpoint: str | None
    job: str | None
    held_us: int
    active_us: int
    no_context_us: int | None
    instance: str | None
    memory_bytes: int | None
    attribution: str | None
    rule: str | None
    evidence: list[str]
    workload: dict[str, str]


class GpuInterval(TypedDict):
    start_us: int
    end_us: int
    node: str
    device: str
    gpu_model: str
    holders: list[Holder]
    unallocated_us: int
    stranded_us: int
    out_of_service_us: int
    unobserved_us: int | None
    purchase_option: str | None
    sharing_mode: str | None
    energy_mj: int | None
    samples_expected: int | None
    samples_taken: int | None
    flags: list[str]


class GpuUsageBatch(BatchHead):
    events: list[GpuInterval]


class ResourceUsage(TypedDict):
    start_us: int
    end_us: int
    tenant: str | None
    project: str | None
    kind: str
    sku: str
    resource_id: str | None
    quantity: bytes
    unit: str


class ResourceUsageBatch(BatchHead):
    events: list[ResourceUsage]


class Meter(TypedDict):
    name: str
    unit: str
    quantity: bytes
    amount: bytes | None
    divisor: int
    list_amount: bytes | None
    billed_amount: bytes | None


class Sum(TypedDict):
    tenant: str | None
    project: str | None
    provider: str | None
    model: str | None
    endpoint: str | None
    job: str | None
    region: str | None
    service_tier: str | None
    events: int
    meters: list[Meter]


class Partial(TypedDict):
    window_start_us: int
    window_end_us: int
    pool: str
    source: str
    epoch: int
    seq: int
    origin: str
    currency: str
    price_book: str
    catalog: str
    price_book_at_us: int | None
    catalog_at_us: int | None
    idle_basis: IdleBasis
    idle_share: IdleShare
    capacity_events: int
    sums: list[Sum]


class Watermark(TypedDict):
    origin: str
    at_us: int
    origins: int


class Claim(TypedDict):
    owner: str


class Close(TypedDict):
    owner: str
    through_us: int


class Closed(TypedDict):
    owner: str
    at: int


class ClosedWindows(TypedDict):
    partition: int
    partitions: int
    until_us: int


class LatePartial(TypedDict):
    window_start_us: int
    window_end_us: int
    pool: str
    source: str
    epoch: int
    seq: int
    events: int
    closed_through_us: int
    reason: str


class CostLine(TypedDict):
    line_id: str
    window_start_us: int
    window_end_us: int
    pool: str
    tenant: str
    project: str | None
    kind: str
    meter: str
    provider: str | None
    model: str | None
    endpoint: str | None
    job: str | None
    unit: str
    quantity: bytes
    cost: bytes | None
    currency: str
    events: int
    price_book: str
    catalog: str
    generation: int
    revision: int
    status: LineStatus
    region: str | None
    service_tier: str | None
    list_cost: bytes | None
    billed_cost: bytes | None
    lines: int | None
    note: str | None


class DeadLetter(TypedDict):
    topic: str
    partition: int
    offset: int
    index: int
    source: str | None
    epoch: int | None
    seq: int | None
    reason: str
    detail: str
    at_us: int
    payload: bytes


class Contributor(TypedDict):
    dimension: str
    value: str
    excess: bytes
    share: float


class Link(TypedDict):
    title: str
    url: str


class AlertHead(TypedDict):
    """What every alert says."""

    alert_id: str
    tenant: str
    kind: str
    state: AlertState
    since_us: int
    at_us: int
    expected: bytes | None
    actual: bytes | None
    excess: bytes | None
    currency: str
    summary: str
    severity: AlertSeverity | None
    revision: int | None


class AlertDetails(TypedDict):
    """What an alert may say beside the rest: null or empty where it does not matter."""

    budget_id: str | None
    job: str | None
    expected_low: bytes | None
    expected_high: bytes | None
    excess_per_hour: bytes | None
    model: str | None
    pool: str | None
    project: str | None
    source: str | None
    contributors: list[Contributor]
    links: list[Link]
    query: str | None
    group: str | None


class Alert(AlertHead, AlertDetails):
    pass


class BudgetState(TypedDict):
    budget_id: str
    period_start_us: int
    period_end_us: int
    limit: bytes
    spent: bytes
    forecast: bytes | None
    burn_rate: float | None
    currency: str
    stage: Literal["ok", "warning", "exceeded"]
    positions: dict[str, int]
    price_book: str
    said_at_us: int | None
    revision: int | None
    tenants: list[str]
    projects: list[str]
    models: list[str]
    jobs: list[str]
    pools: list[str]


class Notice(TypedDict):
    sink: str
    channel: str | None
    alert_id: str
    tenant: str
    revision: int
    state: AlertState
    stage: NoticeStage
    reason: str | None
    place: str | None
    thread: str | None
    head: str | None
    group: str | None
    severity: str | None
    partition: int
    offset: int
    said_at_us: int


class Config(TypedDict):
    version: str
    published_at_us: int
    body: str
    note: str | None
