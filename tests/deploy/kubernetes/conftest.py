"""The manifests of every size, rendered once."""

from functools import cache
from typing import Any

import pytest

from deploy.kubernetes.render import NATS_VALUES, REQUIRED, render
from deploy.kubernetes.site import Site, sizes

Document = dict[str, Any]
SIZES = ("kecil", "sedang", "besar")


class Rendered:
    """What was rendered for one size."""

    def __init__(self, size: str, **more: Any) -> None:
        self.files = render(Site(size=sizes()[size], images="registry.example/kinerja", tag="1.2.3", **more))
        self.documents = [
            document for name in self.files if name not in (NATS_VALUES, REQUIRED) for document in self.files[name]
        ]
        [self.nats] = self.files[NATS_VALUES]
        [self.required] = self.files[REQUIRED]

    def of(self, *kinds: str) -> list[Document]:
        """Every document of these kinds."""
        return [each for each in self.documents if each["kind"] in kinds]

    def templates(self) -> dict[str, Document]:
        """The pod template of each Deployment and Job, by its name."""
        return {each["metadata"]["name"]: each["spec"]["template"] for each in self.of("Deployment", "Job")}


@cache
def rendered(size: str) -> Rendered:
    """The same for all tests: none changes it."""
    return Rendered(size)


@pytest.fixture(params=SIZES)
def manifests(request: pytest.FixtureRequest) -> Rendered:
    """Of each size in turn."""
    return rendered(request.param)


def environment(template: Document) -> dict[str, Any]:
    """The variables of a pod's container: values, or where they come from."""
    [container] = template["spec"]["containers"]
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}
