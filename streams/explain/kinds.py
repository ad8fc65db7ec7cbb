"""What kinds of lines of GPU time are, in words."""

from typing import Final

from streams.core.held import IN_REPAIR, UNSEEN
from streams.core.idle import IDLE_SHARE
from streams.core.lending import LENT_CREDIT, MARGIN, RESERVED_IDLE, UNMET
from streams.core.overuse import ADJUSTMENT
from streams.core.time_lines import BORROWED, HELD, USED
from streams.core.unmapped import KIND as UNMAPPED_KIND

MEANING: Final = {
    USED: "GPU time in which it worked, or its calls did on a shared endpoint",
    HELD: "GPU time that it held and did not use",
    IDLE_SHARE: "its share of GPU time that nobody held or, where the pool says so, used",
    BORROWED: "GPU time beyond what it reserved, which others had reserved and did not use",
    RESERVED_IDLE: "GPU time that it reserved and did not use, lent or not",
    LENT_CREDIT: "what it gets back for reserved time that others borrowed",
    MARGIN: "what is credited to lenders less what borrowers are charged",
    UNMET: "GPU time that it reserved and the pool did not have",
    IN_REPAIR: "GPU time out of service, which the platform pays for",
    UNSEEN: "GPU time in which nobody looked, so nobody knows who held it",
    UNMAPPED_KIND: "work of its calls while no GPU of the pool was reported for the endpoint",
    ADJUSTMENT: "GPU time reported beyond what the pool has, taken back",
}
