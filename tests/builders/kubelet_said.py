"""A kubelet that has said something, or nothing, without a socket."""

from agents.gpu.kubelet import Answer, Kubelet
from tests.builders.proc import Clock


class Said(Kubelet):
    """Answers what it was made with."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(Clock())
        self.said = answer

    def ask(self) -> Answer:
        return self.said
