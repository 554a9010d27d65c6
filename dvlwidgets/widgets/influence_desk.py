"""Takes the commands of an influence panel's page: questions about single points go to a thread of their own."""

from __future__ import annotations

from typing import Any

from dvlwidgets.widgets import influence_wire, wire
from dvlwidgets.widgets.commands import Command
from dvlwidgets.widgets.desk import Desk
from dvlwidgets.widgets.editing import edit
from dvlwidgets.widgets.influence_commands import Question, TestEdit, parse
from dvlwidgets.widgets.influence_session import InfluenceSession
from dvlwidgets.widgets.publisher import Publisher
from dvlwidgets.widgets.worker import Worker


class InfluenceDesk(Desk):
    """Commands in, deeds of a session out.

    Args:
        session: what the commands are about.
        publisher: brings the answers.
    """

    _session: InfluenceSession

    def __init__(self, session: InfluenceSession, publisher: Publisher) -> None:
        super().__init__(session, publisher)
        self.worker = Worker(f"{session.subject.title} influences")

    def catch_up(self) -> None:
        """Has computed what the page does not know yet: predictions, and numbers of relabelled points."""
        self.worker.ask("catch up", self._catch_up)

    def _catch_up(self) -> None:
        news: list[bool] = []
        answer = self._guarded(Command("predictions"), lambda: news.append(self._session.read_tests()))
        if answer is not None:
            self._publisher.post(lambda: answer)
        elif news[0]:
            self._publisher.notify()
        while self._one_more():
            pass

    def _one_more(self) -> bool:
        """Whether a point was looked at, well or in vain."""
        done: list[bool] = []
        answer = self._guarded(Command("relabel"), lambda: done.append(self._session.catch_up()))
        if answer is None:
            return done[0]
        self._publisher.post(lambda: answer)
        self._publisher.notify()  # the point waits no longer
        return True

    def receive(self, content: Any) -> None:
        """One message from a page, in whatever thread it comes; returns quickly and never raises."""
        super().receive(content)
        if isinstance(content, dict) and content.get("t") == "hello":
            self.catch_up()

    def _parse(self, content: Any) -> Command:
        return parse(content, self._session.subject.n, self._session.test.subject.n)

    def _do(self, command: Command) -> wire.Frame | None:
        if isinstance(command, TestEdit):
            edit(self._session.test, command, (self._session, command.request))
            return None
        if not isinstance(command, Question):
            return super()._do(command)
        if command.name == "test_previews":
            shown = self._session.test.previews.get(command.rows)
            return influence_wire.of_tests(wire.previews(command.request, list(command.rows), shown))
        self.worker.ask(command.name, lambda: self._answer(command))
        return None

    def _answer(self, question: Question) -> None:
        answer = self._guarded(question, lambda: self._numbers(question))
        self._publisher.post(lambda: answer)

    def _numbers(self, question: Question) -> wire.Frame:
        if question.name == "of_test":
            return self._session.of_test(question.request, question.at, question.k)
        return self._session.of_train(question.request, question.at)
