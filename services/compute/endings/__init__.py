"""What compute forgets: members who are erased, and details of projects that ended."""
