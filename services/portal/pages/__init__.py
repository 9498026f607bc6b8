"""The pages, one module for each subject; what each shows is asked of the services."""

from services.portal.pages import (
    access_requests,
    account,
    catalogue,
    data,
    entry,
    help,  # noqa: A004 - a page's name
    home,
    mails,
    members,
    owners,
    partners,
    persons,
    steering,
    workshops,
)
from services.portal.pages.projects import (
    projects,
    quotas,
    recipes,
    releases,
    results,
    reviews,
    treatments,
)

PAGES = [
    *home.ROUTES,
    *entry.ROUTES,
    *catalogue.ROUTES,
    *workshops.ROUTES,
    *data.ROUTES,
    *owners.ROUTES,
    *access_requests.ROUTES,
    *projects.ROUTES,
    *treatments.ROUTES,
    *recipes.ROUTES,
    *releases.ROUTES,
    *results.ROUTES,
    *reviews.ROUTES,
    *quotas.ROUTES,
    *partners.ROUTES,
    *account.ROUTES,
    *mails.ROUTES,
    *members.ROUTES,
    *persons.ROUTES,
    *steering.ROUTES,
    *help.ROUTES,
]
