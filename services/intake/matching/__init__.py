"""The lab's advice: which members, applications and recipes fit a project, each with reasons."""
