"""A reporter that keeps everything that is reported."""

from typing import NamedTuple


class Step(NamedTuple):
    """A reported step or result."""

    name: str
    text: str
    facts: dict


class Recorder:
    """Keeps steps, results and stack events, each in the order of the reports."""

    def __init__(self):
        self.steps, self.results, self.events = [], [], []

    def show_event(self, event):
        self.events.append(event)

    def show_step(self, name, text, /, **facts):
        self.steps.append(Step(name, text, facts))

    def show_result(self, name, text, /, **facts):
        self.results.append(Step(name, text, facts))

    def statuses(self):
        """The statuses of the stack events."""
        return [event.status for event in self.events]

    def texts(self, name):
        """The texts of the steps with that name."""
        return [step.text for step in self.steps if step.name == name]
