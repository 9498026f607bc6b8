"""What callers may send, and what they never get to see."""

import pytest
from pydantic import ValidationError

from services.notify.views import ChangeEndpoint, ListDeliveries, RegisterEndpoint

URL = "https://partner.example/"


@pytest.mark.parametrize("pattern", ["project_secure", "jobs_*", "", "PROJECT_SECURED"])
def test_pattern_that_matches_nothing_is_named(pattern: str) -> None:
    """A slip of the pen would be an endpoint that never hears anything."""
    for body, cls in (({"url": URL}, RegisterEndpoint), ({}, ChangeEndpoint)):
        with pytest.raises(ValidationError, match="event_types") as refused:
            cls.model_validate({**body, "event_types": ["*", pattern]})
        assert repr(pattern) in str(refused.value)


def test_patterns_are_kept_once_and_never_none() -> None:
    """An endpoint without patterns is refused."""
    registration = RegisterEndpoint(url=URL, event_types=["*", "job_*", "*"])
    assert registration.event_types == ["*", "job_*"]
    with pytest.raises(ValidationError, match="event_types"):
        RegisterEndpoint(url=URL, event_types=[])


def test_description_has_no_tags() -> None:
    """A page may show it as it is."""
    fields = {"url": URL, "event_types": ["*"], "description": "<img src=x onerror=alert(1)>"}
    for body, sent in ((RegisterEndpoint, fields), (ChangeEndpoint, {"description": "<b>x</b>"})):
        with pytest.raises(ValidationError, match=r"(?s)description.*balises HTML"):
            body.model_validate(sent)


@pytest.mark.parametrize("limit", [0, -1, 101, 10**9])
def test_page_size_is_bounded(limit: int) -> None:
    """Nobody asks for everything at once."""
    with pytest.raises(ValidationError, match="limit"):
        ListDeliveries(limit=limit)
