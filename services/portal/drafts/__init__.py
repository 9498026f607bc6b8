"""Drafts that a review leaves: what is known of a project, in the papers that laws ask for."""
