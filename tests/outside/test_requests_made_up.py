"""schemathesis asks every operation of every service what its OpenAPI document allows and what it does not: no server error."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

from deploy.services import service_names
from tests.e2e.story import Story
from tests.e2e.town import Town

EXAMPLES = {GenerationMode.POSITIVE: 18, GenerationMode.NEGATIVE: 7}
ROLES = (("staff",), ("staff", "leader"), ("staff", "hr"), ("auditor",), ("system",))


class Questions:
    """Made-up requests to one service in the agency of the story, and how they were answered."""

    def __init__(self, town: Town, story: Story, service: str) -> None:
        self.url, self.code, self.people = town.urls[service], story.agency.code, story.agency.people
        self.document = town.http.get(f"{self.url}/openapi.json").json()
        #: What there is, by the name that paths give it.
        self.there = {name: str(value) for name, value in story.hers.items()}
        self.tokens = [
            town.token(self.code, *roles, employee=None if roles == ("system",) else self.people[who])
            for roles in ROLES
            for who in ("rosma", "kepala")
        ]
        self.answers: Counter[int] = Counter()
        self.failed: dict[str, str] = {}

    def operations(self) -> Iterator[Any]:
        """Every operation of the document."""
        for found in schemathesis.openapi.from_dict(self.document).get_all_operations():
            assert isinstance(found, Ok), found
            yield found.ok()

    def ask(self, case: Case[Any], token: str, real: bool) -> None:
        """One request; with `real` about what there is, as far as the path names it."""
        made_up = dict(case.path_parameters or {})
        there = {name: value for name, value in self.there.items() if real and name in made_up}
        case.path_parameters = made_up | there | {"instansi": self.code}
        answer = case.call(base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=60)
        self.answers[answer.status_code] += 1
        if answer.status_code >= 500:
            self.failed.setdefault(f"{case.operation.label} {answer.status_code}", case.as_curl_command())


def _ask_all(questions: Questions, operation: Any, mode: GenerationMode) -> None:
    @seed(20261122)
    @settings(max_examples=EXAMPLES[mode], database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        case=operation.as_strategy(generation_mode=mode), token=st.sampled_from(questions.tokens), real=st.booleans()
    )
    def ask(case: Case[Any], token: str, real: bool) -> None:
        questions.ask(case, token, real)

    ask()


@pytest.mark.parametrize("service", service_names())
def test_no_operation_answers_with_a_server_error(town: Town, story: Story, service: str) -> None:
    questions = Questions(town, story, service)
    operations = list(questions.operations())
    for operation in operations:
        for mode in EXAMPLES:
            _ask_all(questions, operation, mode)
    assert questions.failed == {}
    assert questions.answers.total() >= 10 * len(operations)
    assert {200, 403, 422} <= questions.answers.keys(), f"it must get past the door: {questions.answers}"
