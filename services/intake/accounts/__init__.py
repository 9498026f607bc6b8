"""Who signs in as which member, and with what: links, sessions of the portal, keys of programs."""
