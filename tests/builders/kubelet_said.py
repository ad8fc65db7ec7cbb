"""A kubelet that has said something, or nothing, without a socket."""

from agents.gpu.kubelet import Answer, Kubelet
from tests.builders.proc import Clock


class Said(Kubelet):
    """Answers what it was made with."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(Clock())
        self.said = answer
        self.was_quiet: list[bool] = []  # at each question

    def ask(self, *, is_quiet: bool = False) -> Answer:
        self.was_quiet.append(is_quiet)
        return self.said
