"""From looks at a node to balanced intervals. Pure: time and everything else come as arguments."""

from agents.gpu.sampler.covered import Covered
from agents.gpu.sampler.look import Look
from agents.gpu.sampler.sampler import Outcome, Sampler
from agents.gpu.sampler.terms import SharingRule, Terms

__all__ = ["Covered", "Look", "Outcome", "Sampler", "SharingRule", "Terms"]
