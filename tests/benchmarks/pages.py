"""The portal's pages: their first byte beside the API calls behind them, their weight, and crowds.

Calls are made as the page makes them: one round after the other, those of a round at once. Both
sides take turns on one lab, which has played the demonstration's story.
"""

import asyncio
import re
import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from deploy.demo import content
from deploy.demo.story import Story
from shared.auth import issue_token
from tests.benchmarks.jobs.processor_time import ProcessorTime
from tests.chaos.lab import Lab

ROUNDS = 30
PEOPLE = 50
PAGES_EACH = 6
_HOUR = timedelta(hours=1)

_NAMED = ("agency", "city", "laboratory")
"""Whom the project's page names: its holder, its pilot site and its team."""

Call = tuple[str, str]
"""A service, and what is asked of it."""


def main() -> None:
    """Play the story, then measure."""
    print(f"\npages: {__doc__.splitlines()[0] if __doc__ else ''}")
    with TemporaryDirectory(prefix="dl-") as home:
        lab = Lab(Path(home), workers=1)
        with lab.up():
            story = Story(lab.client, lab.partner, lambda _line: None)
            story.play(f"http://127.0.0.1:{lab.partner.port}/events")
            asyncio.run(measure(lab, story))


async def measure(lab: Lab, story: Story) -> None:
    """Print each page's ratio, the first visit's bytes, and how long a crowd waits."""
    member = story.members["agency"]
    token = issue_token(lab.stack.plan.keys.private, member, ["holder", "owner"], _HOUR)
    api = httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"})
    async with api, httpx.AsyncClient(base_url=lab.stack.portal_url) as person:
        await sign_in(lab, person, member)
        for path, rounds in pages(story, member).items():
            await compare(path, person, api, lab.stack.urls(), rounds)
        print(f"  first visit: {await weight(lab.stack.portal_url) / 1000:.1f} kB")
    paths, members = list(pages(story, member)), sorted(story.members.values())
    await crowd(lab, members, paths, f"of {len(members)} members")
    await crowd(lab, [member], paths, "of one member")


def pages(story: Story, member: str) -> Mapping[str, Sequence[Sequence[Call]]]:
    """Pages, each with the rounds of calls behind it."""
    homes = story.datasets[content.HOMES_FILE]
    project = f"/projects/{story.project_id}"
    home = [
        ("intake", f"/projects?limit=10&holder_id={member}"),
        ("intake", "/projects?limit=100&invited=true"),
        ("intake", "/projects?limit=100&named=true"),
        ("catalog", "/access-requests?limit=10&waiting=true"),
        ("catalog", f"/datasets?limit=10&owner_id={member}"),
        ("catalog", "/openings?limit=10"),
        ("notify", "/news?limit=5"),
    ]
    followed = [
        ("notify", f"{project}/timeline?limit=50"),
        ("compute", f"/jobs?project_id={story.project_id}&limit=20&newest=true"),
        ("catalog", f"/datasets?project_id={story.project_id}"),
        *(("intake", f"/members/{story.members[name]}") for name in _NAMED),
    ]
    described = [
        ("catalog", f"/datasets/{homes}"),
        ("catalog", f"/datasets/{homes}/joins?limit=10"),
        ("catalog", f"/datasets/{homes}/recipes"),
        ("intake", "/projects?stage=advised&limit=20"),
        ("catalog", f"/datasets/{homes}/opening"),
    ]
    return {
        "/": [home],
        "/projets": [[("intake", "/projects")]],
        f"/projets/{story.project_id}": [[("intake", project)], followed],
        "/catalogue?q=logements": [[("catalog", "/datasets?q=logements&limit=20&facets=true")]],
        f"/catalogue/{homes}": [described],
    }


async def compare(
    path: str,
    person: httpx.AsyncClient,
    api: httpx.AsyncClient,
    urls: Mapping[str, str],
    rounds: Sequence[Sequence[Call]],
) -> None:
    """Ask for the page and make its calls by turns."""
    paged, called = [], []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        async with person.stream("GET", path) as answer:
            await anext(answer.aiter_raw())
            assert answer.status_code == 200, path
        paged.append(time.perf_counter() - began)
        began = time.perf_counter()
        for calls in rounds:
            responses = await asyncio.gather(
                *(api.get(urls[name] + asked) for name, asked in calls)
            )
            assert all(response.is_success for response in responses), [
                response.url for response in responses
            ]
        called.append(time.perf_counter() - began)
    page, calls_took = statistics.median(paged), statistics.median(called)
    pattern = re.sub(r"(prj|dts)_\w+", r"\1_…", path)
    figures = f"{page * 1000:.1f} ms, calls {calls_took * 1000:.1f} ms: x{page / calls_took:.2f}"
    print(f"  {pattern:<24} first byte {figures}", flush=True)


async def sign_in(lab: Lab, person: httpx.AsyncClient, member: str) -> None:
    """Follow a new link, as `datalab portal` makes one."""
    operator = lab.client("operator", "operator")
    body = {"member_id": member, "roles": ["holder", "owner"]}
    code = operator.post("intake", "/sign-in-links", body)["text"]
    form = await person.get(f"/connexion/lien?code={code}")
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.text))
    answer = await person.post("/connexion/lien", data={"code": code, **fields})
    assert answer.status_code == 303, answer.text


async def weight(url: str) -> int:
    """The bytes that a browser without any loads for the first page, as they are sent."""
    sent = 0
    async with httpx.AsyncClient(base_url=url, follow_redirects=True) as browser:
        asked = ["/", *re.findall(r'(?:src|href)="(/static/[^"]+)"', (await browser.get("/")).text)]
        for path in asked:
            answer = await browser.get(path)
            sent += answer.num_bytes_downloaded
    return sent


async def crowd(lab: Lab, members: Sequence[str], paths: Sequence[str], named: str) -> None:
    """So many people of these members, each of whom looks at a few pages, all at once."""
    limits = httpx.Limits(max_connections=2)
    people = [
        httpx.AsyncClient(base_url=lab.stack.portal_url, limits=limits, timeout=60)
        for _ in range(PEOPLE)
    ]
    for number, client in enumerate(people):
        await sign_in(lab, client, members[number % len(members)])
    took, failed = list[float](), Counter[int]()

    async def look(person: httpx.AsyncClient) -> None:
        for number in range(PAGES_EACH):
            began = time.perf_counter()
            answer = await person.get(paths[number % len(paths)])
            took.append(time.perf_counter() - began)
            # Who has no part in a project does not see it: that is an answer, too.
            if answer.status_code not in {200, 404}:
                failed[answer.status_code] += 1

    pids = {process.name: process.pid for process in lab.stack.status()}
    began = time.perf_counter()
    with ProcessorTime(pids) as used:
        await asyncio.gather(*map(look, people))
    spent = time.perf_counter() - began
    for client in people:
        await client.aclose()
    late = statistics.quantiles(took, n=20, method="inclusive")[18]
    print(
        f"  {PEOPLE} people {named} at once: {len(took) / spent:.0f} pages/s, median"
        f" {statistics.median(took):.2f} s, p95 {late:.2f} s, failed: {dict(failed)}"
    )
    shares = (f"{name} {1000 * cost / len(took):.0f}" for name, cost in used.spent.items())
    print(f"    processor-milliseconds of a page: {', '.join(shares)}")
