"""What tenants are charged for capacity; metered usage was charged where it was rated."""

from streams.core.charges import Charges
from streams.core.gpu import GPU
from streams.core.held import TIME_KINDS
from streams.core.lines import Lines
from streams.core.money import PICO
from streams.core.price import GPU_DIVISOR, GPU_METER


def charge(lines: Lines, charges: Charges, window_us: int) -> None:
    """Decide what tenants are charged for capacity, in a window that begins at an instant.

    A price agreed for GPU time is for time held; idle shares are then charged at cost.
    """
    for what, figures in lines.items():
        money = figures.money
        if money is None or not what.meter.startswith(GPU):
            continue
        agreed = charges.of(what.tenant, None, what.model, GPU_METER, window_us)
        if agreed and (agreed.factor is not None or what.kind in TIME_KINDS):
            billed = agreed.billed(money.cost, figures.quantity, GPU_DIVISOR * PICO)
            figures.money = money._replace(billed=billed)
