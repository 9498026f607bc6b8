"""The pages, one module for each subject; what each shows is asked of the services."""

from services.portal.pages import catalogue, entry, home, projects, results, reviews, treatments

PAGES = [
    *home.ROUTES,
    *entry.ROUTES,
    *catalogue.ROUTES,
    *projects.ROUTES,
    *treatments.ROUTES,
    *results.ROUTES,
    *reviews.ROUTES,
]
