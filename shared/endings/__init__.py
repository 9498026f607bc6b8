"""How things end in every service: members who left, and what is erased of them."""
